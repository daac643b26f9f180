"""The append-only ledger: punches, rulings, attributions, dedupe keys, private side rows, and their monthly partitions.

No foreign key leaves a ledger table: a key-share lock on the project's row would be taken by every punch of a busy
project at once, and a ledger row has to outlive what it names. The check-in reads what it names in its own transaction.
"""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

PARTITIONED = ("punch", "punch_private", "ruling", "attribution", "punch_dedupe")

UP = (
    """
    CREATE TABLE punch (
      project_id uuid NOT NULL,
      received_at timestamptz NOT NULL,
      punch_id uuid NOT NULL,
      source text NOT NULL CONSTRAINT ck_punch_source CHECK (source IN ('phone', 'gate', 'make_up', 'import')),
      source_id uuid NOT NULL,
      event_key text NOT NULL,
      person_id uuid,
      section_id uuid,
      occurred_at timestamptz NOT NULL,
      device_time text NOT NULL,
      time_quality text NOT NULL CONSTRAINT ck_punch_time_quality
        CHECK (time_quality IN ('online', 'anchored', 'bracketed', 'claimed', 'device', 'suspect', 'quarantined')),
      direction text NOT NULL CONSTRAINT ck_punch_direction CHECK (direction IN ('in', 'out', 'unknown')),
      direction_source text NOT NULL CONSTRAINT ck_punch_direction_source
        CHECK (direction_source IN ('person', 'wire', 'lane_default', 'none')),
      trust text NOT NULL,
      method text,
      lane text,
      granted boolean,
      fence_version_id uuid,
      policy_version integer NOT NULL,
      covered boolean,
      signed_distance_m double precision,
      probability double precision CONSTRAINT ck_punch_probability CHECK (probability BETWEEN 0 AND 1),
      accuracy_m double precision,
      sigma_m double precision,
      chainage_m double precision,
      offset_m double precision,
      signals text[] NOT NULL,
      payload_digest bytea NOT NULL CONSTRAINT ck_punch_payload_digest CHECK (octet_length(payload_digest) = 32),
      private_digest bytea CONSTRAINT ck_punch_private_digest CHECK (octet_length(private_digest) = 32),
      CONSTRAINT pk_punch PRIMARY KEY (project_id, received_at, punch_id)
    ) PARTITION BY RANGE (received_at)
    """,
    """
    CREATE TABLE punch_private (
      project_id uuid NOT NULL,
      received_at timestamptz NOT NULL,
      punch_id uuid NOT NULL,
      key_id uuid NOT NULL,
      sealed bytea NOT NULL,
      CONSTRAINT pk_punch_private PRIMARY KEY (project_id, received_at, punch_id)
    ) PARTITION BY RANGE (received_at)
    """,
    """
    CREATE TABLE data_key (
      project_id uuid NOT NULL,
      month date NOT NULL CONSTRAINT ck_data_key_month CHECK (extract(day FROM month) = 1),
      key_id uuid NOT NULL,
      wrapped bytea,
      created_at timestamptz NOT NULL,
      destroyed_at timestamptz,
      CONSTRAINT pk_data_key PRIMARY KEY (project_id, month),
      CONSTRAINT ck_data_key_destroyed CHECK ((wrapped IS NULL) = (destroyed_at IS NOT NULL))
    )
    """,
    """
    CREATE TABLE ruling (
      project_id uuid NOT NULL,
      ruled_at timestamptz NOT NULL,
      ruling_id uuid NOT NULL,
      punch_id uuid NOT NULL,
      seq integer NOT NULL CONSTRAINT ck_ruling_seq CHECK (seq >= 1),
      outcome text NOT NULL CONSTRAINT ck_ruling_outcome
        CHECK (outcome IN ('counted', 'review', 'refused', 'pending')),
      reasons jsonb NOT NULL,
      policy_version integer NOT NULL,
      ruled_by uuid,
      note text,
      deadline_at timestamptz,
      CONSTRAINT pk_ruling PRIMARY KEY (project_id, ruled_at, ruling_id),
      CONSTRAINT ck_ruling_pending CHECK (outcome <> 'pending' OR deadline_at IS NOT NULL),
      CONSTRAINT ck_ruling_named CHECK (ruled_by IS NULL OR note IS NOT NULL)
    ) PARTITION BY RANGE (ruled_at)
    """,
    "CREATE INDEX ix_ruling_punch_id ON ruling (project_id, punch_id)",
    """
    CREATE TABLE attribution (
      project_id uuid NOT NULL,
      made_at timestamptz NOT NULL,
      attribution_id uuid NOT NULL,
      punch_id uuid NOT NULL,
      person_id uuid,
      occurred_at timestamptz,
      made_by uuid,
      reason text NOT NULL,
      CONSTRAINT pk_attribution PRIMARY KEY (project_id, made_at, attribution_id),
      CONSTRAINT ck_attribution_says CHECK (num_nonnulls(person_id, occurred_at) >= 1)
    ) PARTITION BY RANGE (made_at)
    """,
    "CREATE INDEX ix_attribution_punch_id ON attribution (project_id, punch_id)",
    """
    CREATE TABLE punch_dedupe (
      project_id uuid NOT NULL,
      source_id uuid NOT NULL,
      bucket date NOT NULL,
      event_key text NOT NULL CONSTRAINT ck_punch_dedupe_event_key CHECK (char_length(event_key) BETWEEN 1 AND 200),
      payload_digest bytea NOT NULL,
      punch_id uuid NOT NULL,
      receipt jsonb NOT NULL,
      CONSTRAINT pk_punch_dedupe PRIMARY KEY (project_id, source_id, bucket, event_key)
    ) PARTITION BY RANGE (bucket)
    """,
    """
    CREATE TABLE punch_status (
      project_id uuid NOT NULL,
      punch_id uuid NOT NULL,
      received_at timestamptz NOT NULL,
      ruling_id uuid NOT NULL,
      seq integer NOT NULL,
      outcome text NOT NULL,
      person_id uuid,
      occurred_at timestamptz NOT NULL,
      direction text NOT NULL,
      source text NOT NULL,
      CONSTRAINT pk_punch_status PRIMARY KEY (project_id, punch_id)
    ) WITH (fillfactor = 90)
    """,
    "CREATE INDEX ix_punch_status_person ON punch_status (person_id, occurred_at)",
    """
    CREATE TABLE ledger_outbox (
      id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT pk_ledger_outbox PRIMARY KEY,
      xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
      project_id uuid NOT NULL,
      kind text NOT NULL CONSTRAINT ck_ledger_outbox_kind CHECK (kind IN ('punch', 'ruling', 'attribution')),
      entry_id uuid NOT NULL,
      recorded_at timestamptz NOT NULL
    )
    """,
    # Security definer: the application may not create tables, and a write must never fail because a month is missing.
    # In UTC, whatever the zone of who calls: months whose bounds were of two zones would leave a gap between them.
    """
    CREATE FUNCTION ensure_partition(parent text, day date) RETURNS text
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
    DECLARE
      first_day date := date_trunc('month', day)::date;
      name text := format('%s_%s', parent, to_char(first_day, 'YYYYMM'));
    BEGIN
      IF parent NOT IN ('punch', 'punch_private', 'ruling', 'attribution', 'punch_dedupe') THEN
        RAISE EXCEPTION 'no partitioned ledger table %', parent USING ERRCODE = 'undefined_table';
      END IF;
      IF first_day < DATE '2000-01-01' OR first_day > DATE '2060-01-01' THEN
        RAISE EXCEPTION 'no partition of % is made for %', parent, day USING ERRCODE = 'datetime_field_overflow';
      END IF;
      IF to_regclass(name) IS NOT NULL THEN
        RETURN name;
      END IF;
      PERFORM pg_advisory_xact_lock(hashtext('ensure_partition'), hashtext(name));
      IF to_regclass(name) IS NULL THEN
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', name, parent);
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)',
                       parent, name, first_day, (first_day + interval '1 month')::date);
        PERFORM make_append_only(name::regclass);
      END IF;
      RETURN name;
    END $$
    """,
    """
    CREATE FUNCTION ensure_partitions(day date, months_ahead integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET timezone = 'UTC' AS $$
    DECLARE
      made integer := 0;
      parent text;
      ahead integer;
    BEGIN
      FOREACH parent IN ARRAY ARRAY['punch', 'punch_private', 'ruling', 'attribution', 'punch_dedupe'] LOOP
        FOR ahead IN 0 .. least(greatest(months_ahead, 0), 60) LOOP
          IF to_regclass(format('%s_%s', parent, to_char(day + make_interval(months => ahead), 'YYYYMM'))) IS NULL THEN
            PERFORM ensure_partition(parent, (day + make_interval(months => ahead))::date);
            made := made + 1;
          END IF;
        END LOOP;
      END LOOP;
      RETURN made;
    END $$
    """,
    """
    CREATE FUNCTION partition_months_ahead(day date) RETURNS integer
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public, pg_temp AS $$
      SELECT coalesce(min(months), 0)::integer
      FROM unnest(ARRAY['punch', 'punch_private', 'ruling', 'attribution', 'punch_dedupe']) AS parent,
      LATERAL (
        SELECT count(*) AS months
        FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = parent::regclass AND c.relname > format('%s_%s', parent, to_char(day, 'YYYYMM'))
      ) ahead
    $$
    """,
    "REVOKE ALL ON FUNCTION ensure_partition(text, date), ensure_partitions(date, integer) FROM PUBLIC",
    "REVOKE ALL ON FUNCTION partition_months_ahead(date) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION ensure_partition(text, date), ensure_partitions(date, integer) TO daogang_app",
    "GRANT EXECUTE ON FUNCTION partition_months_ahead(date) TO daogang_app",
    *(f"SELECT make_append_only('{table}')" for table in (*PARTITIONED, "ledger_outbox")),
    f"GRANT SELECT, INSERT ON {', '.join(PARTITIONED)}, ledger_outbox TO daogang_app",
    "GRANT SELECT, INSERT, UPDATE ON punch_status TO daogang_app",
    "GRANT SELECT, INSERT, UPDATE (wrapped, destroyed_at) ON data_key TO daogang_app",
)


def upgrade() -> None:
    """Create the ledger; `daogang migrate` makes the first partitions right after."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop the ledger with all its partitions: only ever sensible on a database that holds no punch."""
    for table in ("ledger_outbox", "punch_status", "data_key", *PARTITIONED):
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP FUNCTION partition_months_ahead(date)")
    op.execute("DROP FUNCTION ensure_partitions(date, integer)")
    op.execute("DROP FUNCTION ensure_partition(text, date)")
