"""Phones that were locked, because they are lost or in the wrong hands."""

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add who locked a phone, and when."""
    op.execute(
        """
        ALTER TABLE phone
          ADD COLUMN locked_at timestamptz,
          ADD COLUMN locked_by uuid CONSTRAINT fk_phone_locked_by REFERENCES account (id),
          ADD CONSTRAINT ck_phone_locked CHECK ((locked_at IS NULL) = (locked_by IS NULL))
        """
    )


def downgrade() -> None:
    """Drop both."""
    op.execute("ALTER TABLE phone DROP COLUMN locked_at, DROP COLUMN locked_by")
