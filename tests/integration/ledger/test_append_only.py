"""What is written stays: by privileges alone for the application, by triggers for the owner too."""

from collections.abc import Iterator
from datetime import UTC, datetime
from uuid import uuid4

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege, RestrictViolation, UndefinedTable
from psycopg.sql import SQL, Identifier

from backend.kit.db import start_up_options
from tests.support.databases import Databases

APPEND_ONLY = ("punch", "punch_private", "ruling", "attribution", "punch_dedupe", "erasure", "ledger_outbox")
AT = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)
CHANGES = ("UPDATE {} SET project_id = project_id", "DELETE FROM {}", "TRUNCATE {}")


@pytest.fixture(scope="module")
def ledger_url(databases: Databases) -> Iterator[str]:
    """Give a database with one row in each append-only table."""
    with databases.clone("append_only") as url:
        with psycopg.connect(url, options=start_up_options()) as connection:
            key = (uuid4(), AT, uuid4())
            connection.execute(
                "INSERT INTO punch (project_id, received_at, punch_id, source, source_id, event_key, occurred_at,"
                " device_time, time_quality, direction, direction_source, trust, policy_version, signals,"
                " payload_digest)"
                " VALUES (%s, %s, %s, 'gate', %s, 'e', %s, '', 'device', 'in', 'wire', 'gate', 0, '{}', %s)",
                (*key, uuid4(), AT, bytes(32)),
            )
            connection.execute("INSERT INTO punch_private VALUES (%s, %s, %s, %s, '')", (*key, uuid4()))
            connection.execute(
                "INSERT INTO ruling (project_id, ruled_at, ruling_id, punch_id, seq, outcome, reasons, policy_version)"
                " VALUES (%s, %s, %s, %s, 1, 'counted', '[]', 0)",
                (*key, key[2]),
            )
            connection.execute(
                "INSERT INTO attribution (project_id, made_at, attribution_id, punch_id, person_id, reason)"
                " VALUES (%s, %s, %s, %s, %s, 'x')",
                (*key, key[2], uuid4()),
            )
            connection.execute(
                "INSERT INTO punch_dedupe VALUES (%s, %s, '2026-03-01', 'e', '', %s, '{}')", (key[0], uuid4(), key[2])
            )
            connection.execute(
                "INSERT INTO erasure VALUES (%s, %s, %s, 'photo', %s, '', 'x')", (key[0], AT, uuid4(), uuid4())
            )
            connection.execute(
                "INSERT INTO ledger_outbox (project_id, kind, entry_id, recorded_at) VALUES (%s, 'punch', %s, %s)",
                (key[0], key[2], AT),
            )
        yield url


def tables_of(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        rows = connection.execute(
            "SELECT c.relname FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid"
            " LEFT JOIN pg_class p ON p.oid = i.inhparent"
            " WHERE c.relkind IN ('r', 'p') AND (c.relname = ANY(%s) OR p.relname = ANY(%s))",
            (list(APPEND_ONLY), list(APPEND_ONLY)),
        ).fetchall()
    return sorted(name for (name,) in rows)


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("role", ["daogang_app", "daogang_owner"])
def test_no_row_of_any_table_or_partition_is_changed(role: str, change: str, ledger_url: str) -> None:
    refusal = InsufficientPrivilege if role == "daogang_app" else RestrictViolation
    tables = tables_of(ledger_url)
    assert len(tables) > len(APPEND_ONLY) * 20, "the partitions are looked at too"
    with psycopg.connect(ledger_url, options=start_up_options(role), autocommit=True) as connection:
        for table in tables:
            statement = SQL(change).format(Identifier(table))  # pyright: ignore[reportArgumentType] - statements of ours
            filled = table in {*APPEND_ONLY} or table.endswith("_202603")
            if not filled and role == "daogang_owner" and not change.startswith("TRUNCATE"):
                continue  # a row trigger needs a row; its being there is tested below
            with pytest.raises(refusal):
                connection.execute(statement)


def test_every_partition_has_both_triggers_and_they_fire_always(ledger_url: str) -> None:
    with psycopg.connect(ledger_url) as connection:
        for table in tables_of(ledger_url):
            fired = connection.execute(
                "SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = %s::regclass ORDER BY tgname", (table,)
            ).fetchall()
            names = {name for name, _ in fired}
            assert {"refuse_change", "refuse_truncate"} <= names, table
            assert {mode for _, mode in fired} == {"A"}, f"{table}: replication would pass it"


def test_the_application_owns_nothing_and_makes_no_tables(ledger_url: str) -> None:
    with psycopg.connect(ledger_url, options=start_up_options(), autocommit=True) as connection:
        owned = connection.execute("SELECT count(*) FROM pg_class WHERE relowner = 'daogang_app'::regrole").fetchone()
        assert owned == (0,)
        for statement in (
            "CREATE TABLE mine (id int)",
            "ALTER TABLE punch DISABLE TRIGGER ALL",
            "DROP TABLE punch",
            "CREATE OR REPLACE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "SET session_replication_role = replica",
            "ALTER TABLE punch DETACH PARTITION punch_202603",
            "SELECT make_append_only('punch')",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(statement)  # pyright: ignore[reportArgumentType] - statements of ours


@pytest.mark.parametrize("parent", ["account", "punch_status", "pg_class", "punch; DROP TABLE punch", ""])
def test_partitions_are_made_of_ledger_tables_alone(parent: str, ledger_url: str) -> None:
    with (
        psycopg.connect(ledger_url, options=start_up_options()) as connection,
        pytest.raises(UndefinedTable),
    ):
        connection.execute("SELECT ensure_partition(%s, '2031-01-01')", (parent,))


def test_a_partition_made_on_the_way_is_as_strict_as_the_others(ledger_url: str) -> None:
    with psycopg.connect(ledger_url, options=start_up_options(), autocommit=True) as connection:
        assert connection.execute("SELECT ensure_partition('punch', '2033-07-31')").fetchone() == ("punch_203307",)
        assert connection.execute("SELECT ensure_partition('punch', '2033-07-01')").fetchone() == ("punch_203307",)
        for change in CHANGES:
            with pytest.raises(InsufficientPrivilege):
                connection.execute(SQL(change).format(Identifier("punch_203307")))  # pyright: ignore[reportArgumentType] - statements of ours
    with (
        psycopg.connect(ledger_url, options=start_up_options("daogang_owner"), autocommit=True) as connection,
        pytest.raises(RestrictViolation),
    ):
        connection.execute("TRUNCATE punch_203307")


def test_status_and_days_can_be_rebuilt_but_not_erased(ledger_url: str) -> None:
    with psycopg.connect(ledger_url, options=start_up_options(), autocommit=True) as connection:
        for table in ("punch_status", "person_day", "data_key"):
            for change in ("DELETE FROM {}", "TRUNCATE {}"):
                with pytest.raises(InsufficientPrivilege):
                    connection.execute(SQL(change).format(Identifier(table)))  # pyright: ignore[reportArgumentType] - statements of ours
        with pytest.raises(InsufficientPrivilege):
            connection.execute("UPDATE data_key SET key_id = key_id")
