"""Approved leave that ends early: a step that says which day is the last one, and the days given back."""

from alembic import op

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

BEFORE = (
    "'filed', 'deputy_confirmed', 'deputy_declined', 'endorsed', 'approved', 'rejected', 'withdrawn', 'escalated', "
    "'overturned'"
)

KINDS = """
ALTER TABLE request_step DROP CONSTRAINT ck_request_step_kind,
  ADD CONSTRAINT ck_request_step_kind CHECK (kind IN ({kinds})) {valid}
"""


def upgrade() -> None:
    """Let steps end leave; where a request stands may have another last day than what was filed."""
    # 0052 reads the steps that there are, without locking anybody out.
    op.execute(KINDS.format(kinds=f"{BEFORE}, 'shortened', 'cancelled'", valid="NOT VALID"))
    op.execute(
        """
        ALTER TABLE request_step ADD COLUMN last_on date,
          ADD CONSTRAINT ck_request_step_shortened CHECK ((kind = 'shortened') = (last_on IS NOT NULL)) NOT VALID
        """
    )
    op.execute("GRANT UPDATE (last_on) ON request_state TO daogang_app")


def downgrade() -> None:
    """Take it back; raises while a leave was ended early, since that step would be lost."""
    op.execute("REVOKE UPDATE (last_on) ON request_state FROM daogang_app")
    op.execute("ALTER TABLE request_step DROP CONSTRAINT ck_request_step_shortened, DROP COLUMN last_on")
    op.execute(KINDS.format(kinds=BEFORE, valid=""))
