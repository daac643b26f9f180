"""Commands to terminals, of which only four exist, with deliveries and answers; whether terminals send photos."""

from alembic import op

revision = "0030"
down_revision = "0029"
branch_labels = None
depends_on = None

FACTS = ("gate_command", "gate_command_delivery", "gate_command_answer")


def _of_command(table: str) -> str:
    return (
        f"CONSTRAINT fk_{table}_command FOREIGN KEY (project_id, command_id) REFERENCES gate_command (project_id, id)"
    )


UP = (
    """
    CREATE TABLE gate_command (
      project_id uuid NOT NULL,
      id uuid NOT NULL,
      device_id uuid NOT NULL,
      number integer NOT NULL CONSTRAINT ck_gate_command_number CHECK (number > 0),
      kind text NOT NULL
        CONSTRAINT ck_gate_command_kind CHECK (kind IN ('info', 'log', 'query_attlog', 'verify_sum_attlog')),
      from_at timestamptz,
      to_at timestamptz,
      asked_at timestamptz NOT NULL,
      asked_by uuid NOT NULL CONSTRAINT fk_gate_command_asked_by REFERENCES account (id),
      reason text NOT NULL CONSTRAINT ck_gate_command_reason CHECK (char_length(reason) BETWEEN 1 AND 300),
      expires_at timestamptz NOT NULL,
      CONSTRAINT pk_gate_command PRIMARY KEY (project_id, id),
      CONSTRAINT uq_gate_command_number UNIQUE (project_id, device_id, number),
      CONSTRAINT ck_gate_command_period CHECK (
        CASE WHEN kind IN ('query_attlog', 'verify_sum_attlog')
          THEN coalesce(from_at < to_at, false) ELSE from_at IS NULL AND to_at IS NULL END),
      CONSTRAINT ck_gate_command_expiry CHECK (expires_at > asked_at),
      CONSTRAINT fk_gate_command_device FOREIGN KEY (project_id, device_id) REFERENCES gate_device (project_id, id)
    )
    """,
    f"""
    CREATE TABLE gate_command_delivery (
      project_id uuid NOT NULL,
      command_id uuid NOT NULL,
      nth integer NOT NULL CONSTRAINT ck_gate_command_delivery_nth CHECK (nth > 0),
      sent_at timestamptz NOT NULL,
      CONSTRAINT pk_gate_command_delivery PRIMARY KEY (project_id, command_id, nth),
      {_of_command("gate_command_delivery")}
    )
    """,
    f"""
    CREATE TABLE gate_command_answer (
      project_id uuid NOT NULL,
      command_id uuid NOT NULL,
      answered_at timestamptz NOT NULL,
      code integer NOT NULL,
      told bigint,
      held bigint,
      CONSTRAINT pk_gate_command_answer PRIMARY KEY (project_id, command_id),
      {_of_command("gate_command_answer")}
    )
    """,
    *(f"SELECT make_append_only('{table}')" for table in FACTS),
    f"GRANT SELECT, INSERT ON {', '.join(FACTS)} TO daogang_app",
    "ALTER TABLE gate_device ADD COLUMN wants_photos boolean NOT NULL DEFAULT false",
)


def upgrade() -> None:
    """Create the tables and the column."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    op.execute("ALTER TABLE gate_device DROP COLUMN wants_photos")
    for table in reversed(FACTS):
        op.execute(f"DROP TABLE {table}")
