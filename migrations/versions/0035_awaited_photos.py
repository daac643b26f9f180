"""Photos that punches wait for, and the clocks of items that came in before their predecessors."""

from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

UP = (
    """
    CREATE TABLE photo_wait (
      project_id uuid NOT NULL,
      punch_id uuid NOT NULL,
      sha256 bytea NOT NULL CONSTRAINT ck_photo_wait_sha256 CHECK (octet_length(sha256) = 32),
      person_id uuid NOT NULL,
      deadline_at timestamptz NOT NULL,
      overdue boolean NOT NULL DEFAULT false,
      CONSTRAINT pk_photo_wait PRIMARY KEY (project_id, punch_id, sha256)
    )
    """,
    "CREATE INDEX ix_photo_wait_photo ON photo_wait (person_id, sha256)",
    "CREATE INDEX ix_photo_wait_deadline_at ON photo_wait (deadline_at)",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON photo_wait TO daogang_app",
    "ALTER TABLE phone_item ADD clocks jsonb",
    # A punch that waits is judged by a corrected fence like any other.
    "ALTER TABLE fence_correction_change DROP CONSTRAINT ck_fence_correction_change_to",
    """
    ALTER TABLE fence_correction_change ADD CONSTRAINT ck_fence_correction_change_to
      CHECK (to_outcome IN ('counted', 'pending', 'review', 'refused') AND to_outcome <> from_outcome)
    """,
)
DOWN = (
    "ALTER TABLE fence_correction_change DROP CONSTRAINT ck_fence_correction_change_to",
    """
    ALTER TABLE fence_correction_change ADD CONSTRAINT ck_fence_correction_change_to
      CHECK (to_outcome IN ('counted', 'review', 'refused') AND to_outcome <> from_outcome) NOT VALID
    """,
    "ALTER TABLE phone_item DROP clocks",
    "DROP TABLE photo_wait",
)


def upgrade() -> None:
    """Make the table, the column and the wider check."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Go back."""
    for statement in DOWN:
        op.execute(statement)
