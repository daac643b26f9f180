"""Make-ups, appeals and leave: dated rules, black-outs, what was filed, each step, and where it stands."""

from alembic import op

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

FACTS = ("request_rule", "request_filing", "request_step")

UP = (
    """
    CREATE TABLE request_rule (
      id uuid CONSTRAINT pk_request_rule PRIMARY KEY,
      kind text NOT NULL CONSTRAINT ck_request_rule_kind CHECK (kind IN ('review', 'make_up', 'appeal', 'leave')),
      district_id uuid CONSTRAINT fk_request_rule_district REFERENCES district (id),
      project_id uuid CONSTRAINT fk_request_rule_project REFERENCES project (id),
      valid_from date NOT NULL,
      body jsonb NOT NULL,
      set_by uuid NOT NULL CONSTRAINT fk_request_rule_set_by REFERENCES account (id),
      set_at timestamptz NOT NULL,
      CONSTRAINT ck_request_rule_place CHECK (num_nonnulls(district_id, project_id) <= 1)
    )
    """,
    "CREATE INDEX ix_request_rule_kind ON request_rule (kind, valid_from)",
    # No leave in these days; those of city, district and project hold together. Empty `posts`: for all.
    """
    CREATE TABLE leave_black_out (
      id uuid CONSTRAINT pk_leave_black_out PRIMARY KEY,
      district_id uuid CONSTRAINT fk_leave_black_out_district REFERENCES district (id),
      project_id uuid CONSTRAINT fk_leave_black_out_project REFERENCES project (id),
      first_on date NOT NULL,
      last_on date NOT NULL,
      name text NOT NULL CONSTRAINT ck_leave_black_out_name CHECK (char_length(name) BETWEEN 1 AND 100),
      posts text[] NOT NULL,
      set_by uuid NOT NULL CONSTRAINT fk_leave_black_out_set_by REFERENCES account (id),
      set_at timestamptz NOT NULL,
      lifted_by uuid CONSTRAINT fk_leave_black_out_lifted_by REFERENCES account (id),
      lifted_at timestamptz,
      CONSTRAINT ck_leave_black_out_place CHECK (num_nonnulls(district_id, project_id) <= 1),
      CONSTRAINT ck_leave_black_out_days CHECK (first_on <= last_on),
      CONSTRAINT ck_leave_black_out_lifted CHECK ((lifted_by IS NULL) = (lifted_at IS NULL))
    )
    """,
    "CREATE INDEX ix_leave_black_out_last_on ON leave_black_out (last_on)",
    # What somebody asked for, as he asked for it. The party is the one by which he was on the project then.
    """
    CREATE TABLE request_filing (
      project_id uuid NOT NULL CONSTRAINT fk_request_filing_project REFERENCES project (id),
      id uuid NOT NULL,
      kind text NOT NULL CONSTRAINT ck_request_filing_kind CHECK (kind IN ('make_up', 'appeal', 'leave')),
      person_id uuid NOT NULL CONSTRAINT fk_request_filing_person REFERENCES person (id),
      party_id uuid NOT NULL,
      post_kind text NOT NULL,
      first_on date NOT NULL,
      last_on date NOT NULL,
      reason text NOT NULL CONSTRAINT ck_request_filing_reason CHECK (reason ~ '^[a-z]+(_[a-z]+)*$'),
      statement text NOT NULL CONSTRAINT ck_request_filing_statement CHECK (char_length(statement) <= 1000),
      photos bytea[] NOT NULL CONSTRAINT ck_request_filing_photos CHECK (cardinality(photos) <= 9),
      against text CONSTRAINT ck_request_filing_against CHECK (against IN ('punch', 'day', 'decision')),
      punch_id uuid,
      decision_id uuid,
      deputy_id uuid CONSTRAINT fk_request_filing_deputy REFERENCES person (id),
      counted_days smallint,
      rule_id uuid CONSTRAINT fk_request_filing_rule REFERENCES request_rule (id),
      filed_at timestamptz NOT NULL,
      filed_by uuid NOT NULL CONSTRAINT fk_request_filing_filed_by REFERENCES account (id),
      digest bytea NOT NULL CONSTRAINT ck_request_filing_digest CHECK (octet_length(digest) = 32),
      CONSTRAINT pk_request_filing PRIMARY KEY (project_id, id),
      CONSTRAINT uq_request_filing_id UNIQUE (id),
      CONSTRAINT fk_request_filing_party FOREIGN KEY (project_id, party_id) REFERENCES project_party (project_id, id),
      CONSTRAINT fk_request_filing_decision FOREIGN KEY (project_id, decision_id)
        REFERENCES request_filing (project_id, id),
      CONSTRAINT ck_request_filing_days CHECK (first_on <= last_on),
      CONSTRAINT ck_request_filing_one_day CHECK (kind = 'leave' OR first_on = last_on),
      CONSTRAINT ck_request_filing_appeal CHECK ((kind = 'appeal') = (against IS NOT NULL)),
      CONSTRAINT ck_request_filing_punch CHECK ((against IS NOT DISTINCT FROM 'punch') = (punch_id IS NOT NULL)),
      CONSTRAINT ck_request_filing_of_decision
        CHECK ((against IS NOT DISTINCT FROM 'decision') = (decision_id IS NOT NULL)),
      CONSTRAINT ck_request_filing_deputy CHECK (deputy_id IS NULL OR (kind = 'leave' AND deputy_id <> person_id)),
      CONSTRAINT ck_request_filing_counted CHECK ((kind = 'leave') = (counted_days IS NOT NULL))
    )
    """,
    "CREATE INDEX ix_request_filing_person_id ON request_filing (person_id, filed_at)",
    # The punches that are asked for. One that stands is alone for its day and direction; `punch_id` once it is made.
    """
    CREATE TABLE request_claim (
      project_id uuid NOT NULL,
      request_id uuid NOT NULL,
      direction text NOT NULL CONSTRAINT ck_request_claim_direction CHECK (direction IN ('in', 'out')),
      kind text NOT NULL CONSTRAINT ck_request_claim_kind CHECK (kind IN ('make_up', 'appeal')),
      person_id uuid NOT NULL CONSTRAINT fk_request_claim_person REFERENCES person (id),
      work_on date NOT NULL,
      at timestamptz NOT NULL,
      stands boolean NOT NULL,
      punch_id uuid,
      CONSTRAINT pk_request_claim PRIMARY KEY (project_id, request_id, direction),
      CONSTRAINT fk_request_claim_filing FOREIGN KEY (project_id, request_id)
        REFERENCES request_filing (project_id, id),
      CONSTRAINT ck_request_claim_punch CHECK (punch_id IS NULL OR stands)
    )
    """,
    """
    CREATE UNIQUE INDEX uq_request_claim_standing ON request_claim (project_id, person_id, work_on, direction)
      WHERE stands
    """,
    """
    CREATE TABLE request_step (
      project_id uuid NOT NULL,
      request_id uuid NOT NULL,
      seq integer NOT NULL CONSTRAINT ck_request_step_seq CHECK (seq >= 1),
      kind text NOT NULL CONSTRAINT ck_request_step_kind CHECK (kind IN ('filed', 'deputy_confirmed', 'deputy_declined',
        'endorsed', 'approved', 'rejected', 'withdrawn', 'escalated', 'overturned')),
      at timestamptz NOT NULL,
      account_id uuid CONSTRAINT fk_request_step_account REFERENCES account (id),
      note text CONSTRAINT ck_request_step_note CHECK (char_length(note) BETWEEN 1 AND 1000),
      appeal_id uuid,
      CONSTRAINT pk_request_step PRIMARY KEY (project_id, request_id, seq),
      CONSTRAINT fk_request_step_filing FOREIGN KEY (project_id, request_id) REFERENCES request_filing (project_id, id),
      CONSTRAINT fk_request_step_appeal FOREIGN KEY (project_id, appeal_id) REFERENCES request_filing (project_id, id),
      CONSTRAINT ck_request_step_named CHECK ((kind = 'escalated') = (account_id IS NULL)),
      -- Who says no says why, and so does who lets a person's word count.
      CONSTRAINT ck_request_step_why
        CHECK (kind NOT IN ('approved', 'rejected', 'deputy_declined', 'overturned') OR note IS NOT NULL),
      CONSTRAINT ck_request_step_overturned CHECK ((kind = 'overturned') = (appeal_id IS NOT NULL))
    )
    """,
    # Can be rebuilt from filing and steps.
    """
    CREATE TABLE request_state (
      project_id uuid NOT NULL,
      request_id uuid NOT NULL,
      kind text NOT NULL,
      person_id uuid NOT NULL,
      first_on date NOT NULL,
      last_on date NOT NULL,
      subject text,
      state text NOT NULL CONSTRAINT ck_request_state_state
        CHECK (state IN ('deputy', 'endorsing', 'deciding', 'approved', 'rejected', 'withdrawn')),
      seq integer NOT NULL,
      level smallint NOT NULL CONSTRAINT ck_request_state_level CHECK (level BETWEEN 0 AND 2),
      due_on date NOT NULL,
      changed_at timestamptz NOT NULL,
      CONSTRAINT pk_request_state PRIMARY KEY (project_id, request_id),
      CONSTRAINT fk_request_state_filing FOREIGN KEY (project_id, request_id)
        REFERENCES request_filing (project_id, id),
      CONSTRAINT ex_request_state_leave EXCLUDE USING gist
        (project_id WITH =, person_id WITH =, daterange(first_on, last_on, '[]') WITH &&)
        WHERE (kind = 'leave' AND state NOT IN ('rejected', 'withdrawn'))
    ) WITH (fillfactor = 80)
    """,
    """
    CREATE UNIQUE INDEX uq_request_state_subject ON request_state (project_id, person_id, subject)
      WHERE subject IS NOT NULL AND state <> 'withdrawn'
    """,
    "CREATE INDEX ix_request_state_person_id ON request_state (person_id, kind, first_on)",
    """
    CREATE INDEX ix_request_state_open ON request_state (due_on)
      WHERE state IN ('deputy', 'endorsing', 'deciding')
    """,
    "CREATE INDEX ix_request_state_project ON request_state (project_id, kind, first_on)",
    # What waits for somebody's ruling, oldest first.
    """
    CREATE INDEX ix_punch_status_review ON punch_status (project_id, received_at, punch_id) WHERE outcome = 'review'
    """,
    *(f"SELECT make_append_only('{table}')" for table in FACTS),
    f"GRANT SELECT, INSERT ON {', '.join(FACTS)} TO daogang_app",
    "GRANT SELECT, INSERT, UPDATE (stands, punch_id) ON request_claim TO daogang_app",
    "GRANT SELECT, INSERT, UPDATE (state, seq, level, due_on, changed_at) ON request_state TO daogang_app",
    "GRANT SELECT, INSERT, UPDATE (lifted_by, lifted_at) ON leave_black_out TO daogang_app",
)

TABLES = (
    "request_state",
    "request_step",
    "request_claim",
    "request_filing",
    "leave_black_out",
    "request_rule",
)


def upgrade() -> None:
    """Create the tables."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP INDEX ix_punch_status_review")
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
