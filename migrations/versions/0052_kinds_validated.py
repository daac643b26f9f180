"""The kinds that 0050 and 0051 allowed are held against what there is already, while check-ins go on."""

from alembic import op

revision = "0052"
down_revision = "0051"
branch_labels = None
depends_on = None

CONSTRAINTS = {
    "ck_ledger_outbox_kind": "ledger_outbox",
    "ck_seal_leaf_kind": "seal_leaf",
    "ck_request_step_kind": "request_step",
    "ck_request_step_shortened": "request_step",
}


def upgrade() -> None:
    """Read the tables; the lock for that (SHARE UPDATE EXCLUSIVE) lets others read and write."""
    # Two of them grow with every check-in: however long it takes, nobody waits for it.
    op.execute("SET LOCAL statement_timeout = 0")
    for constraint, table in CONSTRAINTS.items():
        op.execute(f"ALTER TABLE {table} VALIDATE CONSTRAINT {constraint}")


def downgrade() -> None:
    """Do nothing: what was validated differs in nothing from what 0050 and 0051 need, who drop it."""
