"""Alerts: rules, what they found, who is told and what became of it; announced facts; days of the working calendar."""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

FACTS = ("announced_fact", "calendar_day", "alert_rule", "alert", "alert_step")

UP = (
    # `xid` stands before `id`: the number is drawn when the transaction is already one of those in progress.
    """
    CREATE TABLE announced_fact (
      xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
      id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_announced_fact PRIMARY KEY,
      kind text NOT NULL CONSTRAINT ck_announced_fact_kind CHECK (kind ~ '^[a-z]+[.][a-z]+(_[a-z]+)*$'),
      project_id uuid CONSTRAINT fk_announced_fact_project REFERENCES project (id),
      subject text NOT NULL CONSTRAINT ck_announced_fact_subject CHECK (char_length(subject) BETWEEN 1 AND 200),
      occurred_at timestamptz NOT NULL,
      recorded_at timestamptz NOT NULL,
      detail jsonb NOT NULL
    )
    """,
    """
    CREATE TABLE calendar_day (
      on_day date NOT NULL,
      set_at timestamptz NOT NULL,
      working boolean NOT NULL,
      name text NOT NULL CONSTRAINT ck_calendar_day_name CHECK (char_length(name) BETWEEN 1 AND 100),
      set_by uuid NOT NULL CONSTRAINT fk_calendar_day_set_by REFERENCES account (id),
      CONSTRAINT pk_calendar_day PRIMARY KEY (on_day, set_at)
    )
    """,
    """
    CREATE TABLE alert_rule (
      id uuid CONSTRAINT pk_alert_rule PRIMARY KEY,
      kind text NOT NULL CONSTRAINT ck_alert_rule_kind CHECK (kind ~ '^[a-z]+(_[a-z]+)*$'),
      district_id uuid CONSTRAINT fk_alert_rule_district REFERENCES district (id),
      project_id uuid CONSTRAINT fk_alert_rule_project REFERENCES project (id),
      valid_from timestamptz NOT NULL,
      body jsonb NOT NULL,
      set_by uuid NOT NULL CONSTRAINT fk_alert_rule_set_by REFERENCES account (id),
      set_at timestamptz NOT NULL,
      CONSTRAINT ck_alert_rule_scope CHECK (num_nonnulls(district_id, project_id) <= 1)
    )
    """,
    "CREATE INDEX ix_alert_rule_kind ON alert_rule (kind, valid_from)",
    """
    CREATE TABLE alert_group (
      id uuid CONSTRAINT pk_alert_group PRIMARY KEY,
      kind text NOT NULL,
      district_id uuid CONSTRAINT fk_alert_group_district REFERENCES district (id),
      group_key text NOT NULL CONSTRAINT ck_alert_group_key CHECK (char_length(group_key) <= 200),
      severity text NOT NULL CONSTRAINT ck_alert_group_severity CHECK (severity IN ('info', 'warning', 'critical')),
      started_at timestamptz NOT NULL,
      last_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX ix_alert_group_key ON alert_group (kind, group_key, last_at)",
    # A project of zeros is the platform itself.
    """
    CREATE TABLE alert (
      project_id uuid NOT NULL,
      id uuid NOT NULL,
      group_id uuid NOT NULL CONSTRAINT fk_alert_group REFERENCES alert_group (id),
      kind text NOT NULL,
      rule_id uuid CONSTRAINT fk_alert_rule REFERENCES alert_rule (id),
      fact_key text NOT NULL CONSTRAINT ck_alert_fact_key CHECK (char_length(fact_key) BETWEEN 1 AND 200),
      severity text NOT NULL CONSTRAINT ck_alert_severity CHECK (severity IN ('info', 'warning', 'critical')),
      person_id uuid CONSTRAINT fk_alert_person REFERENCES person (id),
      party_id uuid,
      device_id uuid,
      words text NOT NULL,
      numbers jsonb NOT NULL,
      evidence jsonb NOT NULL,
      occurred_at timestamptz NOT NULL,
      found_at timestamptz NOT NULL,
      CONSTRAINT pk_alert PRIMARY KEY (project_id, id),
      CONSTRAINT uq_alert_fact_key UNIQUE (project_id, kind, fact_key),
      CONSTRAINT fk_alert_party FOREIGN KEY (project_id, party_id) REFERENCES project_party (project_id, id)
    )
    """,
    "CREATE INDEX ix_alert_group_id ON alert (group_id)",
    "CREATE INDEX ix_alert_found_at ON alert (found_at)",
    """
    CREATE TABLE alert_step (
      project_id uuid NOT NULL,
      alert_id uuid NOT NULL,
      seq integer NOT NULL CONSTRAINT ck_alert_step_seq CHECK (seq >= 1),
      kind text NOT NULL CONSTRAINT ck_alert_step_kind
        CHECK (kind IN ('opened', 'acknowledged', 'snoozed', 'woken', 'escalated', 'resolved')),
      at timestamptz NOT NULL,
      account_id uuid CONSTRAINT fk_alert_step_account REFERENCES account (id),
      until_at timestamptz,
      level integer,
      note text CONSTRAINT ck_alert_step_note CHECK (char_length(note) BETWEEN 1 AND 1000),
      cause text,
      CONSTRAINT pk_alert_step PRIMARY KEY (project_id, alert_id, seq),
      CONSTRAINT fk_alert_step_alert FOREIGN KEY (project_id, alert_id) REFERENCES alert (project_id, id),
      CONSTRAINT ck_alert_step_until CHECK ((kind = 'snoozed') = (until_at IS NOT NULL)),
      CONSTRAINT ck_alert_step_level CHECK ((kind = 'escalated') = (level IS NOT NULL)),
      -- The platform resolves by a fact, a person with a note.
      CONSTRAINT ck_alert_step_resolved CHECK (kind <> 'resolved' OR num_nonnulls(note, cause) = 1)
    )
    """,
    """
    CREATE TABLE alert_state (
      project_id uuid NOT NULL,
      alert_id uuid NOT NULL,
      state text NOT NULL CONSTRAINT ck_alert_state_state
        CHECK (state IN ('open', 'acknowledged', 'snoozed', 'resolved')),
      seq integer NOT NULL,
      level integer NOT NULL,
      next_at timestamptz,
      changed_at timestamptz NOT NULL,
      CONSTRAINT pk_alert_state PRIMARY KEY (project_id, alert_id),
      CONSTRAINT fk_alert_state_alert FOREIGN KEY (project_id, alert_id) REFERENCES alert (project_id, id)
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX ix_alert_state_next_at ON alert_state (next_at) WHERE next_at IS NOT NULL",
    "CREATE INDEX ix_alert_state_unresolved ON alert_state (project_id, alert_id) WHERE state <> 'resolved'",
    """
    CREATE TABLE alert_recipient (
      project_id uuid NOT NULL,
      alert_id uuid NOT NULL,
      account_id uuid NOT NULL CONSTRAINT fk_alert_recipient_account REFERENCES account (id),
      group_id uuid NOT NULL CONSTRAINT fk_alert_recipient_group REFERENCES alert_group (id),
      level integer NOT NULL,
      for_account_id uuid CONSTRAINT fk_alert_recipient_for_account REFERENCES account (id),
      added_at timestamptz NOT NULL,
      CONSTRAINT pk_alert_recipient PRIMARY KEY (project_id, alert_id, account_id),
      CONSTRAINT fk_alert_recipient_alert FOREIGN KEY (project_id, alert_id) REFERENCES alert (project_id, id)
    )
    """,
    "CREATE INDEX ix_alert_recipient_group ON alert_recipient (account_id, group_id)",
    """
    CREATE TABLE alert_inbox (
      account_id uuid NOT NULL CONSTRAINT fk_alert_inbox_account REFERENCES account (id),
      group_id uuid NOT NULL CONSTRAINT fk_alert_inbox_group REFERENCES alert_group (id),
      added_at timestamptz NOT NULL,
      changed_at timestamptz NOT NULL,
      read_at timestamptz,
      acknowledged_at timestamptz,
      CONSTRAINT pk_alert_inbox PRIMARY KEY (account_id, group_id)
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX ix_alert_inbox_added ON alert_inbox (account_id, added_at, group_id)",
    """
    CREATE TABLE alert_outbox (
      xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
      id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_alert_outbox PRIMARY KEY,
      account_id uuid NOT NULL CONSTRAINT fk_alert_outbox_account REFERENCES account (id),
      group_id uuid NOT NULL CONSTRAINT fk_alert_outbox_group REFERENCES alert_group (id),
      kind text NOT NULL CONSTRAINT ck_alert_outbox_kind CHECK (kind IN ('first', 'update', 'escalation', 'reminder')),
      level integer NOT NULL,
      seq integer NOT NULL,
      created_at timestamptz NOT NULL,
      due_at timestamptz NOT NULL,
      done_at timestamptz,
      outcome text,
      CONSTRAINT uq_alert_outbox_row UNIQUE (account_id, group_id, kind, level, seq),
      CONSTRAINT ck_alert_outbox_done CHECK ((done_at IS NULL) = (outcome IS NULL))
    ) WITH (fillfactor = 80)
    """,
    "CREATE INDEX ix_alert_outbox_due ON alert_outbox (due_at, id) WHERE done_at IS NULL",
    """
    CREATE UNIQUE INDEX uq_alert_outbox_waiting ON alert_outbox (account_id, group_id)
      WHERE kind = 'update' AND done_at IS NULL
    """,
    """
    CREATE TABLE alert_follower (
      name text CONSTRAINT pk_alert_follower PRIMARY KEY,
      fact_id bigint NOT NULL,
      fact_xid bigint NOT NULL,
      looked_at timestamptz NOT NULL,
      failures integer NOT NULL DEFAULT 0,
      retry_at timestamptz,
      error text,
      told boolean NOT NULL DEFAULT false
    ) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE alert_preference (
      account_id uuid CONSTRAINT pk_alert_preference PRIMARY KEY
        CONSTRAINT fk_alert_preference_account REFERENCES account (id),
      body jsonb NOT NULL,
      set_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE alert_delegation (
      id uuid CONSTRAINT pk_alert_delegation PRIMARY KEY,
      account_id uuid NOT NULL CONSTRAINT fk_alert_delegation_account REFERENCES account (id),
      delegate_id uuid NOT NULL CONSTRAINT fk_alert_delegation_delegate REFERENCES account (id),
      from_at timestamptz NOT NULL,
      until_at timestamptz NOT NULL,
      note text CONSTRAINT ck_alert_delegation_note CHECK (char_length(note) BETWEEN 1 AND 200),
      set_by uuid NOT NULL CONSTRAINT fk_alert_delegation_set_by REFERENCES account (id),
      set_at timestamptz NOT NULL,
      ended_at timestamptz,
      CONSTRAINT ck_alert_delegation_span CHECK (until_at > from_at),
      CONSTRAINT ck_alert_delegation_other CHECK (delegate_id <> account_id)
    )
    """,
    "CREATE INDEX ix_alert_delegation_account_id ON alert_delegation (account_id, until_at)",
    *(f"SELECT make_append_only('{table}')" for table in FACTS),
    f"GRANT SELECT, INSERT ON {', '.join(FACTS)}, alert_recipient TO daogang_app",
    "GRANT SELECT, INSERT, UPDATE ON alert_follower, alert_preference, alert_state TO daogang_app",
    "GRANT SELECT, INSERT, UPDATE (last_at, severity) ON alert_group TO daogang_app",
    "GRANT SELECT, INSERT, UPDATE (changed_at, read_at, acknowledged_at) ON alert_inbox TO daogang_app",
    "GRANT SELECT, INSERT, UPDATE (due_at, done_at, outcome) ON alert_outbox TO daogang_app",
    "GRANT SELECT, INSERT, UPDATE (ended_at) ON alert_delegation TO daogang_app",
)

TABLES = (
    "alert_delegation",
    "alert_preference",
    "alert_follower",
    "alert_outbox",
    "alert_inbox",
    "alert_recipient",
    "alert_state",
    "alert_step",
    "alert",
    "alert_group",
    "alert_rule",
    "calendar_day",
    "announced_fact",
)


def upgrade() -> None:
    """Create the tables."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
