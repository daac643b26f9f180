"""Reading of batches: strict envelope, each item by itself."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gates.events import FaultyItem, ReadEvent, read_batch
from backend.kit.errors import BodyTooLarge, InvalidBody, MalformedBody

CLOCK = "2026-03-16T09:30:00+08:00"


def event(**changes: Any) -> dict[str, Any]:
    made = {
        "device_event_id": "e-1",
        "seq": 1,
        "occurred_at": "2026-03-16T08:00:00+08:00",
        "person": {"kind": "pin", "value": "1001"},
        "direction": "in",
        "granted": True,
        "method": "face",
        "live": True,
        **changes,
    }
    return {key: value for key, value in made.items() if value is not ...}


def batch(*items: Any) -> bytes:
    return json.dumps({"clock_now": CLOCK, "items": items}, ensure_ascii=False).encode()


def read(*items: Any) -> list[ReadEvent | FaultyItem]:
    return read_batch(batch(*items))[1]


def test_an_event_keeps_the_devices_own_words_beside_the_instant() -> None:
    (item,) = read(event())
    assert isinstance(item, ReadEvent)
    assert item.event.occurred_at == "2026-03-16T08:00:00+08:00"
    assert item.at == datetime(2026, 3, 16, tzinfo=UTC)


def test_what_may_be_left_out_is_unknown() -> None:
    (item,) = read(event(direction=..., granted=..., method=...))
    assert isinstance(item, ReadEvent)
    assert (item.event.direction, item.event.granted, item.event.method) == (None, None, None)


@pytest.mark.parametrize(
    "wrong",
    [
        event(seq="1"),
        event(seq=0),
        event(seq=1.5),
        event(seq=2**53),
        event(seq=True),
        event(device_event_id=""),
        event(device_event_id="x" * 101),
        event(device_event_id="a\0b"),
        event(device_event_id=7),
        event(device_event_id=...),
        event(occurred_at="2026-03-16T08:00:00"),
        event(occurred_at="2026-03-16 08:00"),
        event(occurred_at="20260316T080000+0800"),
        event(occurred_at="0001-01-01T00:00:00+08:00"),
        event(occurred_at="9999-12-31T23:00:00-08:00"),
        event(occurred_at=1773624600),
        event(person=None),
        event(person={"kind": "face", "value": "1"}),
        event(person={"kind": "pin", "value": 7}),
        event(person={"kind": "pin", "value": ""}),
        event(person={"kind": "person", "value": "not-a-uuid"}),
        event(direction="inside"),
        event(granted="yes"),
        event(live=...),
        event(live=None),
        event(photo_sha256="AB"),
        event(unknown=1),
        None,
        7,
        [],
        "event",
    ],
)
def test_a_malformed_item_spoils_no_other(wrong: object) -> None:
    first, second, third = read(event(device_event_id="a"), wrong, event(device_event_id="c"))
    assert isinstance(first, ReadEvent)
    assert isinstance(second, FaultyItem)
    assert second.message
    assert isinstance(third, ReadEvent)


@pytest.mark.parametrize(
    "at",
    ["2026-03-16", "2026-03-16T08:00:00", "16.03.2026 08:00:00 +08:00", "x" * 41, "9999-12-31T23:00:00-08:00", 7, None],
)
def test_of_a_malformed_time_is_said_what_is_wanted(at: object) -> None:
    (item,) = read(event(occurred_at=at))
    assert isinstance(item, FaultyItem)
    assert item.message == (
        "Expected an instant as RFC 3339 with offset, like 2026-03-16T07:58:12+08:00 - at `$.occurred_at`"
    )


def test_of_a_malformed_item_id_and_number_are_salvaged() -> None:
    (item,) = read(event(direction="sideways", seq=9))
    assert isinstance(item, FaultyItem)
    assert (item.device_event_id, item.seq) == ("e-1", 9)


def test_invalid_utf8_within_one_item_spoils_no_other() -> None:
    good = json.dumps(event()).encode()
    body = b'{"clock_now":"' + CLOCK.encode() + b'","items":[{"device_event_id":"\xff"},' + good + b"]}"
    first, second = read_batch(body)[1]
    assert isinstance(first, FaultyItem)
    assert isinstance(second, ReadEvent)


def test_a_repeated_key_within_one_item_spoils_no_other() -> None:
    good = json.dumps(event()).encode()
    twice = good[:-1] + b',"granted":false}'
    body = b'{"clock_now":"' + CLOCK.encode() + b'","items":[' + good + b"," + twice + b"]}"
    first, second = read_batch(body)[1]
    assert isinstance(first, ReadEvent)
    assert isinstance(second, FaultyItem)
    assert "granted" in second.message


def test_a_repeated_key_of_the_envelope_is_invalid() -> None:
    body = b'{"clock_now":"' + CLOCK.encode() + b'","items":[7],"items":[' + json.dumps(event()).encode() + b"]}"
    with pytest.raises(InvalidBody):
        read_batch(body)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"clock_now":"' + CLOCK.encode() + b'","items":[NaN]}',
        b'{"clock_now":"' + CLOCK.encode() + b'","items":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}",
    ],
)
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        read_batch(body)


@pytest.mark.parametrize(
    "envelope",
    [
        [],
        {"items": [event()]},
        {"clock_now": "2026-03-16T09:30:00", "items": [event()]},
        {"clock_now": CLOCK, "items": []},
        {"clock_now": CLOCK, "items": {}},
        {"clock_now": CLOCK, "items": [event()] * 501},
        {"clock_now": CLOCK, "items": [event()], "more": 1},
    ],
)
def test_an_envelope_of_another_form_is_invalid(envelope: object) -> None:
    with pytest.raises(InvalidBody):
        read_batch(json.dumps(envelope).encode())


def test_a_body_beyond_the_limit_is_not_parsed() -> None:
    with pytest.raises(BodyTooLarge):
        read_batch(b" " * 1_000_001)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(_json, st.sampled_from(["device_event_id", "seq", "occurred_at", "person", "direction", "granted", "live"]))
def test_any_value_in_any_field_is_read_or_refused(value: object, field: str) -> None:
    (item,) = read(event(**{field: value}))
    assert isinstance(item, ReadEvent | FaultyItem)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(InvalidBody, MalformedBody):
        read_batch(body)
