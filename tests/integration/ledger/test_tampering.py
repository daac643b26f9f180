"""A superuser who switches the triggers off changes the ledger or its log; verification finds each act."""

from collections.abc import AsyncIterator, Generator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from backend.kit.db import start_up_options
from backend.ledger.seals import merkle
from backend.ledger.seals.findings import Finding, Report
from backend.ledger.seals.leaves import FIELDS
from backend.ledger.seals.log_reading import last_head
from backend.ledger.seals.sealing import Sealing
from backend.ledger.seals.verification import verify_ledger
from backend.ledger_commands import verify_command
from backend.settings import Settings
from tests.support.databases import Databases
from tests.support.seals import AT, SealedLedger, append, full_entry, rule_and_attribute, sealed_ledger

pytestmark = pytest.mark.anyio

LEDGER = ("punch", "punch_private", "ruling", "attribution", "punch_dedupe", "punch_status", "ledger_outbox")
LOG = ("seal_leaf", "seal_node", "seal_head")
TABLES = (*LEDGER, *LOG)
PUNCHES = 300
"""More than one block of 256 leaves."""


@pytest.fixture(scope="module")
async def ledger(databases: Databases) -> AsyncIterator[SealedLedger]:
    """Give a ledger of several heads, of which every table has a copy that tests restore from."""
    with databases.clone("tampering") as url:
        async with sealed_ledger(url) as opened:
            project = uuid4()
            entries = [full_entry(project, AT + timedelta(seconds=number)) for number in range(PUNCHES)]
            for begin, end in ((0, 100), (100, 280), (280, PUNCHES)):
                await append(opened.database, entries[begin:end])
                await opened.seal()
            for number in (3, 4):
                await rule_and_attribute(opened.database, entries[number], AT + timedelta(hours=number))
            await opened.seal()
            with psycopg.connect(url) as superuser:
                superuser.execute("ALTER TABLE ruling DROP CONSTRAINT ck_ruling_named")
                for table in TABLES:
                    superuser.execute(f"CREATE TABLE kept_{table} AS TABLE {table}".encode())
                    superuser.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())
                for (partition,) in superuser.execute(
                    "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = ANY(%s::regclass[])",
                    (list(LEDGER[:5]),),
                ).fetchall():
                    superuser.execute(f"ALTER TABLE {partition} DISABLE TRIGGER ALL".encode())
            yield opened


@contextmanager
def tampering(ledger: SealedLedger, *statements: str, values: Any = None) -> Generator[None]:
    """Change what is stored, for the length of the block."""
    try:
        with psycopg.connect(ledger.url) as superuser:
            superuser.execute("SET session_replication_role = replica")
            for statement in statements:
                assert superuser.execute(statement.encode(), values).rowcount > 0, "nothing was tampered with"
        yield
    finally:
        with psycopg.connect(ledger.url) as superuser:
            superuser.execute("SET session_replication_role = replica")
            for table in reversed(TABLES):
                superuser.execute(f"DELETE FROM {table}".encode())
            for table in TABLES:
                superuser.execute(f"INSERT INTO {table} OVERRIDING SYSTEM VALUE TABLE kept_{table}".encode())


def verify(ledger: SealedLedger, **options: Any) -> Report:
    with psycopg.connect(ledger.url, options=start_up_options(), autocommit=True) as application:
        return verify_ledger(application, **options)


def found(report: Report, kind: str) -> list[Finding]:
    return [one for one in report.findings if one.kind == kind]


async def note_of(ledger: SealedLedger) -> str:
    async with ledger.database.connection() as connection:
        head = await last_head(connection)
    assert head is not None
    return head.signed.note()


async def test_an_untouched_ledger_holds_whole_and_in_parts(ledger: SealedLedger) -> None:
    whole = verify(ledger, outside=[await note_of(ledger)])
    assert (whole.findings, whole.entries, whole.heads) == ([], PUNCHES + 4, 4)
    for first, past in ((0, 10), (5, 290), (256, None), (PUNCHES, PUNCHES + 4)):
        part = verify(ledger, first=first, past=past)
        assert part.findings == []
        assert part.entries == (past or PUNCHES + 4) - first


