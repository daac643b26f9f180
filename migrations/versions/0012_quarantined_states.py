"""Whether a punch's time cannot be, in its current state too: what is quarantined is no part of any day.

Days that were folded with such punches in review lose them when they are folded next.
"""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and fill it from the punches; the default serves servers of the version before."""
    op.execute("ALTER TABLE punch_status ADD COLUMN quarantined boolean NOT NULL DEFAULT false")
    op.execute(
        """
        UPDATE punch_status s SET quarantined = true FROM punch p
        WHERE p.project_id = s.project_id AND p.received_at = s.received_at AND p.punch_id = s.punch_id
          AND p.time_quality = 'quarantined'
        """
    )


def downgrade() -> None:
    """Drop the column; the punches know."""
    op.execute("ALTER TABLE punch_status DROP COLUMN quarantined")
