from base64 import urlsafe_b64encode
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kit.cursors import CursorInvalid, read_cursor, write_cursor
from backend.kit.ids import id_instant, new_id

# A fixed one of version 4: test ids have to be the same in every worker.
SOME_ID = UUID("8a3c1b64-5d0e-4f7a-9c2b-6e1f0a4d7b35")

INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)).map(  # noqa: DTZ001 - made aware right here
    lambda at: at.replace(tzinfo=UTC)
)


@given(at=INSTANTS, item=st.uuids())
def test_a_cursor_comes_back(at: datetime, item: UUID) -> None:
    cursor = write_cursor(at, item)
    assert read_cursor(cursor) == (at, item)
    assert cursor.isascii()
    assert "=" not in cursor


@pytest.mark.parametrize(
    "cursor",
    [
        "",
        "x",
        "!!!!",
        "岗",
        urlsafe_b64encode(b"2026-03-16").decode(),
        urlsafe_b64encode(b"2026-03-16T00:00:00 not-an-id").decode(),
        urlsafe_b64encode(f"never {SOME_ID}".encode()).decode(),
        # Without an offset nobody knows which instant it is.
        urlsafe_b64encode(f"2026-03-16T00:00:00 {SOME_ID}".encode()).decode(),
        urlsafe_b64encode(f"0001-01-01T00:00:00+14:00 {SOME_ID}".encode()).decode(),
        urlsafe_b64encode(f"9999-12-31T23:59:59-14:00 {SOME_ID}".encode()).decode(),
        urlsafe_b64encode(b"\xff\xfe").decode(),
    ],
)
def test_a_foreign_cursor_is_refused(cursor: str) -> None:
    with pytest.raises(CursorInvalid):
        read_cursor(cursor)


@given(st.text(max_size=80))
def test_no_text_leads_anywhere_else(cursor: str) -> None:
    with suppress(CursorInvalid):
        read_cursor(cursor)


@given(at=INSTANTS)
def test_an_id_holds_its_instant_to_the_millisecond(at: datetime) -> None:
    made = new_id(at)
    assert made.version == 7
    assert timedelta(0) <= at - id_instant(made) < timedelta(milliseconds=1)


def test_ids_of_one_instant_differ_and_later_ones_sort_later() -> None:
    at = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)
    made = [new_id(at) for _ in range(1000)]
    assert len(set(made)) == 1000
    assert max(made) < new_id(at + timedelta(milliseconds=1))


@pytest.mark.parametrize("other", [SOME_ID, UUID(int=0), UUID(int=2**128 - 1)])
def test_only_version_7_holds_an_instant(other: UUID) -> None:
    with pytest.raises(ValueError, match="version 7"):
        id_instant(other)


@pytest.mark.parametrize("bits", [0, 2**48 - 1])
def test_an_id_may_claim_any_instant(bits: int) -> None:
    """A phone can send what it likes: an instant or a ValueError, never another error."""
    claimed = UUID(int=bits << 80 | 0x7 << 76 | 0x8 << 60)
    try:
        assert id_instant(claimed).tzinfo is not None
    except ValueError:
        assert bits
