"""Person-days: derived from the ledger, rebuilt whenever a punch of theirs changes."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create person_day."""
    op.execute(
        """
        CREATE TABLE person_day (
          project_id uuid NOT NULL,
          person_id uuid NOT NULL,
          work_on date NOT NULL,
          from_at timestamptz NOT NULL,
          to_at timestamptz NOT NULL,
          first_at timestamptz,
          last_at timestamptz,
          span_s integer NOT NULL,
          punches integer NOT NULL,
          in_review integer NOT NULL,
          sources text[] NOT NULL,
          valid boolean NOT NULL,
          provisional boolean NOT NULL,
          entries uuid[] NOT NULL,
          rule text NOT NULL,
          revision integer NOT NULL,
          computed_at timestamptz NOT NULL,
          CONSTRAINT pk_person_day PRIMARY KEY (project_id, person_id, work_on),
          CONSTRAINT ck_person_day_bounds CHECK (from_at < to_at),
          CONSTRAINT ck_person_day_span CHECK (span_s >= 0 AND punches >= 0 AND in_review >= 0)
        ) WITH (fillfactor = 70)
        """
    )
    op.execute("CREATE INDEX ix_person_day_project ON person_day (project_id, work_on)")
    op.execute("CREATE INDEX ix_person_day_person ON person_day (person_id, work_on)")
    op.execute("GRANT SELECT, INSERT, UPDATE ON person_day TO daogang_app")


def downgrade() -> None:
    """Drop it: it can be rebuilt from the ledger."""
    op.execute("DROP TABLE person_day")
