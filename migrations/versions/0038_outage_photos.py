"""Photos of declared outages; a signal of misuse for calls with another token."""

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

KINDS = (
    "'impossible_journey', 'card_burst', 'foreign_network', 'foreign_crowd', 'displaced', 'foreign_identity',"
    " 'fails_often', 'fails_at_hours', 'fails_for_people'"
)


def _allow(kinds: str) -> tuple[str, str]:
    return (
        "ALTER TABLE gate_signal DROP CONSTRAINT ck_gate_signal_kind",
        f"ALTER TABLE gate_signal ADD CONSTRAINT ck_gate_signal_kind CHECK (kind IN ({kinds}))",
    )


UP = (
    """
    CREATE TABLE gate_outage_photo (
      project_id uuid NOT NULL CONSTRAINT fk_gate_outage_photo_project REFERENCES project (id),
      declaration_id uuid NOT NULL,
      sha256 bytea NOT NULL CONSTRAINT ck_gate_outage_photo_sha256 CHECK (octet_length(sha256) = 32),
      added_at timestamptz NOT NULL,
      added_by uuid NOT NULL CONSTRAINT fk_gate_outage_photo_added_by REFERENCES account (id),
      key_id uuid NOT NULL,
      size_bytes integer NOT NULL CONSTRAINT ck_gate_outage_photo_size CHECK (size_bytes > 0),
      CONSTRAINT pk_gate_outage_photo PRIMARY KEY (project_id, declaration_id, sha256)
    )
    """,
    "SELECT make_append_only('gate_outage_photo')",
    "GRANT SELECT, INSERT ON gate_outage_photo TO daogang_app",
    *_allow(f"{KINDS}, 'foreign_token'"),
)


def upgrade() -> None:
    """Create the table and let the signal in."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Drop them; signals of that kind go with it."""
    op.execute("ALTER TABLE gate_signal DISABLE TRIGGER USER")
    op.execute("DELETE FROM gate_signal WHERE kind = 'foreign_token'")
    op.execute("ALTER TABLE gate_signal ENABLE TRIGGER USER")
    for statement in _allow(KINDS):
        op.execute(statement)
    op.execute("DROP TABLE gate_outage_photo")