# One byte is changed, or what every run has: a mark of two bytes may miss other changes.
# What a column is changed to; what is not named here is changed by its type.
OTHER = {
    "source": "'import'",
    "time_quality": "'claimed'",
    "direction": "'out'",
    "direction_source": "'wire'",
    "outcome": "'review'",
    "probability": "probability / 2",
    "deadline_at": "NULL",
}
BY_TYPE = {
    "text": "coalesce({}, '') || 'x'",
    "uuid": (
        "coalesce((left({0}::text, 34) || CASE right({0}::text, 2) WHEN '00' THEN '01' ELSE '00' END)::uuid,"
        " '00000000-0000-0000-0000-000000000001')"
    ),
    "instant": "{} + interval '1 microsecond'",
    "bool": "NOT {}",
    "int": "{} + 1",
    "float": "{} + 0.001",
    "bytes": "set_byte({0}, 0, get_byte({0}, 0) # 1)",
    "texts": "array_append({}, 'x')",
}
KEYS = {"project_id", "received_at", "punch_id", "ruled_at", "ruling_id", "made_at", "attribution_id", "seq"}
ALIASES = {"p": "punch", "r": "ruling", "a": "attribution"}
CHANGES = [
    (kind, field.name, ALIASES[field.source[0]], field.source[2:].removesuffix("::text"), field.type)
    for kind, fields in FIELDS.items()
    if kind != "erasure"  # tests/integration/ledger/test_erasures.py
    for field in fields
]


@pytest.mark.parametrize(("kind", "name", "table", "column", "type_"), CHANGES, ids=[f"{c[0]}.{c[1]}" for c in CHANGES])
async def test_any_column_that_was_changed_is_found_and_named(
    kind: str, name: str, table: str, column: str, type_: str, ledger: SealedLedger
) -> None:
    value = OTHER.get(column, "'[]'" if column == "reasons" else BY_TYPE[type_].format(column))
    punch = "(SELECT punch_id FROM punch ORDER BY received_at OFFSET 3 LIMIT 1)"
    first = name.startswith("first_ruling.")
    which = f"punch_id = {punch}" + (f" AND seq {'=' if first else '>'} 1" if table == "ruling" else "")
    leaf = {"punch": 3, "ruling": PUNCHES, "attribution": PUNCHES + 1}[kind]
    with tampering(ledger, f"UPDATE {table} SET {column} = {value} WHERE {which}"):
        whole, part = verify(ledger), verify(ledger, first=leaf, past=leaf + 1)
    for report in (whole, part):
        assert not report.holds
        bad = report.findings[0]
        assert (bad.leaf, bad.entry) == (leaf, kind)
        missing = column in KEYS and not (kind == "ruling" and column in {"punch_id", "seq"})
        missing = missing and not (kind == "attribution" and column == "punch_id")
        missing = missing and not (first and column == "ruling_id")
        if first and column == "seq":
            assert bad.columns[0] == "first_ruling.ruling_id", "the ruling is not there any more"
        elif missing:
            assert bad.kind == "absent"
        else:
            assert (bad.kind, bad.columns) == ("changed", (name,))


async def test_a_private_row_that_lost_its_punch_and_a_state_without_one(ledger: SealedLedger) -> None:
    with tampering(
        ledger, "UPDATE punch_private SET punch_id = gen_random_uuid() WHERE received_at = %s", values=(AT,)
    ):
        report = verify(ledger)
    assert [one.what for one in found(report, "orphan")] == ["is not there, but its private row is there"]


@pytest.mark.parametrize(("table", "leaf"), [("punch", 3), ("ruling", PUNCHES), ("attribution", PUNCHES + 1)])
async def test_a_row_that_was_deleted_is_missed(table: str, leaf: int, ledger: SealedLedger) -> None:
    which = "punch_id = (SELECT punch_id FROM kept_punch ORDER BY received_at OFFSET 3 LIMIT 1)"
    with tampering(ledger, f"DELETE FROM {table} WHERE {which} {'AND seq = 2' if table == 'ruling' else ''}"):
        report = verify(ledger)
    assert (report.findings[0].kind, report.findings[0].leaf, report.findings[0].entry) == ("absent", leaf, table)


