"""Erasures are entries of the ledger: who destroyed which keys, why and when, sealed like every other entry."""

from alembic import op

revision = "0050"
down_revision = "0049"
branch_labels = None
depends_on = None

KINDS = ("ledger_outbox", "seal_leaf")

UP = (
    """
    CREATE TABLE erasure (
      project_id uuid NOT NULL,
      made_at timestamptz NOT NULL,
      erasure_id uuid NOT NULL,
      subject text NOT NULL CONSTRAINT ck_erasure_subject
        CHECK (subject IN ('private_rows', 'photo', 'original', 'frames', 'reference', 'consent')),
      subject_id uuid NOT NULL,
      digests bytea NOT NULL CONSTRAINT ck_erasure_digests CHECK (octet_length(digests) % 32 = 0),
      reason text NOT NULL CONSTRAINT ck_erasure_reason CHECK (char_length(reason) BETWEEN 1 AND 500),
      made_by uuid,
      CONSTRAINT pk_erasure PRIMARY KEY (project_id, made_at, erasure_id)
    )
    """,
    "CREATE INDEX ix_erasure_subject_id ON erasure (subject_id, subject)",
    "SELECT make_append_only('erasure')",
    "GRANT SELECT, INSERT ON erasure TO daogang_app",
    "GRANT SELECT ON erasure TO daogang_sealer",
    # Whoever destroys a month's key says so first, in the same transaction.
    """
    CREATE FUNCTION data_key_destroyed_by_record() RETURNS trigger LANGUAGE plpgsql
    SET search_path = public, pg_temp AS $$
    BEGIN
      IF NOT EXISTS (SELECT FROM erasure x WHERE x.subject = 'private_rows' AND x.subject_id = NEW.key_id
          AND x.project_id = NEW.project_id) THEN
        RAISE EXCEPTION 'a key is destroyed only with its erasure on record' USING ERRCODE = 'check_violation',
          CONSTRAINT = 'ck_data_key_recorded';
      END IF;
      RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER data_key_destroyed_by_record BEFORE UPDATE ON data_key FOR EACH ROW
    WHEN (NEW.wrapped IS NULL AND OLD.wrapped IS NOT NULL) EXECUTE FUNCTION data_key_destroyed_by_record()
    """,
)


def upgrade() -> None:
    """Create the table, and let outbox and log have the kind: nothing here reads a table, so the locks are short."""
    for statement in UP:
        op.execute(statement)
    # Check-ins wait for these locks. Rows that are here already fulfil the narrower constraint; 0052 reads them.
    for table in KINDS:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_kind")
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_kind "
            "CHECK (kind IN ('punch', 'ruling', 'attribution', 'erasure')) NOT VALID"
        )


def downgrade() -> None:
    """Drop it; refused by the constraints where an erasure was recorded, for the log would miss it."""
    for table in KINDS:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_kind")
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_kind CHECK (kind IN ('punch', 'ruling', 'attribution'))"
        )
    op.execute("DROP TRIGGER data_key_destroyed_by_record ON data_key")
    op.execute("DROP FUNCTION data_key_destroyed_by_record()")
    op.execute("DROP TABLE erasure")
