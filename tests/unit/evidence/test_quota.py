"""How much a person may send: never more than the limits, and after the wait it fits."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from backend.evidence.model import (
    DAY,
    LIFE,
    MAX_DAY_BYTES,
    MAX_OPEN,
    MAX_PHOTO_BYTES,
    Sent,
    part_name,
    photo_name,
    wait_for_room,
)
from backend.kit.blobs import checked
from backend.kit.ids import new_id

NOW = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)
SENT = st.builds(
    Sent,
    st.timedeltas(timedelta(0), LIFE).map(lambda ago: NOW - ago),
    st.integers(1, MAX_PHOTO_BYTES),
    st.booleans(),
)


@given(st.lists(SENT, max_size=80), st.integers(1, MAX_PHOTO_BYTES))
def test_there_is_room_if_and_only_if_the_limits_hold(recent: list[Sent], size: int) -> None:
    unfinished = sum(not one.finished and one.created_at > NOW - LIFE for one in recent)
    today = sum(one.size for one in recent if one.created_at > NOW - DAY)
    fits = unfinished < MAX_OPEN and today + size <= MAX_DAY_BYTES
    wait = wait_for_room(recent, size, NOW)
    assert (wait is None) == fits
    if wait is not None:
        assert timedelta(0) <= wait <= LIFE


@given(st.lists(SENT, max_size=80), st.integers(1, MAX_PHOTO_BYTES))
def test_whoever_waits_as_told_finds_room_or_is_told_the_next_wait(recent: list[Sent], size: int) -> None:
    now = NOW
    for _ in range(len(recent) + 1):
        wait = wait_for_room(recent, size, now)
        if wait is None:
            return
        now += wait + timedelta(microseconds=1)
    raise AssertionError("it never ends")


def test_names_are_those_of_blobs() -> None:
    upload_id = new_id(NOW)
    assert checked(part_name(upload_id, 8_388_607, "0a1b2c3d")).startswith(f"uploads/{upload_id.hex[-2:]}/")
    assert checked(photo_name(b"\xab" * 32, upload_id)) == f"photos/ab/{'ab' * 32}.{upload_id.hex}"