COPY = {
    "punch": "INSERT INTO punch SELECT (jsonb_populate_record(p, jsonb_build_object('punch_id', gen_random_uuid()))).*"
    " FROM punch p ORDER BY received_at LIMIT 1",
    "ruling": "INSERT INTO ruling SELECT (jsonb_populate_record(r, jsonb_build_object('ruling_id', gen_random_uuid(),"
    " 'seq', 7))).* FROM ruling r WHERE seq = 2 LIMIT 1",
    "first ruling": "INSERT INTO ruling SELECT (jsonb_populate_record(r, jsonb_build_object('ruling_id',"
    " gen_random_uuid(), 'ruled_at', ruled_at + interval '1 day'))).* FROM ruling r WHERE seq = 1 LIMIT 1",
    "attribution": "INSERT INTO attribution SELECT (jsonb_populate_record(a, jsonb_build_object('attribution_id',"
    " gen_random_uuid()))).* FROM attribution a LIMIT 1",
}


@pytest.mark.parametrize("entry_kind", COPY)
async def test_a_row_that_was_inserted_is_named(entry_kind: str, ledger: SealedLedger) -> None:
    with tampering(ledger, COPY[entry_kind]):
        report = verify(ledger)
    assert [one.entry for one in found(report, "inserted")] == [entry_kind]


async def test_a_second_first_ruling_of_the_same_instant_is_named(ledger: SealedLedger) -> None:
    with tampering(
        ledger,
        "INSERT INTO ruling SELECT (jsonb_populate_record(r, jsonb_build_object('ruling_id', gen_random_uuid()))).*"
        " FROM ruling r WHERE seq = 1 ORDER BY ruled_at LIMIT 1",
    ):
        report = verify(ledger)
    assert {one.leaf for one in report.findings} == {0}
    assert "twice" in {one.kind for one in report.findings}


async def test_two_rows_that_were_swapped_are_both_named(ledger: SealedLedger) -> None:
    two = "(SELECT punch_id FROM kept_punch ORDER BY received_at LIMIT 2)"
    with tampering(
        ledger,
        "UPDATE punch p SET occurred_at = o.occurred_at, event_key = o.event_key"
        f" FROM kept_punch o WHERE p.punch_id IN {two} AND o.punch_id IN {two} AND o.punch_id <> p.punch_id",
    ):
        report = verify(ledger)
    assert [(one.leaf, set(one.columns)) for one in found(report, "changed")] == [
        (0, {"occurred_at", "event_key"}),
        (1, {"occurred_at", "event_key"}),
    ]


async def test_leaves_that_were_swapped_too_are_found_by_the_heads(ledger: SealedLedger) -> None:
    with tampering(ledger, *SWAP_LEAVES):
        report = verify(ledger)
    assert {one.kind for one in report.findings} == {"head", "node"}
    assert found(report, "head")[0].leaf == 99, "already the first head does not hold"


SWAP_LEAVES = (
    "DELETE FROM seal_leaf WHERE leaf_index IN (1, 2)",
    (
        "INSERT INTO seal_leaf (leaf_index, log_id, kind, project_id, entry_at, entry_id, leaf_hash, marks)"
        " SELECT 3 - leaf_index, log_id, kind, project_id, entry_at, entry_id, leaf_hash, marks FROM kept_seal_leaf"
        " WHERE leaf_index IN (1, 2)"
    ),
)

PAST = "(SELECT entry_id FROM kept_seal_leaf WHERE leaf_index >= 280)"
NEWEST = (
    "DELETE FROM punch WHERE punch_id IN " + PAST,
    "DELETE FROM ruling WHERE seq > 1",
    "DELETE FROM attribution",
    "DELETE FROM seal_leaf WHERE leaf_index >= 280",
    "DELETE FROM seal_head WHERE tree_size > 280",
)
TRACES = (
    "DELETE FROM ledger_outbox WHERE entry_id IN " + PAST,
    "DELETE FROM punch_private WHERE punch_id IN " + PAST,
    "DELETE FROM punch_dedupe WHERE punch_id IN " + PAST,
    "DELETE FROM punch_status WHERE punch_id IN " + PAST,
    "DELETE FROM ruling WHERE punch_id IN " + PAST,
)


