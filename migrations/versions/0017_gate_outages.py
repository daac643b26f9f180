"""Outages of gates and their ends, the facts that others follow, and the paths that they open for phones."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

FACTS = ("gate_outage", "gate_outage_end", "gate_fact")

UP = (
    """
    CREATE TABLE gate_outage (
      project_id uuid NOT NULL,
      id uuid NOT NULL,
      device_id uuid NOT NULL,
      kind text NOT NULL CONSTRAINT ck_gate_outage_kind CHECK (kind IN ('silent', 'mute', 'declared')),
      last_sign_at timestamptz,
      from_at timestamptz NOT NULL,
      recorded_at timestamptz NOT NULL,
      evidence jsonb NOT NULL,
      declaration_id uuid,
      declared_by uuid CONSTRAINT fk_gate_outage_declared_by REFERENCES account (id),
      reason text CONSTRAINT ck_gate_outage_reason CHECK (char_length(reason) BETWEEN 1 AND 1000),
      expires_at timestamptz,
      CONSTRAINT pk_gate_outage PRIMARY KEY (project_id, id),
      CONSTRAINT fk_gate_outage_device FOREIGN KEY (project_id, device_id) REFERENCES gate_device (project_id, id),
      -- A gate falls silent once after each sign of life.
      CONSTRAINT uq_gate_outage_sign UNIQUE (project_id, device_id, kind, last_sign_at),
      CONSTRAINT uq_gate_outage_declaration UNIQUE (project_id, declaration_id, device_id),
      CONSTRAINT ck_gate_outage_sign CHECK ((kind = 'declared') = (last_sign_at IS NULL)),
      CONSTRAINT ck_gate_outage_declared CHECK (
        num_nonnulls(declaration_id, declared_by, reason, expires_at) = CASE kind WHEN 'declared' THEN 4 ELSE 0 END),
      CONSTRAINT ck_gate_outage_expires CHECK (expires_at > from_at)
    )
    """,
    """
    CREATE TABLE gate_outage_end (
      project_id uuid NOT NULL,
      outage_id uuid NOT NULL,
      ended_at timestamptz NOT NULL,
      recorded_at timestamptz NOT NULL,
      cause text NOT NULL CONSTRAINT ck_gate_outage_end_cause
        CHECK (cause IN ('recovered', 'expired', 'withdrawn', 'out_of_use')),
      backlog integer,
      oldest_event_at timestamptz,
      ended_by uuid CONSTRAINT fk_gate_outage_end_ended_by REFERENCES account (id),
      reason text CONSTRAINT ck_gate_outage_end_reason CHECK (char_length(reason) BETWEEN 1 AND 1000),
      CONSTRAINT pk_gate_outage_end PRIMARY KEY (project_id, outage_id),
      CONSTRAINT fk_gate_outage_end_outage FOREIGN KEY (project_id, outage_id) REFERENCES gate_outage (project_id, id),
      CONSTRAINT ck_gate_outage_end_withdrawn CHECK (
        num_nonnulls(ended_by, reason) = CASE cause WHEN 'withdrawn' THEN 2 ELSE 0 END)
    )
    """,
    """
    CREATE TABLE gate_fact (
      id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_gate_fact PRIMARY KEY,
      xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
      project_id uuid NOT NULL,
      device_id uuid,
      kind text NOT NULL CONSTRAINT ck_gate_fact_kind CHECK (kind IN ('outage_opened', 'outage_ended',
        'phones_let_in', 'phones_shut_out', 'punches_ruled_again', 'clock_off', 'clock_right', 'event_redated')),
      subject_id uuid NOT NULL,
      occurred_at timestamptz NOT NULL,
      recorded_at timestamptz NOT NULL,
      detail jsonb NOT NULL
    )
    """,
    "CREATE INDEX ix_gate_fact_project ON gate_fact (project_id, id)",
    """
    CREATE TABLE gate_watch (
      project_id uuid NOT NULL,
      device_id uuid NOT NULL,
      sign_at timestamptz NOT NULL,
      pass_at timestamptz NOT NULL,
      clock_off boolean NOT NULL,
      CONSTRAINT pk_gate_watch PRIMARY KEY (project_id, device_id),
      CONSTRAINT fk_gate_watch_device FOREIGN KEY (project_id, device_id) REFERENCES gate_device (project_id, id)
    ) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE phone_path (
      project_id uuid NOT NULL CONSTRAINT fk_phone_path_project REFERENCES project (id),
      id uuid NOT NULL,
      entrance text NOT NULL,
      from_at timestamptz NOT NULL,
      until_at timestamptz,
      known_at timestamptz NOT NULL,
      outage_ids uuid[] NOT NULL,
      shut_at timestamptz,
      cursor_at timestamptz NOT NULL,
      cursor_id uuid NOT NULL,
      ruled integer NOT NULL DEFAULT 0,
      settled_at timestamptz,
      CONSTRAINT pk_phone_path PRIMARY KEY (project_id, id),
      CONSTRAINT ck_phone_path_span CHECK (until_at > from_at)
    )
    """,
    "CREATE INDEX ix_phone_path_until ON phone_path (project_id, until_at)",
    "CREATE INDEX ix_phone_path_unsettled ON phone_path (known_at) WHERE settled_at IS NULL",
    *(f"SELECT make_append_only('{table}')" for table in FACTS),
    f"GRANT SELECT, INSERT ON {', '.join(FACTS)} TO daogang_app",
    "GRANT SELECT, INSERT, UPDATE ON gate_watch TO daogang_app",
    """
    GRANT SELECT, INSERT, UPDATE (until_at, outage_ids, shut_at, cursor_at, cursor_id, ruled, settled_at)
      ON phone_path TO daogang_app
    """,
)


def upgrade() -> None:
    """Create the tables."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them; rulings that outages led to stay."""
    for table in ("phone_path", "gate_watch", *reversed(FACTS)):
        op.execute(f"DROP TABLE {table}")
