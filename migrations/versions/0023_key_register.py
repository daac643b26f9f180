"""The register of gate keys: every step from the application to the end of a key, and the self-tests of pairing."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None

UP = (
    """
    CREATE TABLE gate_key_step (
      project_id uuid NOT NULL,
      id uuid NOT NULL,
      application_id uuid,
      step text NOT NULL CONSTRAINT ck_gate_key_step_step
        CHECK (step IN ('applied', 'withdrawn', 'rejected', 'approved', 'issued', 'replaced', 'revoked')),
      credential text NOT NULL CONSTRAINT ck_gate_key_step_credential
        CHECK (credential IN ('signing_key', 'access_token')),
      device_id uuid NOT NULL,
      key_id text,
      replaces_key_id text,
      expires_at timestamptz,
      made_at timestamptz NOT NULL,
      made_by uuid NOT NULL CONSTRAINT fk_gate_key_step_made_by REFERENCES account (id),
      reason text NOT NULL CONSTRAINT ck_gate_key_step_reason CHECK (char_length(reason) BETWEEN 1 AND 300),
      CONSTRAINT pk_gate_key_step PRIMARY KEY (project_id, id),
      CONSTRAINT fk_gate_key_step_device FOREIGN KEY (project_id, device_id) REFERENCES gate_device (project_id, id),
      CONSTRAINT uq_gate_key_step_once UNIQUE (application_id, step),
      -- Keys from before this register have no application.
      CONSTRAINT ck_gate_key_step_application CHECK (application_id IS NOT NULL OR step = 'revoked')
    )
    """,
    "CREATE INDEX ix_gate_key_step_made_at ON gate_key_step (made_at)",
    "CREATE INDEX ix_gate_key_step_device ON gate_key_step (project_id, device_id)",
    "SELECT make_append_only('gate_key_step')",
    """
    CREATE TABLE gate_self_test (
      project_id uuid NOT NULL,
      id uuid NOT NULL,
      device_id uuid NOT NULL,
      started_at timestamptz NOT NULL,
      until_at timestamptz NOT NULL,
      started_by uuid NOT NULL CONSTRAINT fk_gate_self_test_started_by REFERENCES account (id),
      CONSTRAINT pk_gate_self_test PRIMARY KEY (project_id, id),
      CONSTRAINT fk_gate_self_test_device FOREIGN KEY (project_id, device_id) REFERENCES gate_device (project_id, id),
      CONSTRAINT ck_gate_self_test_length CHECK (until_at > started_at)
    )
    """,
    "CREATE INDEX ix_gate_self_test_device ON gate_self_test (project_id, device_id)",
    "SELECT make_append_only('gate_self_test')",
    "GRANT SELECT, INSERT ON gate_key_step, gate_self_test TO daogang_app",
)


def upgrade() -> None:
    """Create the tables."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    op.execute("DROP TABLE gate_self_test")
    op.execute("DROP TABLE gate_key_step")
