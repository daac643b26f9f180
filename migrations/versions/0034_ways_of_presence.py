"""Ways of showing presence: choices, passkeys and their challenges, site codes, witnesses, signs of collusion."""

from alembic import op

revision = "0034"
down_revision = "0033"
branch_labels = None
depends_on = None

FACTS = (
    "presence_choice",
    "site_code",
    "site_code_end",
    "site_code_scan",
    "witness_request",
    "witness_statement",
    "presence_signal",
)

UP = (
    """
    CREATE TABLE presence_choice (
      id uuid CONSTRAINT pk_presence_choice PRIMARY KEY,
      person_id uuid NOT NULL CONSTRAINT fk_presence_choice_person REFERENCES person (id),
      phone_id uuid CONSTRAINT fk_presence_choice_phone REFERENCES phone (id),
      way text NOT NULL CONSTRAINT ck_presence_choice_way CHECK (way IN ('face', 'passkey', 'site_qr', 'witness')),
      cause text NOT NULL CONSTRAINT ck_presence_choice_cause CHECK (cause IN ('chosen', 'consent_withdrawn')),
      chosen_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX ix_presence_choice_person_id ON presence_choice (person_id, chosen_at)",
    """
    CREATE TABLE passkey (
      id uuid CONSTRAINT pk_passkey PRIMARY KEY,
      person_id uuid NOT NULL CONSTRAINT fk_passkey_person REFERENCES person (id),
      phone_id uuid NOT NULL CONSTRAINT fk_passkey_phone REFERENCES phone (id),
      credential_id bytea NOT NULL CONSTRAINT uq_passkey_credential_id UNIQUE
        CONSTRAINT ck_passkey_credential_id CHECK (octet_length(credential_id) BETWEEN 1 AND 1023),
      public_key bytea NOT NULL,
      sign_count bigint NOT NULL CONSTRAINT ck_passkey_sign_count CHECK (sign_count >= 0),
      synced boolean NOT NULL,
      aaguid text NOT NULL,
      created_at timestamptz NOT NULL,
      last_used_at timestamptz,
      ended_at timestamptz,
      end_reason text CONSTRAINT ck_passkey_end_reason CHECK (end_reason IN ('removed', 'cloned')),
      CONSTRAINT ck_passkey_end CHECK ((ended_at IS NULL) = (end_reason IS NULL))
    )
    """,
    "CREATE INDEX ix_passkey_person_id ON passkey (person_id)",
    """
    CREATE TABLE passkey_challenge (
      id uuid CONSTRAINT pk_passkey_challenge PRIMARY KEY,
      purpose text NOT NULL CONSTRAINT ck_passkey_challenge_purpose CHECK (purpose IN ('register', 'show')),
      person_id uuid NOT NULL CONSTRAINT fk_passkey_challenge_person REFERENCES person (id),
      phone_id uuid NOT NULL CONSTRAINT fk_passkey_challenge_phone REFERENCES phone (id),
      project_id uuid CONSTRAINT fk_passkey_challenge_project REFERENCES project (id),
      challenge bytea NOT NULL CONSTRAINT ck_passkey_challenge_length CHECK (octet_length(challenge) = 32),
      issued_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      used_at timestamptz,
      CONSTRAINT ck_passkey_challenge_project CHECK ((project_id IS NOT NULL) = (purpose = 'show'))
    )
    """,
    "CREATE INDEX ix_passkey_challenge_expires_at ON passkey_challenge (expires_at)",
    """
    CREATE TABLE site_code (
      project_id uuid NOT NULL CONSTRAINT fk_site_code_project REFERENCES project (id),
      id uuid NOT NULL,
      name text NOT NULL CONSTRAINT ck_site_code_name CHECK (char_length(name) BETWEEN 1 AND 100),
      secret_cipher bytea NOT NULL,
      screen_hash bytea NOT NULL CONSTRAINT uq_site_code_screen_hash UNIQUE
        CONSTRAINT ck_site_code_screen_hash CHECK (octet_length(screen_hash) = 32),
      created_at timestamptz NOT NULL,
      created_by uuid NOT NULL CONSTRAINT fk_site_code_created_by REFERENCES account (id),
      CONSTRAINT pk_site_code PRIMARY KEY (project_id, id)
    )
    """,
    "CREATE UNIQUE INDEX uq_site_code_id ON site_code (id)",
    """
    CREATE TABLE site_code_end (
      project_id uuid NOT NULL,
      code_id uuid NOT NULL,
      ended_at timestamptz NOT NULL,
      ended_by uuid NOT NULL CONSTRAINT fk_site_code_end_ended_by REFERENCES account (id),
      CONSTRAINT pk_site_code_end PRIMARY KEY (project_id, code_id),
      CONSTRAINT fk_site_code_end_code FOREIGN KEY (project_id, code_id) REFERENCES site_code (project_id, id)
    )
    """,
    """
    CREATE TABLE site_code_scan (
      project_id uuid NOT NULL,
      code_id uuid NOT NULL,
      step bigint NOT NULL,
      person_id uuid NOT NULL CONSTRAINT fk_site_code_scan_person REFERENCES person (id),
      proof_id uuid NOT NULL,
      scanned_at timestamptz NOT NULL,
      CONSTRAINT pk_site_code_scan PRIMARY KEY (project_id, code_id, step, person_id),
      CONSTRAINT fk_site_code_scan_code FOREIGN KEY (project_id, code_id) REFERENCES site_code (project_id, id),
      CONSTRAINT fk_site_code_scan_proof FOREIGN KEY (project_id, proof_id) REFERENCES presence_proof (project_id, id)
    )
    """,
    """
    CREATE TABLE witness_request (
      project_id uuid NOT NULL CONSTRAINT fk_witness_request_project REFERENCES project (id),
      id uuid NOT NULL,
      person_id uuid NOT NULL CONSTRAINT fk_witness_request_person REFERENCES person (id),
      phone_id uuid NOT NULL CONSTRAINT fk_witness_request_phone REFERENCES phone (id),
      code_hash bytea NOT NULL CONSTRAINT uq_witness_request_code_hash UNIQUE,
      place text NOT NULL CONSTRAINT ck_witness_request_place CHECK (place IN ('counted', 'review', 'refused')),
      asked_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      CONSTRAINT pk_witness_request PRIMARY KEY (project_id, id)
    )
    """,
    "CREATE INDEX ix_witness_request_person_id ON witness_request (person_id, asked_at)",
    """
    CREATE TABLE witness_statement (
      project_id uuid NOT NULL,
      request_id uuid NOT NULL,
      person_id uuid NOT NULL CONSTRAINT fk_witness_statement_person REFERENCES person (id),
      witness_id uuid NOT NULL CONSTRAINT fk_witness_statement_witness REFERENCES person (id),
      witness_phone_id uuid NOT NULL CONSTRAINT fk_witness_statement_phone REFERENCES phone (id),
      place text NOT NULL CONSTRAINT ck_witness_statement_place CHECK (place IN ('counted', 'review', 'refused')),
      proof_id uuid NOT NULL,
      stated_at timestamptz NOT NULL,
      CONSTRAINT pk_witness_statement PRIMARY KEY (project_id, request_id),
      CONSTRAINT ck_witness_statement_other CHECK (witness_id <> person_id),
      CONSTRAINT fk_witness_statement_request FOREIGN KEY (project_id, request_id)
        REFERENCES witness_request (project_id, id),
      CONSTRAINT fk_witness_statement_proof FOREIGN KEY (project_id, proof_id)
        REFERENCES presence_proof (project_id, id)
    )
    """,
    "CREATE INDEX ix_witness_statement_witness_id ON witness_statement (witness_id, stated_at)",
    "CREATE INDEX ix_witness_statement_person_id ON witness_statement (person_id, stated_at)",
    """
    CREATE TABLE presence_signal (
      project_id uuid NOT NULL CONSTRAINT fk_presence_signal_project REFERENCES project (id),
      id uuid NOT NULL,
      person_id uuid NOT NULL CONSTRAINT fk_presence_signal_person REFERENCES person (id),
      kind text NOT NULL CONSTRAINT ck_presence_signal_kind
        CHECK (kind IN ('witnesses_in_turn', 'one_witness_only', 'passkey_cloned')),
      subject text NOT NULL CONSTRAINT ck_presence_signal_subject CHECK (char_length(subject) <= 200),
      found_at timestamptz NOT NULL,
      evidence jsonb NOT NULL,
      CONSTRAINT pk_presence_signal PRIMARY KEY (project_id, id),
      CONSTRAINT uq_presence_signal_subject UNIQUE (project_id, kind, subject)
    )
    """,
    *(f"SELECT make_append_only('{table}')" for table in FACTS),
    f"GRANT SELECT, INSERT ON {', '.join(FACTS)} TO daogang_app",
    "GRANT SELECT, INSERT ON passkey, passkey_challenge TO daogang_app",
    "GRANT UPDATE (sign_count, last_used_at, ended_at, end_reason) ON passkey TO daogang_app",
    "GRANT UPDATE (used_at), DELETE ON passkey_challenge TO daogang_app",
)


def upgrade() -> None:
    """Create the tables."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    for table in (*reversed(FACTS), "passkey_challenge", "passkey"):
        op.execute(f"DROP TABLE {table}")
