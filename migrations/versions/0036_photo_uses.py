"""Uses of photos are found by their digest; what names photos is followed by time of receipt, not by the ledger."""

from alembic import op

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the indexes; the follower's table has no row yet."""
    op.execute("CREATE INDEX ix_photo_use_sha256 ON photo_use (sha256)")
    op.execute("CREATE INDEX ix_phone_item_with_photos ON phone_item (received_at) WHERE photos <> '{}'")
    op.execute("ALTER TABLE photo_follower DROP COLUMN outbox_id, ADD COLUMN seen_until timestamptz NOT NULL")


def downgrade() -> None:
    """Drop them."""
    op.execute("DELETE FROM photo_follower")
    op.execute("ALTER TABLE photo_follower DROP COLUMN seen_until, ADD COLUMN outbox_id bigint NOT NULL")
    op.execute("DROP INDEX ix_phone_item_with_photos")
    op.execute("DROP INDEX ix_photo_use_sha256")
