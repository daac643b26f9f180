"""Procrastinate's own tables, as its pinned version ships them, opened to the application's role."""

from alembic import op
from procrastinate.schema import SchemaManager

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

GRANTS = """
DO $$
DECLARE
  item record;
BEGIN
  FOR item IN SELECT oid::regclass AS name, relkind FROM pg_class
              WHERE relnamespace = 'public'::regnamespace AND relname LIKE 'procrastinate%'
                AND relkind IN ('r', 'S') LOOP
    IF item.relkind = 'r' THEN
      EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO daogang_app', item.name);
    ELSE
      EXECUTE format('GRANT USAGE, SELECT ON SEQUENCE %s TO daogang_app', item.name);
    END IF;
  END LOOP;
END $$
"""

DROP = """
DO $$
DECLARE
  item record;
BEGIN
  FOR item IN SELECT oid::regclass AS name FROM pg_class
              WHERE relnamespace = 'public'::regnamespace AND relname LIKE 'procrastinate%' AND relkind = 'r' LOOP
    EXECUTE format('DROP TABLE IF EXISTS %s CASCADE', item.name);
  END LOOP;
  FOR item IN SELECT oid::regprocedure AS name FROM pg_proc
              WHERE pronamespace = 'public'::regnamespace AND proname LIKE 'procrastinate%' LOOP
    EXECUTE format('DROP FUNCTION IF EXISTS %s CASCADE', item.name);
  END LOOP;
  FOR item IN SELECT oid::regtype AS name FROM pg_type
              WHERE typnamespace = 'public'::regnamespace AND typname LIKE 'procrastinate%'
                AND typtype IN ('e', 'c') LOOP
    EXECUTE format('DROP TYPE IF EXISTS %s CASCADE', item.name);
  END LOOP;
END $$
"""


def upgrade() -> None:
    """Create the job queue."""
    # exec_driver_sql without parameters: the schema's own percent signs and colons must stay as they are.
    op.get_bind().exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
    op.execute(GRANTS)


def downgrade() -> None:
    """Drop it."""
    op.execute(DROP)
