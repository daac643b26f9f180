"""An index by which every check-in finds the work faces that are active, however many are past."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the index."""
    op.execute("CREATE INDEX ix_work_face_to_on ON work_face (project_id, to_on)")


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP INDEX ix_work_face_to_on")
