"""Proofs of presence and their single use; both are facts."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None

UP = (
    """
    CREATE TABLE presence_proof (
      project_id uuid NOT NULL CONSTRAINT fk_presence_proof_project REFERENCES project (id),
      id uuid NOT NULL,
      person_id uuid NOT NULL CONSTRAINT fk_presence_proof_person REFERENCES person (id),
      phone_id uuid NOT NULL CONSTRAINT fk_presence_proof_phone REFERENCES phone (id),
      way text NOT NULL CONSTRAINT ck_presence_proof_way CHECK (way IN ('face', 'passkey', 'site_qr', 'witness')),
      outcome text NOT NULL CONSTRAINT ck_presence_proof_outcome
        CHECK (outcome IN ('passed', 'review', 'failed', 'not_evaluated')),
      trust text NOT NULL CONSTRAINT ck_presence_proof_trust CHECK (trust IN ('online', 'offline')),
      made_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      recorded_at timestamptz NOT NULL,
      facts jsonb NOT NULL CONSTRAINT ck_presence_proof_facts CHECK (jsonb_typeof(facts) = 'object'),
      CONSTRAINT ck_presence_proof_life CHECK (expires_at > made_at),
      CONSTRAINT pk_presence_proof PRIMARY KEY (project_id, id)
    )
    """,
    "CREATE INDEX ix_presence_proof_id ON presence_proof (id)",
    "CREATE INDEX ix_presence_proof_person_id ON presence_proof (person_id, made_at)",
    """
    CREATE TABLE presence_proof_use (
      project_id uuid NOT NULL,
      proof_id uuid NOT NULL,
      punch_id uuid NOT NULL,
      used_at timestamptz NOT NULL,
      CONSTRAINT pk_presence_proof_use PRIMARY KEY (project_id, proof_id),
      CONSTRAINT uq_presence_proof_use_punch UNIQUE (project_id, punch_id),
      CONSTRAINT fk_presence_proof_use_proof FOREIGN KEY (project_id, proof_id)
        REFERENCES presence_proof (project_id, id)
    )
    """,
    "SELECT make_append_only('presence_proof')",
    "SELECT make_append_only('presence_proof_use')",
    "GRANT SELECT, INSERT ON presence_proof, presence_proof_use TO daogang_app",
)


def upgrade() -> None:
    """Create the tables."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP TABLE presence_proof_use")
    op.execute("DROP TABLE presence_proof")
