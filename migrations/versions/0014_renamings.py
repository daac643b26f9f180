"""The names that people had: the audit log, of which nothing is ever taken out, refers to them and holds no name."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

UP = (
    """
    CREATE TABLE person_renaming (
      id uuid CONSTRAINT pk_person_renaming PRIMARY KEY,
      person_id uuid NOT NULL CONSTRAINT fk_person_renaming_person REFERENCES person (id),
      name_before text NOT NULL,
      name_after text NOT NULL CONSTRAINT ck_person_renaming_differs CHECK (name_after <> name_before),
      renamed_at timestamptz NOT NULL,
      renamed_by uuid NOT NULL CONSTRAINT fk_person_renaming_renamed_by REFERENCES account (id)
    )
    """,
    "CREATE INDEX ix_person_renaming_person_id ON person_renaming (person_id, id)",
    "GRANT SELECT, INSERT ON person_renaming TO daogang_app",
)


def upgrade() -> None:
    """Create the table."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop it."""
    op.execute("DROP TABLE person_renaming")
