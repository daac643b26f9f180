"""Deliveries of alerts: to which address, every attempt with its outcome, digests, and how each channel is."""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

CHANNELS = "('fcm', 'web_push', 'wecom', 'dingtalk', 'email', 'sms')"
FACTS = ("alert_attempt", "alert_attempt_outcome", "alert_digest")

UP = (
    """
    CREATE TABLE alert_digest (
      id uuid CONSTRAINT pk_alert_digest PRIMARY KEY,
      account_id uuid NOT NULL CONSTRAINT fk_alert_digest_account REFERENCES account (id),
      period text NOT NULL CONSTRAINT ck_alert_digest_period CHECK (period IN ('daily', 'weekly')),
      from_at timestamptz NOT NULL,
      to_at timestamptz NOT NULL,
      made_at timestamptz NOT NULL,
      CONSTRAINT uq_alert_digest_to UNIQUE (account_id, to_at),
      CONSTRAINT ck_alert_digest_span CHECK (to_at > from_at)
    )
    """,
    f"""
    CREATE TABLE alert_delivery (
      id uuid CONSTRAINT pk_alert_delivery PRIMARY KEY,
      outbox_id bigint CONSTRAINT fk_alert_delivery_outbox REFERENCES alert_outbox (id),
      digest_id uuid CONSTRAINT fk_alert_delivery_digest REFERENCES alert_digest (id),
      address_id uuid NOT NULL CONSTRAINT fk_alert_delivery_address REFERENCES delivery_address (id),
      channel text NOT NULL CONSTRAINT ck_alert_delivery_channel CHECK (channel IN {CHANNELS}),
      state text NOT NULL CONSTRAINT ck_alert_delivery_state
        CHECK (state IN ('waiting', 'delivered', 'dead_address', 'failed', 'given_up', 'dropped')),
      attempts integer NOT NULL,
      next_at timestamptz,
      created_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      CONSTRAINT uq_alert_delivery_outbox UNIQUE (outbox_id, address_id),
      CONSTRAINT uq_alert_delivery_digest UNIQUE (digest_id, address_id),
      CONSTRAINT ck_alert_delivery_of CHECK (num_nonnulls(outbox_id, digest_id) = 1),
      CONSTRAINT ck_alert_delivery_next CHECK ((state = 'waiting') = (next_at IS NOT NULL))
    ) WITH (fillfactor = 70)
    """,
    "CREATE INDEX ix_alert_delivery_next_at ON alert_delivery (channel, next_at, id) WHERE state = 'waiting'",
    """
    CREATE TABLE alert_attempt (
      delivery_id uuid NOT NULL CONSTRAINT fk_alert_attempt_delivery REFERENCES alert_delivery (id),
      n integer NOT NULL,
      begun_at timestamptz NOT NULL,
      repeat boolean NOT NULL,
      CONSTRAINT pk_alert_attempt PRIMARY KEY (delivery_id, n)
    )
    """,
    """
    CREATE TABLE alert_attempt_outcome (
      delivery_id uuid NOT NULL,
      n integer NOT NULL,
      outcome text NOT NULL CONSTRAINT ck_alert_attempt_outcome_outcome
        CHECK (outcome IN ('delivered', 'dead_address', 'retry', 'failed')),
      reason text NOT NULL CONSTRAINT ck_alert_attempt_outcome_reason CHECK (char_length(reason) <= 60),
      uncertain boolean NOT NULL,
      at timestamptz NOT NULL,
      CONSTRAINT pk_alert_attempt_outcome PRIMARY KEY (delivery_id, n),
      CONSTRAINT fk_alert_attempt_outcome_attempt FOREIGN KEY (delivery_id, n) REFERENCES alert_attempt (delivery_id, n)
    )
    """,
    f"""
    CREATE TABLE alert_channel (
      name text CONSTRAINT pk_alert_channel PRIMARY KEY CONSTRAINT ck_alert_channel_name CHECK (name IN {CHANNELS}),
      looked_at timestamptz NOT NULL,
      delivered_at timestamptz,
      failing_since timestamptz,
      reason text,
      told boolean NOT NULL DEFAULT false,
      CONSTRAINT ck_alert_channel_reason CHECK ((failing_since IS NULL) = (reason IS NULL))
    )
    """,
    *(f"SELECT make_append_only('{table}')" for table in FACTS),
    f"GRANT SELECT, INSERT ON {', '.join(FACTS)} TO daogang_app",
    "GRANT SELECT, INSERT, UPDATE (state, attempts, next_at) ON alert_delivery TO daogang_app",
    "GRANT SELECT, INSERT, UPDATE ON alert_channel TO daogang_app",
)


def upgrade() -> None:
    """Create the tables."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    for table in ("alert_channel", "alert_attempt_outcome", "alert_attempt", "alert_delivery", "alert_digest"):
        op.execute(f"DROP TABLE {table}")
