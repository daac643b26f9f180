"""Brings a database to the current schema and makes the ledger's coming partitions."""

from datetime import date
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config

import migrations

MONTHS_BACK = 3
MONTHS_AHEAD = 24
# Events whose own time is nonsense share one bucket of the dedupe table.
UNDATED = date(2000, 1, 1)


def alembic_config(url: str) -> Config:
    """Return Alembic's configuration for a database; nothing is read from an ini file."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def migrate(url: str, today: date, revision: str = "head") -> None:
    """Upgrade to `revision`, then make the partitions around `today`."""
    command.upgrade(alembic_config(url), revision)
    make_partitions(url, today)


def make_partitions(url: str, today: date) -> int:
    """Make the ledger's partitions from three months back to 24 months ahead; return how many were new."""
    months = today.year * 12 + today.month - 1 - MONTHS_BACK
    first = date(months // 12, months % 12 + 1, 1)
    with psycopg.connect(url) as connection:
        connection.execute("SET ROLE daogang_owner")
        made = connection.execute("SELECT ensure_partitions(%s, %s)", (first, MONTHS_BACK + MONTHS_AHEAD)).fetchone()
        connection.execute("SELECT ensure_partition('punch_dedupe', %s)", (UNDATED,))
    return int(made[0]) if made else 0
