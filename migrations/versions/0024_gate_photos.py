"""Which photos devices uploaded; the photos lie among the blobs, sealed under the data key of the month."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.execute(
        """
        CREATE TABLE gate_photo (
          project_id uuid NOT NULL,
          device_id uuid NOT NULL,
          sha256 bytea NOT NULL CONSTRAINT ck_gate_photo_sha256 CHECK (octet_length(sha256) = 32),
          received_at timestamptz NOT NULL,
          key_id uuid NOT NULL,
          size_bytes integer NOT NULL CONSTRAINT ck_gate_photo_size CHECK (size_bytes > 0),
          CONSTRAINT pk_gate_photo PRIMARY KEY (project_id, device_id, sha256),
          CONSTRAINT fk_gate_photo_device FOREIGN KEY (project_id, device_id) REFERENCES gate_device (project_id, id)
        )
        """
    )
    op.execute("GRANT SELECT, INSERT ON gate_photo TO daogang_app")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE gate_photo")
