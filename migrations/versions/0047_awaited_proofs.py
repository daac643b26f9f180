"""Queued punches wait for proofs that come after them; frames end at once when consent is withdrawn."""

from alembic import op

revision = "0047"
down_revision = "0046"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table; let the term of frames be cut short."""
    op.execute(
        """
        CREATE TABLE proof_wait (
          project_id uuid NOT NULL,
          punch_id uuid NOT NULL,
          proof_id uuid NOT NULL,
          person_id uuid NOT NULL,
          phone_id uuid NOT NULL,
          earliest_at timestamptz NOT NULL,
          latest_at timestamptz NOT NULL CONSTRAINT ck_proof_wait_bounds CHECK (latest_at >= earliest_at),
          until_at timestamptz NOT NULL,
          CONSTRAINT pk_proof_wait PRIMARY KEY (project_id, punch_id)
        )
        """
    )
    op.execute("CREATE INDEX ix_proof_wait_until_at ON proof_wait (until_at)")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON proof_wait TO daogang_app")
    op.execute("GRANT UPDATE (delete_after) ON liveness_frames TO daogang_app")


def downgrade() -> None:
    """Go back."""
    op.execute("REVOKE UPDATE (delete_after) ON liveness_frames FROM daogang_app")
    op.execute("DROP TABLE proof_wait")
