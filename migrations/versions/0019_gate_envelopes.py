"""What terminals of other makers sent: raw envelopes, unread lines, remarks, links of photos, events of strangers."""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

DEVICE = "FOREIGN KEY (project_id, device_id) REFERENCES gate_device (project_id, id)"

UP = (
    f"""
    CREATE TABLE gate_envelope (
      project_id uuid NOT NULL,
      id uuid NOT NULL,
      device_id uuid NOT NULL,
      received_at timestamptz NOT NULL,
      subject text NOT NULL CONSTRAINT ck_gate_envelope_subject CHECK (char_length(subject) BETWEEN 1 AND 100),
      sha256 bytea NOT NULL CONSTRAINT ck_gate_envelope_sha256 CHECK (octet_length(sha256) = 32),
      size integer NOT NULL,
      key_id uuid NOT NULL,
      sealed bytea NOT NULL,
      times integer NOT NULL DEFAULT 1,
      last_received_at timestamptz NOT NULL,
      recorded_at timestamptz,
      rows integer,
      unread integer,
      CONSTRAINT pk_gate_envelope PRIMARY KEY (project_id, id),
      CONSTRAINT uq_gate_envelope_sha256 UNIQUE (project_id, device_id, subject, sha256),
      CONSTRAINT fk_gate_envelope_device {DEVICE}
    )
    """,
    "CREATE INDEX ix_gate_envelope_received_at ON gate_envelope (received_at)",
    """
    CREATE TABLE gate_unread_line (
      project_id uuid NOT NULL,
      envelope_id uuid NOT NULL,
      number integer NOT NULL,
      device_id uuid NOT NULL,
      received_at timestamptz NOT NULL,
      reason text NOT NULL,
      text text NOT NULL CONSTRAINT ck_gate_unread_line_text CHECK (char_length(text) <= 400),
      CONSTRAINT pk_gate_unread_line PRIMARY KEY (project_id, envelope_id, number),
      CONSTRAINT fk_gate_unread_line_envelope FOREIGN KEY (project_id, envelope_id)
        REFERENCES gate_envelope (project_id, id) ON DELETE CASCADE
    )
    """,
    "CREATE INDEX ix_gate_unread_line_device ON gate_unread_line (project_id, device_id, envelope_id)",
    f"""
    CREATE TABLE gate_remark (
      project_id uuid NOT NULL,
      device_id uuid NOT NULL,
      key text NOT NULL CONSTRAINT ck_gate_remark_key CHECK (char_length(key) BETWEEN 1 AND 300),
      id bigint GENERATED ALWAYS AS IDENTITY,
      kind text NOT NULL CONSTRAINT ck_gate_remark_kind CHECK (kind IN
        ('tamper', 'alarm', 'audit', 'telemetry', 'gap', 'hardware', 'conflict', 'dropped')),
      code text NOT NULL,
      at timestamptz,
      received_at timestamptz NOT NULL,
      detail jsonb NOT NULL,
      CONSTRAINT pk_gate_remark PRIMARY KEY (project_id, device_id, key),
      CONSTRAINT uq_gate_remark_id UNIQUE (id),
      CONSTRAINT fk_gate_remark_device {DEVICE}
    )
    """,
    "CREATE INDEX ix_gate_remark_kind ON gate_remark (project_id, device_id, kind, at)",
    "CREATE INDEX ix_gate_remark_received_at ON gate_remark (received_at)",
    f"""
    CREATE TABLE gate_photo_link (
      project_id uuid NOT NULL,
      device_id uuid NOT NULL,
      sha256 text NOT NULL CONSTRAINT ck_gate_photo_link_sha256 CHECK (sha256 ~ '^[0-9a-f]{{64}}$'),
      subject text NOT NULL CONSTRAINT ck_gate_photo_link_subject CHECK (char_length(subject) BETWEEN 1 AND 200),
      size integer NOT NULL,
      received_at timestamptz NOT NULL,
      kept boolean NOT NULL,
      CONSTRAINT pk_gate_photo_link PRIMARY KEY (project_id, device_id, sha256, subject),
      CONSTRAINT fk_gate_photo_link_device {DEVICE}
    )
    """,
    f"""
    CREATE TABLE gate_terminal_user (
      project_id uuid NOT NULL,
      device_id uuid NOT NULL,
      number text NOT NULL CONSTRAINT ck_gate_terminal_user_number CHECK (char_length(number) BETWEEN 1 AND 64),
      name text NOT NULL CONSTRAINT ck_gate_terminal_user_name CHECK (char_length(name) <= 100),
      replaced boolean NOT NULL,
      told_at timestamptz NOT NULL,
      CONSTRAINT pk_gate_terminal_user PRIMARY KEY (project_id, device_id, number),
      CONSTRAINT fk_gate_terminal_user_device {DEVICE}
    )
    """,
    """
    CREATE TABLE gate_stranger (
      project_id uuid NOT NULL,
      kind text NOT NULL,
      value text NOT NULL,
      punch_id uuid NOT NULL,
      device_id uuid NOT NULL,
      occurred_at timestamptz NOT NULL,
      received_at timestamptz NOT NULL,
      CONSTRAINT pk_gate_stranger PRIMARY KEY (project_id, kind, value, punch_id)
    )
    """,
    "CREATE INDEX ix_gate_stranger_received_at ON gate_stranger (received_at)",
    """
    ALTER TABLE gate_state
      ADD COLUMN home_mac text,
      ADD COLUMN counting_mac text,
      ADD COLUMN token_address inet
    """,
    "GRANT SELECT, INSERT, DELETE ON gate_envelope, gate_unread_line, gate_remark, gate_stranger TO daogang_app",
    "GRANT UPDATE (times, last_received_at, recorded_at, rows, unread) ON gate_envelope TO daogang_app",
    "GRANT SELECT, INSERT ON gate_photo_link TO daogang_app",
    "GRANT SELECT, INSERT, UPDATE ON gate_terminal_user TO daogang_app",
)

DOWN = (
    "ALTER TABLE gate_state DROP COLUMN home_mac, DROP COLUMN counting_mac, DROP COLUMN token_address",
    *(
        f"DROP TABLE gate_{name}"
        for name in ("stranger", "terminal_user", "photo_link", "remark", "unread_line", "envelope")
    ),
)


def upgrade() -> None:
    """Create the tables."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them; the events that were recorded stay."""
    for statement in DOWN:
        op.execute(statement)
