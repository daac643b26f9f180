"""Corrections of fences: a shape for a past period, the rulings that it changes, and how far both have come."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

UP = (
    """
    CREATE TABLE fence_correction (
      project_id uuid NOT NULL,
      id uuid NOT NULL,
      fence_id uuid NOT NULL,
      version_id uuid NOT NULL,
      state text NOT NULL CONSTRAINT ck_fence_correction_state
        CHECK (state IN ('looking', 'proposed', 'applying', 'applied', 'dropped')),
      valid_from timestamptz NOT NULL,
      valid_until timestamptz,
      reason text NOT NULL CONSTRAINT ck_fence_correction_reason CHECK (char_length(reason) BETWEEN 1 AND 1000),
      proposed_by uuid NOT NULL CONSTRAINT fk_fence_correction_proposed_by REFERENCES account (id),
      proposed_at timestamptz NOT NULL,
      look_until timestamptz NOT NULL,
      cursor_at timestamptz NOT NULL,
      cursor_id uuid NOT NULL,
      examined integer NOT NULL DEFAULT 0,
      left_out jsonb NOT NULL DEFAULT '{}',
      approved_by uuid CONSTRAINT fk_fence_correction_approved_by REFERENCES account (id),
      approved_at timestamptz,
      known_from timestamptz,
      dropped_by uuid CONSTRAINT fk_fence_correction_dropped_by REFERENCES account (id),
      ended_at timestamptz,
      CONSTRAINT pk_fence_correction PRIMARY KEY (project_id, id),
      CONSTRAINT fk_fence_correction_fence FOREIGN KEY (project_id, fence_id) REFERENCES fence (project_id, id),
      CONSTRAINT fk_fence_correction_version FOREIGN KEY (project_id, version_id)
        REFERENCES fence_version (project_id, id),
      CONSTRAINT ck_fence_correction_valid CHECK (valid_from < valid_until),
      CONSTRAINT ck_fence_correction_approved CHECK (
        (state IN ('applying', 'applied')) = (num_nulls(approved_by, approved_at, known_from) = 0)),
      CONSTRAINT ck_fence_correction_second_person CHECK (approved_by <> proposed_by),
      CONSTRAINT ck_fence_correction_ended CHECK ((state IN ('applied', 'dropped')) = (ended_at IS NOT NULL))
    )
    """,
    # Two that run at once on one project would judge by each other's half-made knowledge.
    "CREATE UNIQUE INDEX uq_fence_correction_running ON fence_correction (project_id) WHERE state = 'applying'",
    "CREATE INDEX ix_fence_correction_open ON fence_correction (proposed_at) WHERE state IN ('looking', 'applying')",
    """
    CREATE TABLE fence_correction_change (
      project_id uuid NOT NULL,
      correction_id uuid NOT NULL,
      punch_id uuid NOT NULL,
      person_id uuid,
      occurred_at timestamptz NOT NULL,
      received_at timestamptz NOT NULL,
      seq integer NOT NULL,
      from_outcome text NOT NULL,
      to_outcome text NOT NULL CONSTRAINT ck_fence_correction_change_to
        CHECK (to_outcome IN ('counted', 'review', 'refused') AND to_outcome <> from_outcome),
      reasons jsonb NOT NULL,
      policy_version integer NOT NULL,
      ruling_id uuid,
      settled_at timestamptz,
      CONSTRAINT pk_fence_correction_change PRIMARY KEY (project_id, correction_id, punch_id),
      CONSTRAINT fk_fence_correction_change_correction FOREIGN KEY (project_id, correction_id)
        REFERENCES fence_correction (project_id, id),
      CONSTRAINT ck_fence_correction_change_settled CHECK (ruling_id IS NULL OR settled_at IS NOT NULL)
    )
    """,
    """
    CREATE INDEX ix_fence_correction_change_open ON fence_correction_change (project_id, correction_id, punch_id)
      WHERE settled_at IS NULL
    """,
    """
    CREATE INDEX ix_fence_correction_change_ruling ON fence_correction_change (project_id, punch_id, ruling_id)
      WHERE ruling_id IS NOT NULL
    """,
    """
    CREATE FUNCTION keep_fence_correction_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.settled_at IS NOT NULL OR NEW.settled_at IS NULL
          OR (to_jsonb(NEW) - 'ruling_id' - 'settled_at') <> (to_jsonb(OLD) - 'ruling_id' - 'settled_at') THEN
        RAISE EXCEPTION 'change of punch %: all that can change is that it is settled, once', OLD.punch_id
          USING ERRCODE = 'restrict_violation';
      END IF;
      RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER keep_fence_correction_change BEFORE UPDATE ON fence_correction_change
      FOR EACH ROW EXECUTE FUNCTION keep_fence_correction_change()
    """,
    """
    GRANT SELECT, INSERT, UPDATE (state, look_until, cursor_at, cursor_id, examined, left_out, approved_by, approved_at,
      known_from, dropped_by, ended_at) ON fence_correction TO daogang_app
    """,
    "GRANT SELECT, INSERT, UPDATE (ruling_id, settled_at) ON fence_correction_change TO daogang_app",
)


def upgrade() -> None:
    """Create the tables of corrections."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them; rulings and periods that corrections made stay."""
    op.execute("DROP TABLE fence_correction_change")
    op.execute("DROP FUNCTION keep_fence_correction_change()")
    op.execute("DROP TABLE fence_correction")
