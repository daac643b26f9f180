"""When the watch over a gate looked last, so that it need not look at every healthy site every minute."""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; without an instant the next look is due."""
    op.execute("ALTER TABLE gate_watch ADD COLUMN looked_at timestamptz")


def downgrade() -> None:
    """Drop it."""
    op.execute("ALTER TABLE gate_watch DROP COLUMN looked_at")
