"""What the registry knows of devices of all makes, when strangers may announce themselves, and who was sent away.

A device that announced itself has no entrance, lane or place yet: those are asked for before it may deliver.
"""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

VENDORS = "('native', 'zkteco', 'hikvision', 'mqtt')"

UP = (
    f"""
    ALTER TABLE gate_device
      ADD COLUMN vendor text NOT NULL DEFAULT 'native'
        CONSTRAINT ck_gate_device_vendor CHECK (vendor IN {VENDORS}),
      ADD COLUMN mac text CONSTRAINT ck_gate_device_mac CHECK (mac ~ '^[0-9a-f]{{2}}(:[0-9a-f]{{2}}){{5}}$'),
      ADD COLUMN place_radius_m integer NOT NULL DEFAULT 50
        CONSTRAINT ck_gate_device_place_radius CHECK (place_radius_m BETWEEN 5 AND 5000),
      ADD COLUMN time_zone text
        CONSTRAINT ck_gate_device_time_zone CHECK (char_length(time_zone) BETWEEN 1 AND 64),
      ADD COLUMN zone_form text
        CONSTRAINT ck_gate_device_zone_form CHECK (zone_form IN ('hours', 'minutes', 'seconds')),
      ADD COLUMN networks cidr[] NOT NULL DEFAULT '{{}}'
        CONSTRAINT ck_gate_device_networks CHECK (cardinality(networks) <= 20),
      ADD COLUMN access_token_digest bytea
        CONSTRAINT uq_gate_device_access_token_digest UNIQUE
        CONSTRAINT ck_gate_device_access_token CHECK (octet_length(access_token_digest) = 32),
      ADD COLUMN config_rev integer NOT NULL DEFAULT 1,
      ADD CONSTRAINT uq_gate_device_mac UNIQUE (mac),
      ALTER COLUMN entrance DROP NOT NULL,
      ALTER COLUMN lane DROP NOT NULL,
      ALTER COLUMN place DROP NOT NULL,
      ADD CONSTRAINT ck_gate_device_complete
        CHECK (state <> 'active' OR (entrance IS NOT NULL AND lane IS NOT NULL AND place IS NOT NULL))
    """,
    """
    ALTER TABLE gate_state
      ADD COLUMN recent_skews_s real[] NOT NULL DEFAULT '{}',
      ADD COLUMN reported_count bigint,
      ADD COLUMN reported_at timestamptz
    """,
    f"""
    CREATE TABLE gate_pairing_window (
      project_id uuid NOT NULL CONSTRAINT fk_gate_pairing_window_project REFERENCES project (id),
      id uuid NOT NULL,
      vendor text NOT NULL CONSTRAINT ck_gate_pairing_window_vendor CHECK (vendor IN {VENDORS}),
      serial_no text CONSTRAINT ck_gate_pairing_window_serial_no CHECK (serial_no ~ '^[0-9A-Za-z._:-]{{3,64}}$'),
      from_at timestamptz NOT NULL,
      to_at timestamptz NOT NULL,
      reason text NOT NULL CONSTRAINT ck_gate_pairing_window_reason CHECK (char_length(reason) BETWEEN 1 AND 300),
      opened_by uuid NOT NULL CONSTRAINT fk_gate_pairing_window_opened_by REFERENCES account (id),
      met integer NOT NULL DEFAULT 0,
      closed_at timestamptz,
      closed_by uuid CONSTRAINT fk_gate_pairing_window_closed_by REFERENCES account (id),
      CONSTRAINT pk_gate_pairing_window PRIMARY KEY (project_id, id),
      CONSTRAINT ck_gate_pairing_window_length CHECK (to_at > from_at AND to_at <= from_at + interval '1 hour'),
      CONSTRAINT ck_gate_pairing_window_closed CHECK ((closed_at IS NULL) = (closed_by IS NULL))
    )
    """,
    "CREATE INDEX ix_gate_pairing_window_to_at ON gate_pairing_window (to_at)",
    """
    CREATE TABLE gate_unknown_seen (
      vendor text NOT NULL,
      serial text NOT NULL CONSTRAINT ck_gate_unknown_seen_serial CHECK (char_length(serial) <= 64),
      counter bigint NOT NULL DEFAULT 1,
      first_seen_at timestamptz NOT NULL,
      last_seen_at timestamptz NOT NULL,
      last_address inet,
      CONSTRAINT pk_gate_unknown_seen PRIMARY KEY (vendor, serial)
    )
    """,
    "CREATE INDEX ix_gate_unknown_seen_last_seen_at ON gate_unknown_seen (last_seen_at)",
    """
    CREATE TABLE gate_refusal (
      project_id uuid NOT NULL,
      device_id uuid NOT NULL,
      on_utc date NOT NULL,
      reason text NOT NULL CONSTRAINT ck_gate_refusal_reason CHECK (reason IN ('network', 'token', 'mac')),
      address text NOT NULL CONSTRAINT ck_gate_refusal_address CHECK (char_length(address) <= 64),
      counter bigint NOT NULL DEFAULT 1,
      first_at timestamptz NOT NULL,
      last_at timestamptz NOT NULL,
      CONSTRAINT pk_gate_refusal PRIMARY KEY (project_id, device_id, on_utc, reason, address),
      CONSTRAINT fk_gate_refusal_device FOREIGN KEY (project_id, device_id) REFERENCES gate_device (project_id, id)
    )
    """,
    "GRANT SELECT, INSERT, UPDATE ON gate_pairing_window, gate_refusal TO daogang_app",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON gate_unknown_seen TO daogang_app",
)

DOWN = (
    "DROP TABLE gate_refusal",
    "DROP TABLE gate_unknown_seen",
    "DROP TABLE gate_pairing_window",
    "ALTER TABLE gate_state DROP COLUMN recent_skews_s, DROP COLUMN reported_count, DROP COLUMN reported_at",
    # Devices that only announced themselves never delivered anything: nothing refers to them.
    (
        "DELETE FROM gate_key WHERE (project_id, device_id) IN (SELECT project_id, id FROM gate_device "
        "WHERE entrance IS NULL OR lane IS NULL OR place IS NULL)"
    ),
    "DELETE FROM gate_device WHERE entrance IS NULL OR lane IS NULL OR place IS NULL",
    """
    ALTER TABLE gate_device
      DROP CONSTRAINT ck_gate_device_complete,
      ALTER COLUMN entrance SET NOT NULL,
      ALTER COLUMN lane SET NOT NULL,
      ALTER COLUMN place SET NOT NULL,
      DROP COLUMN vendor, DROP COLUMN mac, DROP COLUMN place_radius_m, DROP COLUMN time_zone, DROP COLUMN zone_form,
      DROP COLUMN networks, DROP COLUMN access_token_digest, DROP COLUMN config_rev
    """,
)


def upgrade() -> None:
    """Add the columns and tables; the defaults serve servers of the version before."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them."""
    for statement in DOWN:
        op.execute(statement)
