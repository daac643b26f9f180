"""Consents, given and withdrawn, and the deletions that follow; all rows are facts."""

from alembic import op

revision = "0040"
down_revision = "0039"
branch_labels = None
depends_on = None

FACTS = ("consent_act", "consent_erasure", "consent_erasure_end", "face_stock_count")

UP = (
    """
    CREATE TABLE consent_act (
      id uuid CONSTRAINT pk_consent_act PRIMARY KEY,
      no bigint GENERATED ALWAYS AS IDENTITY,
      person_id uuid NOT NULL CONSTRAINT fk_consent_act_person REFERENCES person (id),
      phone_id uuid NOT NULL CONSTRAINT fk_consent_act_phone REFERENCES phone (id),
      purpose text NOT NULL CONSTRAINT ck_consent_act_purpose CHECK (purpose IN ('face_check', 'face_reference')),
      step text NOT NULL CONSTRAINT ck_consent_act_step CHECK (step IN ('given', 'withdrawn')),
      text_version smallint NOT NULL CONSTRAINT ck_consent_act_text_version CHECK (text_version > 0),
      text_digest bytea NOT NULL CONSTRAINT ck_consent_act_text_digest CHECK (octet_length(text_digest) = 32),
      language text NOT NULL,
      acted_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX ix_consent_act_person_id ON consent_act (person_id, purpose, no)",
    """
    CREATE TABLE consent_erasure (
      act_id uuid CONSTRAINT pk_consent_erasure PRIMARY KEY
        CONSTRAINT fk_consent_erasure_act REFERENCES consent_act (id),
      person_id uuid NOT NULL CONSTRAINT fk_consent_erasure_person REFERENCES person (id),
      purpose text NOT NULL,
      asked_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE consent_erasure_end (
      act_id uuid CONSTRAINT pk_consent_erasure_end PRIMARY KEY
        CONSTRAINT fk_consent_erasure_end_erasure REFERENCES consent_erasure (act_id),
      erased_at timestamptz NOT NULL,
      erased integer NOT NULL CONSTRAINT ck_consent_erasure_end_erased CHECK (erased >= 0),
      digests bytea[] NOT NULL,
      CONSTRAINT ck_consent_erasure_end_digests CHECK (cardinality(digests) = erased)
    )
    """,
    """
    CREATE TABLE face_stock_count (
      counted_at timestamptz CONSTRAINT pk_face_stock_count PRIMARY KEY,
      people integer NOT NULL CONSTRAINT ck_face_stock_count_people CHECK (people >= 0),
      alarm boolean NOT NULL
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
