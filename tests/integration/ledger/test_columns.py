"""Both ways in which entries travel to the append arrive as the same rows."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.kit.db import Database
from backend.ledger.append import MANY, send_append, settle_append
from backend.ledger.columns import COLUMNS, FROM_ARRAYS, FROM_OBJECTS, as_arrays, as_objects
from backend.ledger.model import Entry
from tests.support.ledgers import entry

AT = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)
PROJECT, PERSON = UUID(int=1), UUID(int=2)
NUMBERS = st.none() | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
ENTRIES = st.lists(
    st.builds(
        lambda person, changes: entry(PROJECT, person, AT, **changes),
        st.none() | st.just(PERSON),
        st.fixed_dictionaries(
            {},
            optional={
                "event_key": TEXTS,
                "device_time": TEXTS,
                "lane": st.none() | TEXTS | st.sampled_from(["NULL", "null", "{}", '"', "\\", '\\"', "a,b", " ", ""]),
                "granted": st.none() | st.booleans(),
                "probability": NUMBERS,
                "chainage_m": NUMBERS,
                "signals": st.sampled_from([(), ("clock_off",), ("clock_off", "shared_phone")]),
                "reasons": st.lists(st.fixed_dictionaries({"code": TEXTS, "m": NUMBERS})).map(tuple),
                "section_id": st.none() | st.uuids(),
                "sealed": st.none() | st.binary(max_size=9).map(bytes.hex),
                "deadline_at": st.none() | st.just(AT),
            },
        ),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries=ENTRIES)
async def test_arrays_read_like_objects(database: Database, entries: list[Entry]) -> None:
    arrays = as_arrays(entries)
    if arrays is None:
        told = repr([(one.event_key, one.device_time, one.lane, one.reasons) for one in entries])
        assert "\\" in told  # only what JSON has an escape of its own for
        return
    async with database.connection() as connection:
        objects = await (await connection.execute(FROM_OBJECTS, as_objects(entries))).fetchall()
        assert await (await connection.execute(FROM_ARRAYS, arrays)).fetchall() == objects
    assert len(objects) == len(entries)


@pytest.mark.parametrize("text", ["\n", "\t", "\x07", "\\n\n", "a\x1f"])
def test_what_json_escapes_in_its_own_way_goes_as_objects(text: str) -> None:
    assert as_arrays([entry(PROJECT, PERSON, AT, lane=text)]) is None


@pytest.mark.parametrize("text", ['"', "\\", "\\n", '\\"', "班组", "\\\\u0041"])
def test_what_both_spell_alike_goes_as_arrays(text: str) -> None:
    assert as_arrays([entry(PROJECT, PERSON, AT, lane=text)]) is not None


def test_every_field_of_an_entry_has_its_column() -> None:
    compared_only = "earlier_digests"
    assert list(COLUMNS) == [name for name in Entry.__struct_fields__ if name != compared_only]


@pytest.mark.parametrize("count", [1, MANY - 1, MANY, 2 * MANY])
@pytest.mark.parametrize("lane", ["A", "\n"])
async def test_few_and_many_are_appended_alike(database: Database, count: int, lane: str) -> None:
    entries = [entry(UUID(int=AT.microsecond + count), None, AT, lane=lane) for _ in range(count)]
    async with database.connection() as connection, connection.transaction(force_rollback=True):
        done = await settle_append(connection, entries, await send_append(connection, entries))
    assert [one.status for one in done] == ["new"] * count
    assert [one.receipt.punch_id for one in done] == [one.punch_id for one in entries]
