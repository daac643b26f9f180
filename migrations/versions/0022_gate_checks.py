"""Logins of MQTT terminals; what gates count against the ledger, with tasks; signals of misuse. All rows are facts."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

FACTS = (
    "gate_broker_login",
    "gate_gap",
    "gate_gap_end",
    "gate_count",
    "gate_day_count",
    "gate_task",
    "gate_task_end",
    "gate_signal",
)


def _of_device(table: str) -> str:
    return f"CONSTRAINT fk_{table}_device FOREIGN KEY (project_id, device_id) REFERENCES gate_device (project_id, id)"


UP = (
    f"""
    CREATE TABLE gate_broker_login (
      project_id uuid NOT NULL,
      id uuid NOT NULL,
      device_id uuid NOT NULL,
      issued_at timestamptz NOT NULL,
      password_hash text NOT NULL CONSTRAINT ck_gate_broker_login_hash CHECK (password_hash ~ '^[$]7[$][^:\\n]+$'),
      issued_by uuid NOT NULL CONSTRAINT fk_gate_broker_login_issued_by REFERENCES account (id),
      CONSTRAINT pk_gate_broker_login PRIMARY KEY (project_id, id),
      {_of_device("gate_broker_login")}
    )
    """,
    "CREATE INDEX ix_gate_broker_login_device ON gate_broker_login (project_id, device_id)",
    f"""
    CREATE TABLE gate_gap (
      project_id uuid NOT NULL,
      id uuid NOT NULL,
      device_id uuid NOT NULL,
      kind text NOT NULL CONSTRAINT ck_gate_gap_kind CHECK (kind IN ('sequence', 'serial')),
      from_no bigint NOT NULL,
      to_no bigint NOT NULL,
      found_at timestamptz NOT NULL,
      evidence jsonb NOT NULL,
      CONSTRAINT pk_gate_gap PRIMARY KEY (project_id, id),
      CONSTRAINT ck_gate_gap_numbers CHECK (to_no >= from_no),
      {_of_device("gate_gap")}
    )
    """,
    "CREATE INDEX ix_gate_gap_device ON gate_gap (project_id, device_id, found_at)",
    """
    CREATE TABLE gate_gap_end (
      project_id uuid NOT NULL,
      gap_id uuid NOT NULL,
      ended_at timestamptz NOT NULL,
      cause text NOT NULL CONSTRAINT ck_gate_gap_end_cause CHECK (cause IN ('arrived', 'narrowed', 'restarted')),
      CONSTRAINT pk_gate_gap_end PRIMARY KEY (project_id, gap_id),
      CONSTRAINT fk_gate_gap_end_gap FOREIGN KEY (project_id, gap_id) REFERENCES gate_gap (project_id, id)
    )
    """,
    f"""
    CREATE TABLE gate_count (
      project_id uuid NOT NULL,
      device_id uuid NOT NULL,
      reported_at timestamptz NOT NULL,
      reported bigint NOT NULL,
      CONSTRAINT pk_gate_count PRIMARY KEY (project_id, device_id, reported_at),
      {_of_device("gate_count")}
    )
    """,
    f"""
    CREATE TABLE gate_day_count (
      project_id uuid NOT NULL,
      device_id uuid NOT NULL,
      work_on date NOT NULL,
      computed_at timestamptz NOT NULL,
      events integer NOT NULL,
      refused integer NOT NULL,
      counted_from_at timestamptz,
      counted_to_at timestamptz,
      reported bigint,
      held integer,
      missing bigint,
      CONSTRAINT pk_gate_day_count PRIMARY KEY (project_id, device_id, work_on, computed_at),
      CONSTRAINT ck_gate_day_count_period CHECK ((counted_from_at IS NULL) = (counted_to_at IS NULL)),
      CONSTRAINT ck_gate_day_count_missing CHECK (missing IS NULL OR reported IS NOT NULL),
      {_of_device("gate_day_count")}
    )
    """,
    "CREATE INDEX ix_gate_day_count_work_on ON gate_day_count (project_id, work_on)",
    f"""
    CREATE TABLE gate_task (
      project_id uuid NOT NULL,
      id uuid NOT NULL,
      device_id uuid NOT NULL,
      kind text NOT NULL CONSTRAINT ck_gate_task_kind CHECK (kind IN ('numbers_missing', 'events_missing')),
      subject text NOT NULL CONSTRAINT ck_gate_task_subject CHECK (char_length(subject) <= 200),
      opened_at timestamptz NOT NULL,
      evidence jsonb NOT NULL,
      CONSTRAINT pk_gate_task PRIMARY KEY (project_id, id),
      CONSTRAINT uq_gate_task_subject UNIQUE (project_id, kind, subject),
      {_of_device("gate_task")}
    )
    """,
    """
    CREATE TABLE gate_task_end (
      project_id uuid NOT NULL,
      task_id uuid NOT NULL,
      done_at timestamptz NOT NULL,
      done_by uuid NOT NULL CONSTRAINT fk_gate_task_end_done_by REFERENCES account (id),
      note text NOT NULL CONSTRAINT ck_gate_task_end_note CHECK (char_length(note) BETWEEN 1 AND 1000),
      CONSTRAINT pk_gate_task_end PRIMARY KEY (project_id, task_id),
      CONSTRAINT fk_gate_task_end_task FOREIGN KEY (project_id, task_id) REFERENCES gate_task (project_id, id)
    )
    """,
    f"""
    CREATE TABLE gate_signal (
      project_id uuid NOT NULL,
      id uuid NOT NULL,
      device_id uuid NOT NULL,
      person_id uuid CONSTRAINT fk_gate_signal_person REFERENCES person (id),
      kind text NOT NULL CONSTRAINT ck_gate_signal_kind CHECK (kind IN ('impossible_journey', 'card_burst',
        'foreign_network', 'foreign_crowd', 'displaced', 'foreign_identity', 'fails_often', 'fails_at_hours',
        'fails_for_people')),
      subject text NOT NULL CONSTRAINT ck_gate_signal_subject CHECK (char_length(subject) <= 200),
      from_at timestamptz NOT NULL,
      to_at timestamptz NOT NULL,
      found_at timestamptz NOT NULL,
      evidence jsonb NOT NULL,
      CONSTRAINT pk_gate_signal PRIMARY KEY (project_id, id),
      CONSTRAINT uq_gate_signal_subject UNIQUE (project_id, device_id, kind, subject),
      CONSTRAINT ck_gate_signal_span CHECK (to_at >= from_at),
      {_of_device("gate_signal")}
    )
    """,
    "CREATE INDEX ix_gate_signal_found_at ON gate_signal (project_id, found_at, id)",
    """
    CREATE TABLE gate_follower (
      name text CONSTRAINT pk_gate_follower PRIMARY KEY,
      outbox_id bigint NOT NULL
    )
    """,
    *(f"SELECT make_append_only('{table}')" for table in FACTS),
    f"GRANT SELECT, INSERT ON {', '.join(FACTS)} TO daogang_app",
    "GRANT SELECT, INSERT, UPDATE ON gate_follower TO daogang_app",
)

TABLES = (
    "gate_follower",
    "gate_signal",
    "gate_task_end",
    "gate_task",
    "gate_day_count",
    "gate_count",
    "gate_gap_end",
    "gate_gap",
    "gate_broker_login",
)


def upgrade() -> None:
    """Create the tables."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
