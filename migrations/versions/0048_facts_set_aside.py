"""Facts and sites on which an alert rule fails, kept aside so that the others are judged."""

from alembic import op

revision = "0048"
down_revision = "0047"
branch_labels = None
depends_on = None

UP = (
    """
    CREATE TABLE alert_set_aside (
      rule text NOT NULL,
      kind text NOT NULL CONSTRAINT ck_alert_set_aside_kind CHECK (kind IN ('fact', 'site')),
      unit text NOT NULL,
      looked_at timestamptz NOT NULL,
      set_aside_at timestamptz NOT NULL,
      attempts integer NOT NULL CONSTRAINT ck_alert_set_aside_attempts CHECK (attempts > 0),
      error text NOT NULL,
      retry_at timestamptz,
      settled_at timestamptz,
      CONSTRAINT pk_alert_set_aside PRIMARY KEY (rule, kind, unit),
      CONSTRAINT ck_alert_set_aside_open CHECK ((retry_at IS NULL) = (settled_at IS NOT NULL))
    )
    """,
    "CREATE INDEX ix_alert_set_aside_retry_at ON alert_set_aside (retry_at) WHERE settled_at IS NULL",
    "GRANT SELECT, INSERT, UPDATE ON alert_set_aside TO daogang_app",
)


def upgrade() -> None:
    """Create the table."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE alert_set_aside")
