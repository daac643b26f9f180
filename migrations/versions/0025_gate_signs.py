"""Signs of life of terminals that send no heartbeats of ours: one row per half minute, kept for some days."""

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table."""
    op.execute(
        """
        CREATE TABLE gate_sign (
          project_id uuid NOT NULL,
          device_id uuid NOT NULL,
          at timestamptz NOT NULL,
          CONSTRAINT pk_gate_sign PRIMARY KEY (project_id, device_id, at),
          CONSTRAINT fk_gate_sign_device FOREIGN KEY (project_id, device_id) REFERENCES gate_device (project_id, id)
        )
        """
    )
    op.execute("CREATE INDEX ix_gate_sign_at ON gate_sign (at)")
    op.execute("GRANT SELECT, INSERT, DELETE ON gate_sign TO daogang_app")


def downgrade() -> None:
    """Drop it; what was found by it stays."""
    op.execute("DROP TABLE gate_sign")
