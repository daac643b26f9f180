"""What makers attest of phones' keys, and secrets by which installations are known again."""

from alembic import op

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None

STATES = "('passed', 'failed', 'missing', 'unavailable')"
UP = (
    "ALTER TABLE phone_key DROP CONSTRAINT ck_phone_key_trust",
    """
    ALTER TABLE phone_key ADD CONSTRAINT ck_phone_key_trust
      CHECK (trust IN ('software', 'hardware', 'strongbox', 'app_attest', 'play_integrity'))
    """,
    f"""
    ALTER TABLE phone_key
      ADD attestation text NOT NULL DEFAULT 'unavailable' CONSTRAINT ck_phone_key_attestation
        CHECK (attestation IN {STATES}),
      ADD attestation_fault text,
      ADD CONSTRAINT ck_phone_key_attested CHECK (
        (attestation = 'passed') = (trust <> 'software') AND (attestation = 'failed') = (attestation_fault IS NOT NULL))
    """,
    f"""
    ALTER TABLE session_family ADD key_attestation text
      CONSTRAINT ck_session_family_key_attestation CHECK (key_attestation IN {STATES})
    """,
    """
    ALTER TABLE phone ADD install_secret_hash bytea
      CONSTRAINT ck_phone_install_secret_hash CHECK (octet_length(install_secret_hash) = 32)
    """,
    "CREATE INDEX ix_phone_install_secret_hash ON phone (install_secret_hash)",
)
DOWN = (
    "ALTER TABLE phone DROP install_secret_hash",
    "ALTER TABLE session_family DROP key_attestation",
    "ALTER TABLE phone_key DROP CONSTRAINT ck_phone_key_attested, DROP attestation, DROP attestation_fault",
    # What earlier versions have no word for was kept in hardware by the word of its maker.
    "ALTER TABLE phone_key DROP CONSTRAINT ck_phone_key_trust",
    "UPDATE phone_key SET trust = 'hardware' WHERE trust IN ('app_attest', 'play_integrity')",
    """
    ALTER TABLE phone_key ADD CONSTRAINT ck_phone_key_trust CHECK (trust IN ('software', 'hardware', 'strongbox'))
    """,
)


def upgrade() -> None:
    """Widen what is known of a key and of an installation."""
    for statement in UP:
        op.execute(statement)


def downgrade() -> None:
    """Go back."""
    for statement in DOWN:
        op.execute(statement)
