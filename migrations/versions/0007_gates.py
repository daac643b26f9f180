"""Gate devices, their keys, used nonces, heartbeats and the bindings of device person numbers to people."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

UP = (
    """
    CREATE TABLE gate_device (
      project_id uuid NOT NULL CONSTRAINT fk_gate_device_project REFERENCES project (id),
      id uuid NOT NULL,
      serial_no text NOT NULL CONSTRAINT ck_gate_device_serial_no CHECK (serial_no ~ '^[0-9A-Za-z._:-]{3,64}$'),
      name text NOT NULL CONSTRAINT ck_gate_device_name CHECK (char_length(name) BETWEEN 1 AND 100),
      entrance text NOT NULL CONSTRAINT ck_gate_device_entrance CHECK (char_length(entrance) BETWEEN 1 AND 100),
      lane text NOT NULL CONSTRAINT ck_gate_device_lane CHECK (char_length(lane) BETWEEN 1 AND 40),
      default_direction text NOT NULL CONSTRAINT ck_gate_device_direction
        CHECK (default_direction IN ('in', 'out', 'unknown')),
      place geometry(Point, 4326) NOT NULL CONSTRAINT ck_gate_device_place
        CHECK (ST_X(place) BETWEEN 73 AND 136 AND ST_Y(place) BETWEEN 3 AND 54),
      state text NOT NULL CONSTRAINT ck_gate_device_state CHECK (state IN ('pending', 'active', 'blocked')),
      heartbeat_interval_s integer NOT NULL CONSTRAINT ck_gate_device_heartbeat
        CHECK (heartbeat_interval_s BETWEEN 10 AND 3600),
      created_at timestamptz NOT NULL,
      paired_at timestamptz,
      CONSTRAINT pk_gate_device PRIMARY KEY (project_id, id),
      CONSTRAINT uq_gate_device_serial_no UNIQUE (serial_no)
    )
    """,
    """
    CREATE TABLE gate_state (
      project_id uuid NOT NULL,
      device_id uuid NOT NULL,
      last_seen_at timestamptz NOT NULL,
      last_event_at timestamptz,
      next_expected_seq bigint NOT NULL DEFAULT 1,
      seen_seqs int8multirange NOT NULL DEFAULT '{}',
      backlog integer,
      oldest_unsent_at timestamptz,
      clock_skew_s double precision,
      firmware text,
      disk_free_mb integer,
      CONSTRAINT pk_gate_state PRIMARY KEY (project_id, device_id),
      CONSTRAINT fk_gate_state_device FOREIGN KEY (project_id, device_id) REFERENCES gate_device (project_id, id)
    ) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE gate_key (
      id text CONSTRAINT pk_gate_key PRIMARY KEY,
      project_id uuid NOT NULL,
      device_id uuid NOT NULL,
      secret_cipher bytea NOT NULL,
      state text NOT NULL CONSTRAINT ck_gate_key_state CHECK (state IN ('active', 'revoked')),
      issued_at timestamptz NOT NULL,
      issued_by uuid NOT NULL CONSTRAINT fk_gate_key_issued_by REFERENCES account (id),
      expires_at timestamptz,
      revoked_at timestamptz,
      CONSTRAINT fk_gate_key_device FOREIGN KEY (project_id, device_id) REFERENCES gate_device (project_id, id)
    )
    """,
    "CREATE INDEX ix_gate_key_device ON gate_key (project_id, device_id)",
    """
    CREATE TABLE gate_nonce (
      key_id text NOT NULL,
      nonce text NOT NULL,
      seen_at timestamptz NOT NULL,
      CONSTRAINT pk_gate_nonce PRIMARY KEY (key_id, nonce)
    )
    """,
    "CREATE INDEX ix_gate_nonce_seen_at ON gate_nonce (seen_at)",
    """
    CREATE TABLE gate_heartbeat (
      project_id uuid NOT NULL,
      device_id uuid NOT NULL,
      received_at timestamptz NOT NULL,
      clock_now timestamptz NOT NULL,
      backlog integer NOT NULL,
      oldest_unsent_at timestamptz,
      CONSTRAINT pk_gate_heartbeat PRIMARY KEY (project_id, device_id, received_at),
      CONSTRAINT fk_gate_heartbeat_device FOREIGN KEY (project_id, device_id) REFERENCES gate_device (project_id, id)
    )
    """,
    """
    CREATE TABLE person_binding (
      project_id uuid NOT NULL CONSTRAINT fk_person_binding_project REFERENCES project (id),
      kind text NOT NULL CONSTRAINT ck_person_binding_kind CHECK (kind IN ('pin', 'employee', 'card')),
      value text NOT NULL CONSTRAINT ck_person_binding_value CHECK (char_length(value) BETWEEN 1 AND 64),
      person_id uuid NOT NULL CONSTRAINT fk_person_binding_person REFERENCES person (id),
      valid_during tstzrange NOT NULL CONSTRAINT ck_person_binding_valid CHECK (NOT isempty(valid_during)),
      bound_by uuid NOT NULL CONSTRAINT fk_person_binding_bound_by REFERENCES account (id),
      CONSTRAINT ex_person_binding_valid EXCLUDE USING gist
        (project_id WITH =, kind WITH =, value WITH =, valid_during WITH &&)
    )
    """,
    "CREATE INDEX ix_person_binding_person_id ON person_binding (person_id)",
    # Finds 500 numbers of a batch by equality, which the exclusion constraint's GiST index does several times slower.
    "CREATE INDEX ix_person_binding_value ON person_binding (project_id, kind, value)",
    "GRANT SELECT, INSERT, UPDATE ON gate_device, gate_state, gate_key, person_binding TO daogang_app",
    "GRANT SELECT, INSERT ON gate_heartbeat TO daogang_app",
    "GRANT SELECT, INSERT, DELETE ON gate_nonce TO daogang_app",
)

TABLES = ("person_binding", "gate_heartbeat", "gate_nonce", "gate_key", "gate_state", "gate_device")


def upgrade() -> None:
    """Create the tables of backend.gates."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
