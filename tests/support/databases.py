"""Databases for tests: one template built by the migrations, cloned for each worker and for each test that asks."""

import hashlib
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
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
FAILED = LOCAL / "test-template.failed"
BUILT_WITHIN_S = 300
# A copy takes a second; a statement that waits for a session that never listens would wait for ever.
STATEMENT_WITHIN_S = 120
FILES_SINCE = 15_00_00


@dataclass(frozen=True)
class Databases:
    """A server that tests may make databases on, and the migrated template there."""

    url: str
    template: str

    @contextmanager
    def clone(self, label: str) -> Generator[str]:
        """Yield the URL of a copy of the template of one's own, dropped at the end with whoever is still in it."""
        name = f"{CLONE}{label}_{secrets.token_hex(4)}"
        execute(
            self.url, "CREATE DATABASE {} TEMPLATE {} OWNER daogang_owner" + _by_files(self.url), name, self.template
        )
        try:
            yield url_of(self.url, name)
        finally:
            execute(self.url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


@contextmanager
def databases() -> Generator[Databases]:
    """Yield the server with its template; the last one to leave the private cluster stops it.

    TEST_DATABASE_URL names another server instead: a superuser's URL on a PostgreSQL with PostGIS, since the
    migrations make roles and extensions.
    """
    url = os.environ.get("TEST_DATABASE_URL")
    if url:
        yield Databases(url, built_template(url))
        return
    with held("test", last=_sweep) as url:
        yield Databases(url, built_template(url))


@cache
def _by_files(url: str) -> str:
    """Return what lets a server copy a template's files: a third of the work of writing every page to its log.

    Before PostgreSQL 15 that was the only way, without a word for it.
    """
    with psycopg.connect(url) as connection:
        return " STRATEGY FILE_COPY" if connection.info.server_version >= FILES_SINCE else ""


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


def built_template(url: str) -> str:
    """Build the template unless a worker or an earlier run did; the name appears only when it is complete."""
    name = template_name()
    with locked(LOCAL / "test-template.lock", within_s=BUILT_WITHIN_S):
        if _exists(url, name):
            return name
        _refuse_second_try(name)
        building = f"{CLONE}building_{secrets.token_hex(4)}"
        execute(url, "CREATE DATABASE {}", building)
        try:
            _migrate(url_of(url, building))
            _require_unedited(name)
            execute(url, "ALTER DATABASE {} RENAME TO {}", building, name)
        except BaseException as error:
            FAILED.write_text(f"{_this_run()} {name}\n{error!r}")
            execute(url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", building)
            raise
    return name


def _migrate(url: str) -> None:
    from backend.migrate import make_partitions, migrate

    # Tests live on TEST_DAY; servers started as real processes live today.
    migrate(url, TEST_DAY)
    make_partitions(url, datetime.now(UTC).date())


def _require_unedited(name: str) -> None:
    if template_name() != name:
        msg = "a migration was edited while it was built from: run the tests again"
        raise RuntimeError(msg)


def _refuse_second_try(name: str) -> None:
    """Raise what another worker of this run failed with: each trying for itself, one after the other, takes minutes."""
    run, _, error = FAILED.read_text().partition("\n") if FAILED.exists() else ("", "", "")
    if run == f"{_this_run()} {name}":
        msg = f"another worker could not build the template: {error}"
        raise RuntimeError(msg)


def _this_run() -> str:
    """Return what the workers of one run have in common."""
    return os.environ.get("PYTEST_XDIST_TESTRUNUID") or f"alone-{os.getpid()}"


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
            execute(url, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def execute(url: str, statement: str, *names: str) -> None:
    options = f"-c statement_timeout={STATEMENT_WITHIN_S}s"
    with psycopg.connect(url, autocommit=True, connect_timeout=30, options=options) as connection:
        try:
            connection.execute(SQL(statement).format(*map(Identifier, names)))  # pyright: ignore[reportArgumentType] - statements of ours
        except psycopg.errors.QueryCanceled as error:
            error.add_note("\n".join(_sessions(connection)))
            raise


def _sessions(connection: psycopg.Connection) -> list[str]:
    """Tell what every session of the server does, for the one who asks why a statement does not end."""
    asked = "SELECT pid, datname, state, wait_event_type, wait_event, left(query, 120) FROM pg_stat_activity"
    return [" | ".join(map(str, row)) for row in connection.execute(asked).fetchall()]
