"""Photos once they are whole: what examination found, hashes to compare, uses by punches, signals, holds, deletions."""

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

FACTS = ("photo_retention", "photo_result", "photo_signal", "photo_deletion", "photo_deletion_end")

UP = (
    """
    CREATE TABLE photo_retention (
      class text NOT NULL CONSTRAINT ck_photo_retention_class CHECK (class IN ('punch', 'gate', 'unused', 'refused')),
      version integer NOT NULL CONSTRAINT ck_photo_retention_version CHECK (version > 0),
      keep_days integer NOT NULL CONSTRAINT ck_photo_retention_keep CHECK (keep_days BETWEEN 1 AND 36500),
      original_days integer NOT NULL
        CONSTRAINT ck_photo_retention_original CHECK (original_days BETWEEN 0 AND keep_days),
      set_at timestamptz NOT NULL,
      set_by uuid CONSTRAINT fk_photo_retention_set_by REFERENCES account (id),
      reason text NOT NULL CONSTRAINT ck_photo_retention_reason CHECK (char_length(reason) BETWEEN 1 AND 1000),
      CONSTRAINT pk_photo_retention PRIMARY KEY (class, version)
    )
    """,
    # Photos two years, originals no longer than it takes to look into them; what no punch names goes after a month.
    """
    INSERT INTO photo_retention (class, version, keep_days, original_days, set_at, reason) VALUES
      ('punch', 1, 730, 0, '2026-11-21T00:00:00Z', '系统初始设置'),
      ('gate', 1, 730, 0, '2026-11-21T00:00:00Z', '系统初始设置'),
      ('unused', 1, 30, 0, '2026-11-21T00:00:00Z', '系统初始设置'),
      ('refused', 1, 30, 30, '2026-11-21T00:00:00Z', '系统初始设置')
    """,
    """
    CREATE TABLE photo_file (
      id uuid CONSTRAINT pk_photo_file PRIMARY KEY,
      source text NOT NULL CONSTRAINT ck_photo_file_source CHECK (source IN ('phone', 'gate')),
      person_id uuid CONSTRAINT fk_photo_file_person REFERENCES person (id),
      project_id uuid CONSTRAINT fk_photo_file_project REFERENCES project (id),
      device_id uuid,
      sha256 bytea NOT NULL CONSTRAINT ck_photo_file_sha256 CHECK (octet_length(sha256) = 32),
      size_bytes integer NOT NULL CONSTRAINT ck_photo_file_size CHECK (size_bytes > 0),
      media_type text NOT NULL,
      received_at timestamptz NOT NULL,
      class text NOT NULL CONSTRAINT ck_photo_file_class CHECK (class IN ('punch', 'gate', 'unused', 'refused')),
      state text NOT NULL DEFAULT 'waiting'
        CONSTRAINT ck_photo_file_state CHECK (state IN ('waiting', 'kept', 'refused', 'deleting', 'deleted')),
      tries integer NOT NULL DEFAULT 0,
      try_after timestamptz NOT NULL,
      has_original boolean NOT NULL DEFAULT true,
      wrapped_key bytea,
      blob text,
      CONSTRAINT ck_photo_file_owner CHECK (CASE source
        WHEN 'phone' THEN person_id IS NOT NULL AND num_nonnulls(project_id, device_id) = 0
        ELSE person_id IS NULL AND num_nonnulls(project_id, device_id) = 2 END),
      CONSTRAINT ck_photo_file_key CHECK ((state = 'kept') = (wrapped_key IS NOT NULL)
        AND (state = 'kept') = (blob IS NOT NULL)),
      CONSTRAINT ck_photo_file_deleted CHECK (state NOT IN ('deleting', 'deleted') OR NOT has_original)
    ) WITH (fillfactor = 85)
    """,
    "CREATE UNIQUE INDEX uq_photo_file_phone ON photo_file (person_id, sha256) WHERE source = 'phone'",
    "CREATE UNIQUE INDEX uq_photo_file_gate ON photo_file (project_id, device_id, sha256) WHERE source = 'gate'",
    "CREATE INDEX ix_photo_file_waiting ON photo_file (try_after) WHERE state = 'waiting'",
    "CREATE INDEX ix_photo_file_original ON photo_file (class, received_at) WHERE has_original AND state <> 'waiting'",
    "CREATE INDEX ix_photo_file_due ON photo_file (class, received_at) WHERE state IN ('kept', 'refused')",
    "CREATE INDEX ix_photo_file_deleting ON photo_file (id) WHERE state = 'deleting'",
    "CREATE INDEX ix_photo_file_sha256 ON photo_file (sha256)",
    """
    CREATE TABLE photo_result (
      photo_id uuid CONSTRAINT pk_photo_result PRIMARY KEY
        CONSTRAINT fk_photo_result_photo REFERENCES photo_file (id),
      examined_at timestamptz NOT NULL,
      examination integer NOT NULL,
      outcome text NOT NULL CONSTRAINT ck_photo_result_outcome CHECK (outcome IN ('kept', 'refused')),
      reason text,
      format text,
      width integer,
      height integer,
      mode text,
      orientation integer,
      notes text[] NOT NULL,
      measures jsonb,
      face text NOT NULL,
      picture_sha256 bytea CONSTRAINT ck_photo_result_picture CHECK (octet_length(picture_sha256) = 32),
      picture_bytes integer,
      picture_width integer,
      picture_height integer,
      sealed_facts bytea,
      CONSTRAINT ck_photo_result_kept CHECK ((outcome = 'kept') = (reason IS NULL)
        AND (outcome = 'kept') = (picture_sha256 IS NOT NULL) AND (outcome = 'kept') = (sealed_facts IS NOT NULL))
    )
    """,
    """
    CREATE TABLE photo_hash (
      photo_id uuid CONSTRAINT pk_photo_hash PRIMARY KEY CONSTRAINT fk_photo_hash_photo REFERENCES photo_file (id),
      frequencies bigint NOT NULL,
      differences bigint NOT NULL,
      band_1 integer NOT NULL,
      band_2 integer NOT NULL,
      band_3 integer NOT NULL,
      band_4 integer NOT NULL,
      CONSTRAINT ck_photo_hash_bands CHECK (band_1 = (frequencies >> 48 & 65535)
        AND band_2 = (frequencies >> 32 & 65535) AND band_3 = (frequencies >> 16 & 65535)
        AND band_4 = (frequencies & 65535))
    )
    """,
    *(
        f"CREATE INDEX ix_photo_hash_band_{band} ON photo_hash (band_{band}, frequencies, differences, photo_id)"
        for band in (1, 2, 3, 4)
    ),
    """
    CREATE TABLE photo_use (
      project_id uuid NOT NULL CONSTRAINT fk_photo_use_project REFERENCES project (id),
      punch_id uuid NOT NULL,
      sha256 bytea NOT NULL CONSTRAINT ck_photo_use_sha256 CHECK (octet_length(sha256) = 32),
      person_id uuid CONSTRAINT fk_photo_use_person REFERENCES person (id),
      device_id uuid,
      occurred_at timestamptz NOT NULL,
      work_on date NOT NULL,
      chainage text CONSTRAINT ck_photo_use_chainage CHECK (char_length(chainage) <= 40),
      noted_at timestamptz NOT NULL,
      photo_id uuid CONSTRAINT fk_photo_use_photo REFERENCES photo_file (id),
      compared_at timestamptz,
      CONSTRAINT pk_photo_use PRIMARY KEY (project_id, punch_id, sha256),
      CONSTRAINT ck_photo_use_owner CHECK (num_nonnulls(person_id, device_id) > 0),
      CONSTRAINT ck_photo_use_compared CHECK (compared_at IS NULL OR photo_id IS NOT NULL)
    )
    """,
    "CREATE INDEX ix_photo_use_waiting ON photo_use (noted_at) WHERE compared_at IS NULL",
    "CREATE INDEX ix_photo_use_photo_id ON photo_use (photo_id)",
    """
    CREATE TABLE photo_signal (
      project_id uuid NOT NULL CONSTRAINT fk_photo_signal_project REFERENCES project (id),
      id uuid NOT NULL,
      punch_id uuid NOT NULL,
      photo_id uuid NOT NULL CONSTRAINT fk_photo_signal_photo REFERENCES photo_file (id),
      person_id uuid CONSTRAINT fk_photo_signal_person REFERENCES person (id),
      kind text NOT NULL CONSTRAINT ck_photo_signal_kind CHECK (kind IN
        ('photo_reused', 'photo_refused', 'photo_old', 'photo_edited')),
      subject text NOT NULL CONSTRAINT ck_photo_signal_subject CHECK (char_length(subject) <= 200),
      found_at timestamptz NOT NULL,
      evidence jsonb NOT NULL,
      CONSTRAINT pk_photo_signal PRIMARY KEY (project_id, id),
      CONSTRAINT uq_photo_signal_subject UNIQUE (project_id, punch_id, kind, subject)
    )
    """,
    """
    CREATE TABLE photo_hold (
      project_id uuid NOT NULL CONSTRAINT fk_photo_hold_project REFERENCES project (id),
      id uuid NOT NULL,
      person_id uuid CONSTRAINT fk_photo_hold_person REFERENCES person (id),
      reason text NOT NULL CONSTRAINT ck_photo_hold_reason CHECK (char_length(reason) BETWEEN 1 AND 1000),
      placed_by uuid NOT NULL CONSTRAINT fk_photo_hold_placed_by REFERENCES account (id),
      placed_at timestamptz NOT NULL,
      lifted_by uuid CONSTRAINT fk_photo_hold_lifted_by REFERENCES account (id),
      lifted_at timestamptz,
      lift_reason text CONSTRAINT ck_photo_hold_lift_reason CHECK (char_length(lift_reason) BETWEEN 1 AND 1000),
      CONSTRAINT pk_photo_hold PRIMARY KEY (project_id, id),
      CONSTRAINT ck_photo_hold_two_people CHECK (lifted_by <> placed_by),
      CONSTRAINT ck_photo_hold_lifted CHECK (num_nonnulls(lifted_by, lifted_at, lift_reason) IN (0, 3))
    )
    """,
    """
    CREATE TABLE photo_deletion (
      photo_id uuid CONSTRAINT pk_photo_deletion PRIMARY KEY
        CONSTRAINT fk_photo_deletion_photo REFERENCES photo_file (id),
      class text NOT NULL,
      version integer NOT NULL,
      due_at timestamptz NOT NULL,
      destroyed_at timestamptz NOT NULL,
      sha256 bytea NOT NULL,
      picture_sha256 bytea,
      key_digests bytea[] NOT NULL,
      blobs text[] NOT NULL,
      digest bytea NOT NULL CONSTRAINT ck_photo_deletion_digest CHECK (octet_length(digest) = 32),
      CONSTRAINT fk_photo_deletion_retention FOREIGN KEY (class, version) REFERENCES photo_retention (class, version)
    )
    """,
    """
    CREATE TABLE photo_deletion_end (
      photo_id uuid CONSTRAINT pk_photo_deletion_end PRIMARY KEY
        CONSTRAINT fk_photo_deletion_end_deletion REFERENCES photo_deletion (photo_id),
      confirmed_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE photo_follower (
      name text CONSTRAINT pk_photo_follower PRIMARY KEY,
      outbox_id bigint NOT NULL
    )
    """,
    # A key that is gone ends the photo; the row stays, so that the same photo is not asked for again.
    "ALTER TABLE photo ALTER COLUMN wrapped_key DROP NOT NULL",
    "GRANT UPDATE (wrapped_key) ON photo TO daogang_app",
    "ALTER TABLE gate_photo ALTER COLUMN key_id DROP NOT NULL, ADD COLUMN wrapped_key bytea",
    "GRANT UPDATE (key_id, wrapped_key) ON gate_photo TO daogang_app",
    """
    INSERT INTO photo_file (id, source, person_id, sha256, size_bytes, media_type, received_at, class, try_after)
    SELECT id, 'phone', person_id, sha256, size_bytes, media_type, stored_at, 'unused', stored_at FROM photo
    """,
    "GRANT SELECT, INSERT, UPDATE ON photo_file, photo_use, photo_hold, photo_follower TO daogang_app",
    "GRANT SELECT, INSERT, DELETE ON photo_hash TO daogang_app",
    *(f"GRANT SELECT, INSERT ON {table} TO daogang_app" for table in FACTS),
    *(f"SELECT make_append_only('{table}')" for table in FACTS),
)


def upgrade() -> None:
    """Create the tables; photos that are here already wait for their examination, those of gates stay as they are."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them: pictures that were kept cannot be read any more, and neither can photos whose key is gone."""
    op.execute("DELETE FROM photo WHERE wrapped_key IS NULL")
    op.execute("REVOKE UPDATE (wrapped_key) ON photo FROM daogang_app")
    op.execute("ALTER TABLE photo ALTER COLUMN wrapped_key SET NOT NULL")
    op.execute("DELETE FROM gate_photo WHERE key_id IS NULL")
    op.execute("REVOKE UPDATE (key_id, wrapped_key) ON gate_photo FROM daogang_app")
    op.execute("ALTER TABLE gate_photo ALTER COLUMN key_id SET NOT NULL, DROP COLUMN wrapped_key")
    for table in (
        "photo_follower",
        "photo_deletion_end",
        "photo_deletion",
        "photo_hold",
        "photo_signal",
        "photo_use",
        "photo_hash",
        "photo_result",
        "photo_file",
        "photo_retention",
    ):
        op.execute(f"DROP TABLE {table}")
