"""Photos and their uploads: which bytes of which person lie in which blob, and under which key."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

UP = (
    """
    CREATE TABLE photo_upload (
      id uuid CONSTRAINT pk_photo_upload PRIMARY KEY,
      person_id uuid NOT NULL CONSTRAINT fk_photo_upload_person REFERENCES person (id),
      sha256 bytea NOT NULL CONSTRAINT ck_photo_upload_sha256 CHECK (octet_length(sha256) = 32),
      size_bytes integer NOT NULL CONSTRAINT ck_photo_upload_size CHECK (size_bytes > 0),
      offset_bytes integer NOT NULL DEFAULT 0
        CONSTRAINT ck_photo_upload_offset CHECK (offset_bytes BETWEEN 0 AND size_bytes),
      media_type text NOT NULL
        CONSTRAINT ck_photo_upload_media_type CHECK (media_type IN
          ('image/jpeg', 'image/png', 'image/webp', 'image/heic')),
      wrapped_key bytea NOT NULL,
      created_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      finished_at timestamptz,
      CONSTRAINT ck_photo_upload_finished CHECK ((finished_at IS NOT NULL) = (offset_bytes = size_bytes))
    )
    """,
    "CREATE INDEX ix_photo_upload_person_id ON photo_upload (person_id, created_at)",
    "CREATE INDEX ix_photo_upload_expires_at ON photo_upload (expires_at)",
    """
    CREATE TABLE photo_upload_part (
      upload_id uuid NOT NULL
        CONSTRAINT fk_photo_upload_part_upload REFERENCES photo_upload (id) ON DELETE CASCADE,
      offset_bytes integer NOT NULL CONSTRAINT ck_photo_upload_part_offset CHECK (offset_bytes >= 0),
      size_bytes integer NOT NULL CONSTRAINT ck_photo_upload_part_size CHECK (size_bytes > 0),
      blob text NOT NULL,
      CONSTRAINT pk_photo_upload_part PRIMARY KEY (upload_id, offset_bytes)
    )
    """,
    """
    CREATE TABLE photo (
      person_id uuid NOT NULL CONSTRAINT fk_photo_person REFERENCES person (id),
      sha256 bytea NOT NULL CONSTRAINT ck_photo_sha256 CHECK (octet_length(sha256) = 32),
      id uuid NOT NULL,
      size_bytes integer NOT NULL CONSTRAINT ck_photo_size CHECK (size_bytes > 0),
      media_type text NOT NULL
        CONSTRAINT ck_photo_media_type CHECK (media_type IN
          ('image/jpeg', 'image/png', 'image/webp', 'image/heic')),
      wrapped_key bytea NOT NULL,
      stored_at timestamptz NOT NULL,
      CONSTRAINT pk_photo PRIMARY KEY (person_id, sha256)
    )
    """,
    "CREATE UNIQUE INDEX uq_photo_id ON photo (id)",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON photo_upload TO daogang_app",
    "GRANT SELECT, INSERT, DELETE ON photo_upload_part TO daogang_app",
    "GRANT SELECT, INSERT, DELETE ON photo TO daogang_app",
)


def upgrade() -> None:
    """Create the tables."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them; the blobs stay, and cannot be read any more."""
    for table in ("photo", "photo_upload_part", "photo_upload"):
        op.execute(f"DROP TABLE {table}")
