"""Signals of photos and links of terminals' photos are followed by their time."""

from alembic import op

revision = "0046"
down_revision = "0045"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the indexes."""
    op.execute("CREATE INDEX ix_photo_signal_found_at ON photo_signal (found_at)")
    op.execute("CREATE INDEX ix_gate_photo_link_received_at ON gate_photo_link (received_at)")


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP INDEX ix_gate_photo_link_received_at")
    op.execute("DROP INDEX ix_photo_signal_found_at")
