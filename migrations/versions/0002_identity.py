"""Accounts, role grants, sessions, phones, rate counters and the audit log."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

UP = (
    """
    CREATE TABLE account (
      id uuid CONSTRAINT pk_account PRIMARY KEY,
      kind text NOT NULL CONSTRAINT ck_account_kind CHECK (kind IN ('staff', 'person')),
      display_name text NOT NULL CONSTRAINT ck_account_display_name CHECK (char_length(display_name) BETWEEN 1 AND 100),
      username text CONSTRAINT ck_account_username CHECK (username ~ '^[a-z0-9][a-z0-9._-]{1,62}$'),
      password_hash text,
      person_id uuid,
      phone_cipher bytea,
      phone_blind bytea,
      state text NOT NULL DEFAULT 'active' CONSTRAINT ck_account_state CHECK (state IN ('active', 'disabled')),
      created_at timestamptz NOT NULL,
      disabled_at timestamptz,
      CONSTRAINT uq_account_username UNIQUE (username),
      CONSTRAINT uq_account_phone_blind UNIQUE (phone_blind),
      CONSTRAINT uq_account_person_id UNIQUE (person_id),
      CONSTRAINT ck_account_log_in CHECK (
        (kind = 'staff' AND username IS NOT NULL AND person_id IS NULL)
        OR (kind = 'person' AND person_id IS NOT NULL AND phone_blind IS NOT NULL)),
      CONSTRAINT ck_account_phone CHECK ((phone_cipher IS NULL) = (phone_blind IS NULL))
    )
    """,
    """
    CREATE TABLE role_grant (
      id uuid CONSTRAINT pk_role_grant PRIMARY KEY,
      account_id uuid NOT NULL CONSTRAINT fk_role_grant_account REFERENCES account (id),
      role text NOT NULL CONSTRAINT ck_role_grant_role CHECK (role IN ('operator', 'city', 'district', 'owner',
        'contractor', 'supervisor', 'project_admin', 'key_person', 'vendor', 'auditor')),
      district_id uuid,
      project_id uuid,
      party_id uuid,
      granted_by uuid CONSTRAINT fk_role_grant_granted_by REFERENCES account (id),
      granted_at timestamptz NOT NULL,
      revoked_at timestamptz,
      CONSTRAINT ck_role_grant_rows CHECK (
        (district_id IS NULL OR project_id IS NULL) AND (party_id IS NULL OR project_id IS NOT NULL))
    )
    """,
    "CREATE INDEX ix_role_grant_account_id ON role_grant (account_id) WHERE revoked_at IS NULL",
    """
    CREATE UNIQUE INDEX uq_role_grant_live ON role_grant (account_id, role,
      coalesce(district_id, '00000000-0000-0000-0000-000000000000'),
      coalesce(project_id, '00000000-0000-0000-0000-000000000000'),
      coalesce(party_id, '00000000-0000-0000-0000-000000000000')) WHERE revoked_at IS NULL
    """,
    """
    CREATE TABLE phone (
      id uuid CONSTRAINT pk_phone PRIMARY KEY,
      account_id uuid NOT NULL CONSTRAINT fk_phone_account REFERENCES account (id),
      install_id uuid NOT NULL,
      public_key bytea CONSTRAINT ck_phone_public_key CHECK (octet_length(public_key) <= 200),
      platform text NOT NULL CONSTRAINT ck_phone_platform CHECK (platform IN ('android', 'ios', 'web')),
      bound_at timestamptz NOT NULL,
      revoked_at timestamptz,
      CONSTRAINT uq_phone_install UNIQUE (account_id, install_id)
    )
    """,
    "CREATE INDEX ix_phone_install_id ON phone (install_id)",
    """
    CREATE TABLE session_family (
      id uuid CONSTRAINT pk_session_family PRIMARY KEY,
      account_id uuid NOT NULL CONSTRAINT fk_session_family_account REFERENCES account (id),
      phone_id uuid CONSTRAINT fk_session_family_phone REFERENCES phone (id),
      created_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      revoked_at timestamptz,
      revoke_reason text
    )
    """,
    "CREATE INDEX ix_session_family_account_id ON session_family (account_id)",
    """
    CREATE TABLE refresh_token (
      id uuid CONSTRAINT pk_refresh_token PRIMARY KEY,
      family_id uuid NOT NULL CONSTRAINT fk_refresh_token_family REFERENCES session_family (id) ON DELETE CASCADE,
      parent_id uuid CONSTRAINT fk_refresh_token_parent REFERENCES refresh_token (id) ON DELETE CASCADE,
      secret_hash bytea NOT NULL CONSTRAINT ck_refresh_token_secret_hash CHECK (octet_length(secret_hash) = 32),
      issued_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      used_at timestamptz,
      CONSTRAINT uq_refresh_token_secret_hash UNIQUE (secret_hash)
    )
    """,
    "CREATE INDEX ix_refresh_token_family_id ON refresh_token (family_id)",
    "CREATE INDEX ix_refresh_token_parent_id ON refresh_token (parent_id)",
    """
    CREATE TABLE sms_code (
      id uuid CONSTRAINT pk_sms_code PRIMARY KEY,
      phone_blind bytea NOT NULL,
      code_hash bytea NOT NULL,
      issued_at timestamptz NOT NULL,
      expires_at timestamptz NOT NULL,
      attempts smallint NOT NULL DEFAULT 0,
      used_at timestamptz
    )
    """,
    "CREATE INDEX ix_sms_code_phone_blind ON sms_code (phone_blind, issued_at)",
    """
    CREATE TABLE rate_counter (
      bucket text NOT NULL,
      window_start timestamptz NOT NULL,
      hits integer NOT NULL,
      CONSTRAINT pk_rate_counter PRIMARY KEY (bucket, window_start)
    )
    """,
    """
    CREATE TABLE audit_event (
      id uuid CONSTRAINT pk_audit_event PRIMARY KEY,
      at timestamptz NOT NULL,
      actor_id uuid,
      action text NOT NULL,
      object_type text NOT NULL,
      object_id text NOT NULL,
      project_id uuid,
      detail jsonb NOT NULL DEFAULT '{}',
      request_id text
    )
    """,
    "CREATE INDEX ix_audit_event_at ON audit_event (at)",
    "CREATE INDEX ix_audit_event_object ON audit_event (object_type, object_id)",
    "SELECT make_append_only('audit_event')",
    "GRANT SELECT, INSERT ON audit_event TO daogang_app",
    "GRANT SELECT, INSERT, UPDATE ON account, role_grant, phone, session_family TO daogang_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON refresh_token, sms_code, rate_counter TO daogang_app",
)

TABLES = (
    "audit_event",
    "rate_counter",
    "sms_code",
    "refresh_token",
    "session_family",
    "phone",
    "role_grant",
    "account",
)


def upgrade() -> None:
    """Create the tables of backend.identity."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
