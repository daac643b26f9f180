"""Keys of phones, since when a phone is whose, and the items of their queues."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

UP = (
    """
    CREATE TABLE phone_binding (
      id uuid CONSTRAINT pk_phone_binding PRIMARY KEY,
      phone_id uuid NOT NULL CONSTRAINT fk_phone_binding_phone REFERENCES phone (id),
      bound_at timestamptz NOT NULL,
      ended_at timestamptz,
      end_reason text CONSTRAINT ck_phone_binding_end_reason
        CHECK (end_reason IN ('replaced', 'taken_over', 'locked', 'number_changed')),
      awaits text CONSTRAINT ck_phone_binding_awaits CHECK (awaits IN ('replacement', 'taken_over', 'dormant')),
      confirmed_at timestamptz,
      confirmed_by uuid CONSTRAINT fk_phone_binding_confirmed_by REFERENCES account (id),
      confirmed_how text CONSTRAINT ck_phone_binding_confirmed_how CHECK (confirmed_how IN ('admin', 'witness')),
      CONSTRAINT ck_phone_binding_ended CHECK ((ended_at IS NULL) = (end_reason IS NULL) AND ended_at >= bound_at),
      CONSTRAINT ck_phone_binding_confirmed CHECK (
        num_nonnulls(confirmed_at, confirmed_by, confirmed_how) IN (0, 3)
        AND (confirmed_at IS NULL OR awaits IS NOT NULL))
    )
    """,
    "CREATE INDEX ix_phone_binding_phone_id ON phone_binding (phone_id, bound_at)",
    "CREATE UNIQUE INDEX uq_phone_binding_open ON phone_binding (phone_id) WHERE ended_at IS NULL",
    """
    INSERT INTO phone_binding (id, phone_id, bound_at, ended_at, end_reason)
    SELECT gen_random_uuid(), id, bound_at, greatest(revoked_at, bound_at),
      CASE WHEN revoked_at IS NOT NULL THEN 'number_changed' END
    FROM phone
    """,
    """
    CREATE TABLE phone_key (
      id text CONSTRAINT pk_phone_key PRIMARY KEY CONSTRAINT ck_phone_key_id CHECK (id ~ '^[0-9A-Za-z_-]{43}$'),
      phone_id uuid NOT NULL CONSTRAINT fk_phone_key_phone REFERENCES phone (id),
      public_key bytea NOT NULL CONSTRAINT ck_phone_key_public_key CHECK (octet_length(public_key) <= 200),
      registered_at timestamptz NOT NULL,
      ended_at timestamptz,
      trust text NOT NULL CONSTRAINT ck_phone_key_trust CHECK (trust IN ('software', 'hardware', 'strongbox')),
      CONSTRAINT ck_phone_key_ended CHECK (ended_at >= registered_at)
    )
    """,
    "CREATE UNIQUE INDEX uq_phone_key_open ON phone_key (phone_id) WHERE ended_at IS NULL",
    "CREATE INDEX ix_phone_key_phone_id ON phone_key (phone_id)",
    # What came in of a key's counters; its row is what calls of one key queue up at.
    """
    CREATE TABLE phone_queue (
      key_id text CONSTRAINT pk_phone_queue PRIMARY KEY
        CONSTRAINT fk_phone_queue_key REFERENCES phone_key (id),
      seen int8multirange NOT NULL DEFAULT '{}'
    ) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE phone_item (
      key_id text NOT NULL,
      counter bigint NOT NULL CONSTRAINT ck_phone_item_counter CHECK (counter >= 1),
      digest text NOT NULL CONSTRAINT ck_phone_item_digest CHECK (digest ~ '^[0-9A-Za-z_-]{43}$'),
      prev text NOT NULL,
      event_id uuid NOT NULL,
      project_id uuid NOT NULL,
      punch_id uuid NOT NULL,
      status text NOT NULL CONSTRAINT ck_phone_item_status CHECK (status IN ('recorded', 'online', 'conflict')),
      received_at timestamptz NOT NULL,
      wall_at timestamptz NOT NULL,
      mono_ms bigint NOT NULL,
      boot uuid NOT NULL,
      earliest_at timestamptz NOT NULL,
      latest_at timestamptz NOT NULL,
      photos text[] NOT NULL DEFAULT '{}',
      CONSTRAINT pk_phone_item PRIMARY KEY (key_id, counter, digest)
    )
    """,
    "CREATE INDEX ix_phone_item_event_id ON phone_item (event_id)",
    """
    CREATE TABLE phone_key_alarm (
      id uuid CONSTRAINT pk_phone_key_alarm PRIMARY KEY,
      key_id text NOT NULL CONSTRAINT fk_phone_key_alarm_key REFERENCES phone_key (id),
      kind text NOT NULL CONSTRAINT ck_phone_key_alarm_kind CHECK (kind IN ('counter_reused')),
      counter bigint NOT NULL,
      digest text NOT NULL,
      raised_at timestamptz NOT NULL,
      CONSTRAINT uq_phone_key_alarm_item UNIQUE (key_id, counter, digest)
    )
    """,
    # One row a day for each key and reason: what is refused must not fill the disk.
    """
    CREATE TABLE phone_refusal (
      key_id text NOT NULL CONSTRAINT fk_phone_refusal_key REFERENCES phone_key (id),
      refused_on date NOT NULL,
      code text NOT NULL,
      times bigint NOT NULL,
      last_at timestamptz NOT NULL,
      CONSTRAINT pk_phone_refusal PRIMARY KEY (key_id, refused_on, code)
    ) WITH (fillfactor = 50)
    """,
    "SELECT make_append_only('phone_item')",
    "SELECT make_append_only('phone_key_alarm')",
    "GRANT SELECT, INSERT ON phone_item, phone_key_alarm TO daogang_app",
    "GRANT SELECT, INSERT, UPDATE ON phone_binding, phone_key, phone_queue, phone_refusal TO daogang_app",
)

TABLES = ("phone_refusal", "phone_key_alarm", "phone_item", "phone_queue", "phone_key", "phone_binding")


def upgrade() -> None:
    """Create the tables, with the bindings that there are."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
