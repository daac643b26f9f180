"""Periods of validity and of knowledge: which fence version is in force when, as known when.

What stood in `fence_version.valid_during` becomes periods. What was known before a successor was published is made up
from its time of publication; what withdrawn successors had announced is not known any more.
"""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

UP = (
    """
    CREATE TABLE fence_period (
      project_id uuid NOT NULL,
      id uuid NOT NULL,
      fence_id uuid NOT NULL,
      version_id uuid NOT NULL,
      valid_during tstzrange NOT NULL CONSTRAINT ck_fence_period_valid CHECK (NOT isempty(valid_during)),
      known_during tstzrange NOT NULL CONSTRAINT ck_fence_period_known
        CHECK (NOT isempty(known_during) AND NOT lower_inf(known_during)),
      recorded_by uuid NOT NULL CONSTRAINT fk_fence_period_recorded_by REFERENCES account (id),
      CONSTRAINT pk_fence_period PRIMARY KEY (project_id, id),
      CONSTRAINT fk_fence_period_fence FOREIGN KEY (project_id, fence_id) REFERENCES fence (project_id, id),
      CONSTRAINT fk_fence_period_version FOREIGN KEY (project_id, version_id)
        REFERENCES fence_version (project_id, id),
      CONSTRAINT ex_fence_period EXCLUDE USING gist
        (project_id WITH =, fence_id WITH =, valid_during WITH &&, known_during WITH &&)
    )
    """,
    """
    WITH told AS (
      SELECT v.project_id, v.fence_id, v.id AS version_id, v.valid_during, v.published_at,
        coalesce(v.published_by, v.created_by) AS recorded_by,
        greatest(coalesce(next.published_at, upper(v.valid_during)), v.published_at) AS cut_at
      FROM fence_version v
      LEFT JOIN fence_version next ON next.project_id = v.project_id AND next.fence_id = v.fence_id
        AND lower(next.valid_during) = upper(v.valid_during)
      WHERE v.valid_during IS NOT NULL AND v.published_at IS NOT NULL
    )
    INSERT INTO fence_period (project_id, id, fence_id, version_id, valid_during, known_during, recorded_by)
    SELECT project_id, gen_random_uuid(), fence_id, version_id, valid_during,
      tstzrange(CASE WHEN upper_inf(valid_during) THEN published_at ELSE cut_at END, NULL), recorded_by
    FROM told
    UNION ALL
    SELECT project_id, gen_random_uuid(), fence_id, version_id, tstzrange(lower(valid_during), NULL),
      tstzrange(published_at, cut_at), recorded_by
    FROM told WHERE NOT upper_inf(valid_during) AND cut_at > published_at
    """,
    # Small and covering: a check-in reads the ids of a project's fences from here without touching a row.
    """
    CREATE INDEX ix_fence_period_current ON fence_period (project_id) INCLUDE (version_id, valid_during)
      WHERE upper_inf(known_during)
    """,
    """
    CREATE FUNCTION keep_fence_period() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF (NEW.project_id, NEW.id, NEW.fence_id, NEW.version_id, NEW.valid_during, NEW.recorded_by)
          IS DISTINCT FROM (OLD.project_id, OLD.id, OLD.fence_id, OLD.version_id, OLD.valid_during, OLD.recorded_by)
          OR NOT upper_inf(OLD.known_during) OR upper_inf(NEW.known_during)
          OR lower(NEW.known_during) <> lower(OLD.known_during) THEN
        RAISE EXCEPTION 'fence period %: all that can change is that its knowledge ends, once', OLD.id
          USING ERRCODE = 'restrict_violation', HINT = 'Add a period.';
      END IF;
      RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER keep_fence_period BEFORE UPDATE ON fence_period FOR EACH ROW EXECUTE FUNCTION keep_fence_period()
    """,
    "DROP INDEX ix_fence_version_in_force",
    """
    ALTER TABLE fence_version DROP CONSTRAINT ex_fence_version_valid, DROP CONSTRAINT ck_fence_version_life,
      DROP COLUMN valid_during
    """,
    """
    ALTER TABLE fence_version ADD CONSTRAINT ck_fence_version_life
      CHECK (state NOT IN ('published', 'superseded') OR published_at IS NOT NULL)
    """,
    "GRANT SELECT, INSERT, UPDATE (known_during) ON fence_period TO daogang_app",
)

DOWN = (
    """
    ALTER TABLE fence_version
      ADD COLUMN valid_during tstzrange CONSTRAINT ck_fence_version_valid CHECK (NOT isempty(valid_during)),
      DROP CONSTRAINT ck_fence_version_life
    """,
    # What a correction cut in two keeps its later part; one column can say no more.
    """
    UPDATE fence_version v SET valid_during = (
      SELECT p.valid_during FROM fence_period p
      WHERE p.project_id = v.project_id AND p.version_id = v.id AND upper_inf(p.known_during)
      ORDER BY lower(p.valid_during) DESC LIMIT 1)
    """,
    "UPDATE fence_version SET state = 'withdrawn' WHERE state = 'superseded' AND valid_during IS NULL",
    """
    ALTER TABLE fence_version
      ADD CONSTRAINT ck_fence_version_life CHECK (
        (state IN ('published', 'superseded')) = (valid_during IS NOT NULL AND published_at IS NOT NULL)
        OR state = 'withdrawn'),
      ADD CONSTRAINT ex_fence_version_valid
        EXCLUDE USING gist (project_id WITH =, fence_id WITH =, valid_during WITH &&)
        WHERE (state IN ('published', 'superseded'))
    """,
    "CREATE INDEX ix_fence_version_in_force ON fence_version (project_id) WHERE state IN ('published', 'superseded')",
    "DROP TABLE fence_period",
    "DROP FUNCTION keep_fence_period()",
)


def upgrade() -> None:
    """Make the periods out of what versions say of themselves."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Give the versions back what is known now; what was known before is lost."""
    for statement in DOWN:
        op.execute(statement)