async def test_newest_rows_that_were_removed_with_their_heads_are_missed(ledger: SealedLedger) -> None:
    note = await note_of(ledger)
    with tampering(ledger, *NEWEST):
        report = verify(ledger)
        assert len(found(report, "orphan")) > 24, "outbox, states, event ids and private rows still speak of them"
    with tampering(ledger, *NEWEST, *TRACES):
        assert verify(ledger).findings == [], "without a trace nothing in the database can tell"
        report = verify(ledger, outside=[note])
        assert [one.kind for one in report.findings] == ["outside"]
        assert "its end was removed" in report.findings[0].what


async def test_newest_leaves_alone(ledger: SealedLedger) -> None:
    with tampering(ledger, "DELETE FROM seal_leaf WHERE leaf_index >= 290"):
        report = verify(ledger)
    assert "its end was removed" in found(report, "head")[0].what
    assert found(report, "unsealed")


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        ("UPDATE seal_leaf SET leaf_hash = sha256(leaf_hash) WHERE leaf_index = 5", "leaf"),
        ("DELETE FROM seal_leaf WHERE leaf_index = 5", "gap"),
        ("UPDATE seal_node SET node_hash = sha256(node_hash)", "node"),
        ("DELETE FROM seal_node", "node"),
        ("UPDATE seal_head SET root_hash = sha256(root_hash) WHERE tree_size = 100", "head"),
        ("UPDATE seal_head SET signature = sha512(signature) WHERE tree_size = 100", "head"),
        ("UPDATE seal_head SET signed_at = signed_at - interval '1 day' WHERE tree_size = 100", "head"),
        ("DELETE FROM seal_head WHERE tree_size > 280", "unsigned"),
    ],
)
async def test_the_log_s_own_rows_are_held_to_each_other(harm: str, kind: str, ledger: SealedLedger) -> None:
    with tampering(ledger, harm):
        report = verify(ledger)
    assert kind in {one.kind for one in report.findings}


async def test_a_row_that_was_changed_with_its_leaf_s_hash_is_named_by_its_marks(ledger: SealedLedger) -> None:
    with tampering(
        ledger, "UPDATE punch SET accuracy_m = 1 WHERE received_at = %s", values=(AT + timedelta(seconds=9),)
    ):
        with psycopg.connect(ledger.url) as superuser:
            from backend.ledger.seals.verification import leaf_content

            new = merkle.leaf_hash(leaf_content(superuser, 9))
            superuser.execute("UPDATE seal_leaf SET leaf_hash = %s WHERE leaf_index = 9", (new,))
        report = verify(ledger)
    assert [(one.leaf, one.columns) for one in found(report, "changed")] == [(9, ("accuracy_m",))]


async def rebuild(ledger: SealedLedger) -> None:
    """Seal all of what is there anew, as somebody who holds database and seal key can."""
    with psycopg.connect(ledger.url) as superuser:
        superuser.execute("SET session_replication_role = replica")
        for table in reversed(LOG):
            superuser.execute(f"DELETE FROM {table}".encode())
    ledger.sealing = Sealing()
    await ledger.seal()


async def test_a_log_that_was_rebuilt_and_signed_again_is_found_against_an_outside_head(
    ledger: SealedLedger, tmp_path: Path
) -> None:
    note = await note_of(ledger)
    with tampering(ledger, "UPDATE punch SET person_id = gen_random_uuid() WHERE received_at = %s", values=(AT,)):
        await rebuild(ledger)
        assert verify(ledger).findings == [], "it is signed by the right key, and whole"
        report = verify(ledger, outside=[note])
        assert [one.kind for one in report.findings] == ["outside"]
        assert "the log was rebuilt" in report.findings[0].what
        file, said = tmp_path / "outside.head", list[str]()
        file.write_text(note, "utf-8")
        settings = Settings(database_url=ledger.url, keys_dir=tmp_path)
        assert verify_command(settings, said.append, first=0, past=None, heads=[file], keys=None, private=False) == 1
        assert "the log was rebuilt" in said[0]
        assert said[-1] == "1 things do not hold"
    ledger.sealing = Sealing()
    assert verify(ledger, outside=[note]).findings == []


async def test_a_key_that_nobody_trusts(ledger: SealedLedger) -> None:
    report = verify(ledger, trusted=[bytes(32)], outside=[await note_of(ledger), "nonsense"])
    assert [one.kind for one in report.findings] == ["head"] * 4 + ["outside"] * 2
