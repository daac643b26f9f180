"""What was erased before there were records is written down as found; nothing can be added to that list any more."""

from alembic import op

revision = "0053"
down_revision = "0052"
branch_labels = None
depends_on = None

# What was erased before there were records: known to be gone by now, and nobody can say any more why. What has a record
# already, of its own or of an earlier run of this, is not written down again.
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
  SELECT project_id, now(), gen_random_uuid(), subject, subject_id, digests, 'found_erased' FROM gone g
  WHERE NOT EXISTS (SELECT FROM erasure x WHERE x.subject_id = g.subject_id AND x.subject = g.subject)
  RETURNING project_id, made_at, erasure_id
)
INSERT INTO ledger_outbox (project_id, kind, entry_id, recorded_at)
SELECT project_id, 'erasure', erasure_id, made_at FROM made
"""


def upgrade() -> None:
    """Write down what is gone already, then close the list: rows that are there stay, new ones are refused."""
    # Reads all photos and frames, and keeps nobody from reading or writing them.
    op.execute("SET LOCAL statement_timeout = 0")
    op.execute(FOUND)
    op.execute("ALTER TABLE erasure ADD CONSTRAINT ck_erasure_found CHECK (reason <> 'found_erased') NOT VALID")


def downgrade() -> None:
    """Open the list again; its entries stay, as entries of the ledger do."""
    op.execute("ALTER TABLE erasure DROP CONSTRAINT ck_erasure_found")
