"""An index for how many punches of a person were refused within the hour: every check-in asks that."""

from alembic import op

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add it; few rows belong to it."""
    op.execute(
        """
        CREATE INDEX ix_punch_status_refused ON punch_status (person_id, occurred_at)
          WHERE outcome = 'refused' AND source = 'phone'
        """
    )


def downgrade() -> None:
    """Take it away."""
    op.execute("DROP INDEX ix_punch_status_refused")
