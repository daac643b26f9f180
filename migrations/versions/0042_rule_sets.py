"""Rule sets with their versions and publications; stops of work with what became of them; all rows are facts."""

from alembic import op

revision = "0042"
down_revision = "0041"
branch_labels = None
depends_on = None

FACTS = ("rule_set", "rule_set_version", "rule_set_publication", "stop_work", "stop_work_step")

UP = (
    """
    CREATE TABLE rule_set (
      id uuid CONSTRAINT pk_rule_set PRIMARY KEY,
      name text NOT NULL CONSTRAINT ck_rule_set_name CHECK (char_length(name) BETWEEN 1 AND 100),
      district_id uuid CONSTRAINT fk_rule_set_district REFERENCES district (id),
      project_id uuid CONSTRAINT fk_rule_set_project REFERENCES project (id),
      created_by uuid NOT NULL CONSTRAINT fk_rule_set_created_by REFERENCES account (id),
      created_at timestamptz NOT NULL,
      CONSTRAINT ck_rule_set_scope CHECK (num_nonnulls(district_id, project_id) <= 1)
    )
    """,
    """
    CREATE TABLE rule_set_version (
      rule_set_id uuid NOT NULL CONSTRAINT fk_rule_set_version_rule_set REFERENCES rule_set (id),
      version integer NOT NULL CONSTRAINT ck_rule_set_version_version CHECK (version >= 1),
      valid_from date NOT NULL,
      valid_to date,
      body jsonb NOT NULL,
      digest bytea NOT NULL CONSTRAINT ck_rule_set_version_digest CHECK (octet_length(digest) = 32),
      preset text,
      note text CONSTRAINT ck_rule_set_version_note CHECK (char_length(note) BETWEEN 1 AND 1000),
      drafted_by uuid NOT NULL CONSTRAINT fk_rule_set_version_drafted_by REFERENCES account (id),
      drafted_at timestamptz NOT NULL,
      CONSTRAINT pk_rule_set_version PRIMARY KEY (rule_set_id, version),
      CONSTRAINT ck_rule_set_version_span CHECK (valid_to >= valid_from)
    )
    """,
    """
    CREATE TABLE rule_set_publication (
      rule_set_id uuid NOT NULL,
      version integer NOT NULL,
      rank bigint GENERATED ALWAYS AS IDENTITY,
      published_by uuid NOT NULL CONSTRAINT fk_rule_set_publication_published_by REFERENCES account (id),
      published_at timestamptz NOT NULL,
      CONSTRAINT pk_rule_set_publication PRIMARY KEY (rule_set_id, version),
      CONSTRAINT fk_rule_set_publication_version FOREIGN KEY (rule_set_id, version)
        REFERENCES rule_set_version (rule_set_id, version)
    )
    """,
    """
    CREATE TABLE stop_work (
      project_id uuid NOT NULL CONSTRAINT fk_stop_work_project REFERENCES project (id),
      id uuid NOT NULL,
      from_on date NOT NULL,
      to_on date,
      cause text NOT NULL CONSTRAINT ck_stop_work_cause
        CHECK (cause IN ('ordered', 'weather', 'festival', 'delayed_start', 'suspended', 'other')),
      reason text NOT NULL CONSTRAINT ck_stop_work_reason CHECK (char_length(reason) BETWEEN 1 AND 1000),
      filed_by uuid NOT NULL CONSTRAINT fk_stop_work_filed_by REFERENCES account (id),
      filed_at timestamptz NOT NULL,
      CONSTRAINT pk_stop_work PRIMARY KEY (project_id, id),
      CONSTRAINT ck_stop_work_span CHECK (to_on >= from_on)
    )
    """,
    "CREATE INDEX ix_stop_work_from_on ON stop_work (project_id, from_on)",
    """
    CREATE TABLE stop_work_step (
      project_id uuid NOT NULL,
      stop_work_id uuid NOT NULL,
      seq integer NOT NULL CONSTRAINT ck_stop_work_step_seq CHECK (seq IN (1, 2)),
      kind text NOT NULL,
      last_on date,
      note text CONSTRAINT ck_stop_work_step_note CHECK (char_length(note) BETWEEN 1 AND 1000),
      taken_by uuid NOT NULL CONSTRAINT fk_stop_work_step_taken_by REFERENCES account (id),
      taken_at timestamptz NOT NULL,
      CONSTRAINT pk_stop_work_step PRIMARY KEY (project_id, stop_work_id, seq),
      CONSTRAINT fk_stop_work_step_stop FOREIGN KEY (project_id, stop_work_id)
        REFERENCES stop_work (project_id, id),
      -- Decided once, ended once at most.
      CONSTRAINT ck_stop_work_step_kind CHECK (
        (seq = 1 AND kind IN ('approved', 'refused') AND last_on IS NULL) OR
        (seq = 2 AND kind = 'ended' AND last_on IS NOT NULL))
    )
    """,
    *(f"SELECT make_append_only('{table}')" for table in FACTS),
    f"GRANT SELECT, INSERT ON {', '.join(FACTS)} TO daogang_app",
)


def upgrade() -> None:
    """Create the tables."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    for table in reversed(FACTS):
        op.execute(f"DROP TABLE {table}")
