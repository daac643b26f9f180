"""Where accounts are told of alerts outside the inbox: push tokens of their sessions, and what operators set."""

from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

UP = (
    # What ended keeps no address: only that there was one, and why it ended.
    """
    CREATE TABLE delivery_address (
      id uuid CONSTRAINT pk_delivery_address PRIMARY KEY,
      account_id uuid NOT NULL CONSTRAINT fk_delivery_address_account REFERENCES account (id),
      kind text NOT NULL CONSTRAINT ck_delivery_address_kind
        CHECK (kind IN ('fcm_token', 'fcm_installation', 'web_push', 'wecom', 'dingtalk', 'email', 'sms')),
      target bytea,
      digest bytea NOT NULL CONSTRAINT ck_delivery_address_digest CHECK (octet_length(digest) = 32),
      label text NOT NULL CONSTRAINT ck_delivery_address_label CHECK (char_length(label) <= 100),
      family_id uuid CONSTRAINT fk_delivery_address_family REFERENCES session_family (id),
      set_by uuid NOT NULL CONSTRAINT fk_delivery_address_set_by REFERENCES account (id),
      set_at timestamptz NOT NULL,
      ended_at timestamptz,
      end_reason text CONSTRAINT ck_delivery_address_reason
        CHECK (end_reason IN ('logged_out', 'moved', 'replaced', 'removed', 'dead', 'session_over')),
      CONSTRAINT ck_delivery_address_family
        CHECK ((family_id IS NOT NULL) = (kind IN ('fcm_token', 'fcm_installation', 'web_push'))),
      CONSTRAINT ck_delivery_address_ended
        CHECK ((ended_at IS NULL) = (end_reason IS NULL) AND (ended_at IS NULL) = (target IS NOT NULL))
    )
    """,
    "CREATE INDEX ix_delivery_address_account_id ON delivery_address (account_id) WHERE ended_at IS NULL",
    """
    CREATE UNIQUE INDEX uq_delivery_address_family ON delivery_address (family_id)
      WHERE ended_at IS NULL AND family_id IS NOT NULL
    """,
    """
    CREATE UNIQUE INDEX uq_delivery_address_push ON delivery_address (digest)
      WHERE ended_at IS NULL AND family_id IS NOT NULL
    """,
    """
    CREATE UNIQUE INDEX uq_delivery_address_set ON delivery_address (account_id, digest)
      WHERE ended_at IS NULL AND family_id IS NULL
    """,
    "GRANT SELECT, INSERT, UPDATE (target, ended_at, end_reason) ON delivery_address TO daogang_app",
)


def upgrade() -> None:
    """Create the table."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE delivery_address")
