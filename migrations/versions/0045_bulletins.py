"""Bulletins with their editions, and what each scope wants of them; all rows are facts."""

from alembic import op

revision = "0045"
down_revision = "0044"
branch_labels = None
depends_on = None

FACTS = ("bulletin", "bulletin_edition", "bulletin_setting")

UP = (
    """
    CREATE TABLE bulletin (
      id uuid CONSTRAINT pk_bulletin PRIMARY KEY,
      kind text NOT NULL CONSTRAINT ck_bulletin_kind CHECK (kind IN ('daily', 'weekly')),
      district_id uuid CONSTRAINT fk_bulletin_district REFERENCES district (id),
      from_on date NOT NULL,
      to_on date NOT NULL,
      created_at timestamptz NOT NULL,
      CONSTRAINT uq_bulletin_period UNIQUE NULLS NOT DISTINCT (kind, from_on, district_id),
      CONSTRAINT ck_bulletin_span CHECK (
        (kind = 'daily' AND to_on = from_on) OR
        (kind = 'weekly' AND to_on = from_on + 6 AND extract(isodow FROM from_on) = 1))
    )
    """,
    "CREATE INDEX ix_bulletin_district_id ON bulletin (district_id)",
    """
    CREATE TABLE bulletin_edition (
      bulletin_id uuid NOT NULL CONSTRAINT fk_bulletin_edition_bulletin REFERENCES bulletin (id),
      edition integer NOT NULL CONSTRAINT ck_bulletin_edition_edition CHECK (edition >= 1),
      content bytea NOT NULL,
      digest bytea NOT NULL,
      ledger_entry bigint NOT NULL,
      reason text CONSTRAINT ck_bulletin_edition_reason CHECK (char_length(reason) BETWEEN 1 AND 1000),
      issuer text CONSTRAINT ck_bulletin_edition_issuer CHECK (char_length(issuer) BETWEEN 1 AND 100),
      issued_by uuid CONSTRAINT fk_bulletin_edition_issued_by REFERENCES account (id),
      issued_at timestamptz NOT NULL,
      CONSTRAINT pk_bulletin_edition PRIMARY KEY (bulletin_id, edition),
      -- A digest of something else cannot be stored.
      CONSTRAINT ck_bulletin_edition_digest CHECK (digest = sha256(content)),
      -- The first edition needs no reason, every other one has one and somebody who gives it.
      CONSTRAINT ck_bulletin_edition_again CHECK (
        (edition = 1 AND reason IS NULL) OR (edition > 1 AND reason IS NOT NULL AND issued_by IS NOT NULL))
    )
    """,
    """
    CREATE TABLE bulletin_setting (
      id uuid CONSTRAINT pk_bulletin_setting PRIMARY KEY,
      district_id uuid CONSTRAINT fk_bulletin_setting_district REFERENCES district (id),
      body jsonb NOT NULL,
      set_by uuid NOT NULL CONSTRAINT fk_bulletin_setting_set_by REFERENCES account (id),
      set_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX ix_bulletin_setting_scope ON bulletin_setting (district_id, id)",
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
