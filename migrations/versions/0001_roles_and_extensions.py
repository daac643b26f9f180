"""Extensions, the two roles, and the guard that keeps append-only tables append-only.

`daogang_owner` owns every table and has no log-in; `daogang_app` is what the server runs as and gets table by table
only what it needs. Roles belong to the cluster, not to the database, so going down leaves them.
"""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

ROLES = """
DO $$
DECLARE
  wanted text;
BEGIN
  FOREACH wanted IN ARRAY ARRAY['daogang_owner', 'daogang_app'] LOOP
    BEGIN
      IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = wanted) THEN
        EXECUTE format('CREATE ROLE %I NOLOGIN', wanted);
      END IF;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN
      NULL;  -- another database of this cluster was migrated at the same moment
    END;
  END LOOP;
END $$
"""

REFUSE_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'table % is append-only: % refused', TG_TABLE_NAME, TG_OP
    USING ERRCODE = 'restrict_violation', HINT = 'Write a new row that names the row it corrects.';
END $$
"""

APPEND_ONLY = """
CREATE FUNCTION make_append_only(target regclass) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  is_partition boolean := (SELECT relispartition FROM pg_class WHERE oid = target);
BEGIN
  -- Row triggers of a partitioned parent are cloned to its partitions; TRUNCATE triggers are not.
  IF NOT is_partition THEN
    EXECUTE format('CREATE TRIGGER refuse_change BEFORE UPDATE OR DELETE ON %s '
                   'FOR EACH ROW EXECUTE FUNCTION refuse_change()', target);
    EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER refuse_change', target);
  END IF;
  EXECUTE format('CREATE TRIGGER refuse_truncate BEFORE TRUNCATE ON %s '
                 'FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', target);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER refuse_truncate', target);
END $$
"""


def upgrade() -> None:
    """Create extensions, roles and guards; what follows is owned by daogang_owner."""
    op.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    op.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
    op.execute(ROLES)
    op.execute("GRANT USAGE, CREATE ON SCHEMA public TO daogang_owner")
    op.execute("GRANT USAGE ON SCHEMA public TO daogang_app")
    op.execute("DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO daogang_owner', current_database()); END $$")
    op.execute("GRANT SELECT, INSERT, UPDATE, DELETE ON alembic_version TO daogang_owner")
    op.execute("ALTER TABLE alembic_version OWNER TO daogang_owner")
    op.execute("GRANT SELECT ON alembic_version TO daogang_app")
    op.execute("SET ROLE daogang_owner")
    op.execute(REFUSE_CHANGE)
    op.execute(APPEND_ONLY)


def downgrade() -> None:
    """Drop the guards; extensions stay, since other schemas of the database may use them."""
    op.execute("DROP FUNCTION make_append_only(regclass)")
    op.execute("DROP FUNCTION refuse_change()")
