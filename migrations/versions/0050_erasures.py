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

# What was erased before there were records: known to be gone by now, and nobody can say any more why. From here on the
# list is sealed, so that nothing is ever added to it.
FOUND = """
WITH gone AS (
  SELECT project_id, 'private_rows' AS subject, key_id AS subject_id, ''::bytea AS digests
  FROM data_key WHERE wrapped IS NULL
  UNION ALL
  SELECT coalesce(f.project_id, '00000000-0000-0000-0000-000000000000'),
    CASE WHEN f.state IN ('deleting', 'deleted') THEN 'photo' ELSE 'original' END, f.id,
    coalesce((SELECT string_agg(k, ''::bytea ORDER BY n) FROM unnest(d.key_digests) WITH ORDINALITY AS k (k, n)), '')
  FROM photo_file f LEFT JOIN photo_deletion d ON d.photo_id = f.id
  WHERE NOT f.has_original AND f.state <> 'waiting'
  UNION ALL
  SELECT DISTINCT f.project_id, 'frames', f.challenge_id, ''::bytea
  FROM liveness_frame f LEFT JOIN liveness_frames s USING (project_id, challenge_id) WHERE s.challenge_id IS NULL
  UNION ALL
  SELECT r.project_id, 'reference', r.id, ''::bytea
  FROM face_reference r LEFT JOIN face_reference_photos p ON p.project_id = r.project_id AND p.reference_id = r.id
  WHERE p.reference_id IS NULL
  UNION ALL
  SELECT '00000000-0000-0000-0000-000000000000', 'consent', e.act_id,
    coalesce((SELECT string_agg(k, ''::bytea ORDER BY n) FROM unnest(e.digests) WITH ORDINALITY AS k (k, n)), '')
  FROM consent_erasure_end e
), made AS (
  INSERT INTO erasure (project_id, made_at, erasure_id, subject, subject_id, digests, reason)
  SELECT project_id, now(), gen_random_uuid(), subject, subject_id, digests, 'found_erased' FROM gone
  RETURNING project_id, made_at, erasure_id
)
INSERT INTO ledger_outbox (project_id, kind, entry_id, recorded_at)
SELECT project_id, 'erasure', erasure_id, made_at FROM made
"""


def upgrade() -> None:
    """Create the table, let outbox and log have the kind, and write down what is gone already."""
    for statement in UP:
        op.execute(statement)
    for table in KINDS:
        op.execute(f"ALTER TABLE {table} DROP CONSTRAINT ck_{table}_kind")
        op.execute(
            f"ALTER TABLE {table} ADD CONSTRAINT ck_{table}_kind "
            "CHECK (kind IN ('punch', 'ruling', 'attribution', 'erasure')) NOT VALID"
        )
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT ck_{table}_kind")
    op.execute(FOUND)


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
