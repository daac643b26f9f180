"""Databases for tests: one template built by the migrations, cloned for each worker and for each test that asks."""

import hashlib
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg.sql import SQL, Identifier

from tools.house import LOCAL, ROOT
from tools.locks import locked
from tools.postgres import held

TEST_DAY = date(2026, 3, 16)
TEMPLATE = "daogang_test_"
CLONE = "daogang_clone_"


@dataclass(frozen=True)
class Databases:
    """A server that tests may make databases on, and the migrated template there."""

    url: str
    template: str

    @contextmanager
    def clone(self, label: str) -> Generator[str]:
        """Yield the URL of a copy of the template of one's own, dropped at the end with whoever is still in it."""
        name = f"{CLONE}{label}_{secrets.token_hex(4)}"
        _execute(self.url, "CREATE DATABASE {} TEMPLATE {} OWNER daogang_owner", name, self.template)
        try:
            yield url_of(self.url, name)
        finally:
            _execute(self.url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


@contextmanager
def databases() -> Generator[Databases]:
    """Yield the server with its template; the last one to leave the private cluster stops it.

    TEST_DATABASE_URL names another server instead: a superuser's URL on a PostgreSQL with PostGIS, since the
    migrations make roles and extensions.
    """
    url = os.environ.get("TEST_DATABASE_URL")
    if url:
        yield Databases(url, _built_template(url))
        return
    with held("test", last=_sweep) as url:
        yield Databases(url, _built_template(url))


def url_of(url: str, database: str) -> str:
    """Return the URL of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{database}"))


def template_name() -> str:
    """Return a name that changes with whatever decides the template's content."""
    today = datetime.now(UTC).date()
    digest = hashlib.sha256(f"{today:%Y-%m} {TEST_DAY} {version('procrastinate')}".encode())
    for file in [*_sources()]:
        digest.update(f"{file.relative_to(ROOT)}\n".encode() + file.read_bytes())
    return f"{TEMPLATE}{digest.hexdigest()[:12]}"


def _sources() -> list[Path]:
    migrations = [path for path in (ROOT / "migrations").rglob("*") if path.suffix in {".py", ".sql"}]
    return [ROOT / "backend" / "migrate.py", *sorted(migrations)]


def _built_template(url: str) -> str:
    """Build the template unless a worker or an earlier run did; the name appears only when it is complete."""
    name = template_name()
    with locked(LOCAL / "test-template.lock"):
        if _exists(url, name):
            return name
        from backend.migrate import make_partitions, migrate

        building = f"{CLONE}building_{secrets.token_hex(4)}"
        _execute(url, "CREATE DATABASE {}", building)
        try:
            # Tests live on TEST_DAY; servers started as real processes live today.
            migrate(url_of(url, building), TEST_DAY)
            make_partitions(url_of(url, building), datetime.now(UTC).date())
            _execute(url, "ALTER DATABASE {} RENAME TO {}", building, name)
        except BaseException:
            _execute(url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", building)
            raise
    return name


def _exists(url: str, name: str) -> bool:
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).fetchone() is not None


def _sweep(url: str) -> None:
    """Drop what killed runs and earlier migrations left behind; called when nobody else uses the cluster."""
    with psycopg.connect(url, autocommit=True) as connection:
        rows = connection.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s) OR starts_with(datname, %s)",
            [CLONE, TEMPLATE],
        ).fetchall()
    for (name,) in rows:
        if name != template_name():
            _execute(url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def _execute(url: str, statement: str, *names: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SQL(statement).format(*map(Identifier, names)))  # pyright: ignore[reportArgumentType]
