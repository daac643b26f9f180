"""The ledger's log: leaves, nodes, signed heads and what was given outside; written by the sealer's role alone."""

from alembic import op

revision = "0044"
down_revision = "0043"
branch_labels = None
depends_on = None

# Roles belong to the cluster, and making one takes more than the owner has.
ROLE = """
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'daogang_sealer') THEN
    CREATE ROLE daogang_sealer NOLOGIN;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
  NULL;  -- another database of this cluster was migrated at the same moment
END $$
"""

TABLES = ("seal_log", "seal_key", "seal_leaf", "seal_node", "seal_head", "seal_publication")

UP = (
    """
    CREATE TABLE seal_log (
      log_id smallint CONSTRAINT pk_seal_log PRIMARY KEY CONSTRAINT ck_seal_log_log_id CHECK (log_id >= 1),
      origin text NOT NULL CONSTRAINT uq_seal_log_origin UNIQUE
        CONSTRAINT ck_seal_log_origin CHECK (origin ~ '^[a-z0-9./-]{1,100}$'),
      begun_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE seal_key (
      key_id text CONSTRAINT pk_seal_key PRIMARY KEY,
      public_key bytea NOT NULL CONSTRAINT uq_seal_key_public_key UNIQUE
        CONSTRAINT ck_seal_key_public_key CHECK (octet_length(public_key) = 32),
      first_used_at timestamptz NOT NULL
    )
    """,
    """
    CREATE TABLE seal_leaf (
      leaf_index bigint NOT NULL CONSTRAINT ck_seal_leaf_leaf_index CHECK (leaf_index >= 0),
      log_id smallint NOT NULL CONSTRAINT fk_seal_leaf_log_id REFERENCES seal_log (log_id),
      kind text NOT NULL CONSTRAINT ck_seal_leaf_kind CHECK (kind IN ('punch', 'ruling', 'attribution')),
      project_id uuid NOT NULL,
      entry_at timestamptz NOT NULL,
      entry_id uuid NOT NULL,
      leaf_hash bytea NOT NULL CONSTRAINT ck_seal_leaf_leaf_hash CHECK (octet_length(leaf_hash) = 32),
      marks bytea NOT NULL,
      CONSTRAINT pk_seal_leaf PRIMARY KEY (log_id, leaf_index),
      CONSTRAINT uq_seal_leaf_entry UNIQUE (log_id, entry_id, kind)
    )
    """,
    """
    CREATE TABLE seal_node (
      number bigint NOT NULL CONSTRAINT ck_seal_node_number CHECK (number >= 0),
      log_id smallint NOT NULL CONSTRAINT fk_seal_node_log_id REFERENCES seal_log (log_id),
      level smallint NOT NULL CONSTRAINT ck_seal_node_level CHECK (level > 0 AND level % 8 = 0),
      node_hash bytea NOT NULL CONSTRAINT ck_seal_node_node_hash CHECK (octet_length(node_hash) = 32),
      CONSTRAINT pk_seal_node PRIMARY KEY (log_id, level, number)
    )
    """,
    """
    CREATE TABLE seal_head (
      tree_size bigint NOT NULL CONSTRAINT ck_seal_head_tree_size CHECK (tree_size >= 1),
      upto_id bigint NOT NULL,
      upto_xid xid8 NOT NULL,
      signed_at timestamptz NOT NULL,
      log_id smallint NOT NULL CONSTRAINT fk_seal_head_log_id REFERENCES seal_log (log_id),
      cluster text NOT NULL,
      key_id text NOT NULL CONSTRAINT fk_seal_head_key_id REFERENCES seal_key (key_id),
      root_hash bytea NOT NULL CONSTRAINT ck_seal_head_root_hash CHECK (octet_length(root_hash) = 32),
      signature bytea NOT NULL CONSTRAINT ck_seal_head_signature CHECK (octet_length(signature) = 64),
      CONSTRAINT pk_seal_head PRIMARY KEY (log_id, tree_size)
    )
    """,
    """
    CREATE TABLE seal_publication (
      log_id smallint NOT NULL CONSTRAINT fk_seal_publication_log_id REFERENCES seal_log (log_id),
      party text NOT NULL CONSTRAINT ck_seal_publication_party CHECK (char_length(party) BETWEEN 1 AND 100),
      on_day date NOT NULL,
      tree_size bigint NOT NULL,
      published_at timestamptz NOT NULL,
      CONSTRAINT pk_seal_publication PRIMARY KEY (log_id, party, on_day),
      CONSTRAINT fk_seal_publication_head FOREIGN KEY (log_id, tree_size) REFERENCES seal_head (log_id, tree_size)
    )
    """,
    *(f"SELECT make_append_only('{table}')" for table in TABLES),
    # The application reads the log and never writes it; the sealer writes nothing but the log and what it announces.
    f"GRANT SELECT ON {', '.join(TABLES)} TO daogang_app",
    f"GRANT SELECT, INSERT ON {', '.join(TABLES)} TO daogang_sealer",
    "GRANT SELECT ON punch, ruling, attribution, ledger_outbox, alembic_version TO daogang_sealer",
    "GRANT SELECT, INSERT ON announced_fact TO daogang_sealer",
)

DOWN = (
    "REVOKE SELECT, INSERT ON announced_fact FROM daogang_sealer",
    "REVOKE SELECT ON punch, ruling, attribution, ledger_outbox, alembic_version FROM daogang_sealer",
)


def upgrade() -> None:
    """Create the role, which stays with the cluster, and the tables."""
    op.execute("RESET ROLE")
    op.execute(ROLE)
    op.execute("GRANT USAGE ON SCHEMA public TO daogang_sealer")
    op.execute("SET ROLE daogang_owner")
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop the log: outside heads go on telling what it was."""
    for statement in DOWN:
        op.execute(statement)
    for table in reversed(TABLES):
        op.execute(f"DROP TABLE {table}")
