from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kit.query_instants import InstantMalformed, read_instant

AT = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["2026-03-16T01:30:00Z", "2026-03-16t01:30:00z", "2026-03-16T09:30:00+08:00", "2026-03-15T22:00:00.000-03:30"],
)
def test_every_spelling_of_rfc_3339_is_read(text: str) -> None:
    read = read_instant("since", text)
    assert read == AT
    assert read is not None
    assert read.tzinfo is UTC


def test_nothing_given_is_nothing() -> None:
    assert read_instant("since", None) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-03-16T09:30:00",
        "2026-03-16T09:30:00 08:00",
        "2026-03-16 09:30:00+08:00",
        "2026-03-16",
        "1773624600",
        "1773624600.5",
        "2026-W12-1T01:30:00Z",
        "20260316T013000Z",
        "2026-03-16T01:30Z",
        "2026-02-30T01:30:00Z",
        "2026-03-16T24:30:00Z",
        "2026-03-16T09:30:00+24:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-01:00",
        "２０２６-03-16T01:30:00Z",
        "2026-03-16T01:30:00Z\n",
        "0000-01-01T00:00:00Z",
    ],
)
def test_what_must_be_guessed_or_cannot_be_is_refused_by_name(text: str) -> None:
    with pytest.raises(InstantMalformed) as caught:
        read_instant("until", text)
    assert caught.value.detail == {"parameter": "until"}


@given(
    st.datetimes(min_value=datetime(2, 1, 1), max_value=datetime(9998, 1, 1)),  # noqa: DTZ001 - the offset is drawn
    st.integers(min_value=-1439, max_value=1439),
)
def test_what_is_written_with_an_offset_is_read_as_it_was(naive: datetime, minutes: int) -> None:
    at = naive.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert read_instant("since", at.isoformat()) == at


@given(st.text(max_size=40))
def test_any_text_is_an_instant_or_refused(text: str) -> None:
    try:
        read = read_instant("at", text)
    except InstantMalformed:
        return
    assert read is not None
    assert read.tzinfo is UTC
