"""Computations of rates: asked for, their figures, their end, and which of them were published; all rows are facts."""

from alembic import op

revision = "0049"
down_revision = "0048"
branch_labels = None
depends_on = None

FACTS = ("rate_computation", "rate_figure", "rate_computation_end", "rate_publication")

UP = (
    """
    CREATE TABLE rate_computation (
      id uuid CONSTRAINT pk_rate_computation PRIMARY KEY,
      no bigint GENERATED ALWAYS AS IDENTITY,
      month date NOT NULL CONSTRAINT ck_rate_computation_month CHECK (extract(day FROM month) = 1),
      district_id uuid CONSTRAINT fk_rate_computation_district REFERENCES district (id),
      project_id uuid CONSTRAINT fk_rate_computation_project REFERENCES project (id),
      rule_set_id uuid,
      rule_version integer,
      reason text NOT NULL CONSTRAINT ck_rate_computation_reason CHECK (char_length(reason) BETWEEN 1 AND 1000),
      asked_by uuid NOT NULL CONSTRAINT fk_rate_computation_asked_by REFERENCES account (id),
      asked_at timestamptz NOT NULL,
      CONSTRAINT fk_rate_computation_version FOREIGN KEY (rule_set_id, rule_version)
        REFERENCES rule_set_version (rule_set_id, version),
      CONSTRAINT ck_rate_computation_scope CHECK (num_nonnulls(district_id, project_id) <= 1),
      CONSTRAINT ck_rate_computation_version CHECK ((rule_set_id IS NULL) = (rule_version IS NULL))
    )
    """,
    "CREATE INDEX ix_rate_computation_month ON rate_computation (month)",
    """
    CREATE TABLE rate_figure (
      computation_id uuid NOT NULL CONSTRAINT fk_rate_figure_computation REFERENCES rate_computation (id),
      project_id uuid NOT NULL,
      post_id uuid NOT NULL,
      person_id uuid NOT NULL,
      post_kind text NOT NULL,
      rule_set_id uuid,
      rule_version integer NOT NULL,
      due integer NOT NULL,
      valid integer NOT NULL,
      own integer NOT NULL,
      likely integer NOT NULL,
      covered integer NOT NULL,
      rate integer,
      verdict text NOT NULL,
      CONSTRAINT pk_rate_figure PRIMARY KEY (project_id, computation_id, post_id, person_id)
    )
    """,
    "CREATE INDEX ix_rate_figure_computation_id ON rate_figure (computation_id)",
    """
    CREATE TABLE rate_computation_end (
      computation_id uuid CONSTRAINT pk_rate_computation_end PRIMARY KEY
        CONSTRAINT fk_rate_computation_end_computation REFERENCES rate_computation (id),
      ended_at timestamptz NOT NULL,
      figures integer NOT NULL,
      rules jsonb NOT NULL,
      digest bytea NOT NULL CONSTRAINT ck_rate_computation_end_digest CHECK (octet_length(digest) = 32)
    )
    """,
    # `replaces` is what was published for the same month and rows when this one was.
    """
    CREATE TABLE rate_publication (
      computation_id uuid CONSTRAINT pk_rate_publication PRIMARY KEY
        CONSTRAINT fk_rate_publication_end REFERENCES rate_computation_end (computation_id),
      replaces uuid CONSTRAINT fk_rate_publication_replaces REFERENCES rate_publication (computation_id)
        CONSTRAINT uq_rate_publication_replaces UNIQUE,
      note text CONSTRAINT ck_rate_publication_note CHECK (char_length(note) BETWEEN 1 AND 1000),
      published_by uuid NOT NULL CONSTRAINT fk_rate_publication_published_by REFERENCES account (id),
      published_at timestamptz NOT NULL
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
