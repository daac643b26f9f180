"""An index of the few events whose time nobody has decided on yet; and a path may end the instant it began."""

from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make it, which costs rows that are not quarantined nothing; widen the check."""
    op.execute("CREATE INDEX ix_punch_status_quarantined ON punch_status (project_id, punch_id) WHERE quarantined")
    op.execute("ALTER TABLE phone_path DROP CONSTRAINT ck_phone_path_span")
    op.execute("ALTER TABLE phone_path ADD CONSTRAINT ck_phone_path_span CHECK (until_at >= from_at)")


def downgrade() -> None:
    """Drop it; paths that ended the instant they began let nobody in and go."""
    op.execute("DELETE FROM phone_path WHERE until_at = from_at")
    op.execute("ALTER TABLE phone_path DROP CONSTRAINT ck_phone_path_span")
    op.execute("ALTER TABLE phone_path ADD CONSTRAINT ck_phone_path_span CHECK (until_at > from_at)")
    op.execute("DROP INDEX ix_punch_status_quarantined")
