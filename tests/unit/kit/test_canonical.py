import json
from datetime import UTC, datetime
from hashlib import sha256
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kit.canonical import canonical_bytes, digest
from mobile_api.schemas import CheckInRequest, FixIn

ASCII = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=8)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ASCII, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


def test_keys_are_sorted_and_nothing_is_padded() -> None:
    assert (
        canonical_bytes({"b": [1, 2.5], "a": {"d": None, "c": "岗"}})
        == '{"a":{"c":"岗","d":null},"b":[1,2.5]}'.encode()
    )


@given(VALUES)
def test_one_value_has_one_spelling(value: object) -> None:
    spelled = canonical_bytes(value)
    assert canonical_bytes(json.loads(spelled)) == spelled


@given(st.dictionaries(ASCII, st.integers(0, 9), min_size=2, max_size=6))
def test_the_order_of_writing_does_not_matter(value: dict[str, int]) -> None:
    backwards = dict(reversed(value.items()))
    assert digest(backwards) == digest(value)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ({"a": 1}, {"a": "1"}),
        ({"a": None}, {}),
        ([1, 2], [2, 1]),
        ({"a": True}, {"a": 1}),
        ({"a": ""}, {"a": None}),
    ],
)
def test_different_values_have_different_digests(left: object, right: object) -> None:
    assert digest(left) != digest(right)


def test_the_digest_is_sha256_of_the_bytes() -> None:
    assert digest({"a": 1}) == sha256(b'{"a":1}').digest()


def test_instants_and_ids_are_spelled_one_way() -> None:
    value = {"at": datetime(2026, 3, 16, 1, 30, tzinfo=UTC), "id": UUID("0195A0B0-0000-7000-8000-000000000001")}
    assert canonical_bytes(value) == b'{"at":"2026-03-16T01:30:00Z","id":"0195a0b0-0000-7000-8000-000000000001"}'


def test_a_tap_s_digest_changes_with_each_of_its_fields() -> None:
    fix = FixIn(lon=114.5, lat=30.5, crs="wgs84", accuracy_m=8.0, platform="android")
    tap = CheckInRequest(
        event_id=UUID("0195a0b0-0000-7000-8000-000000000001"),
        claimed_at=datetime(2026, 3, 16, 1, 30, tzinfo=UTC),
        fixes=[fix],
    )
    others = [
        CheckInRequest(event_id=tap.event_id, claimed_at=tap.claimed_at, fixes=[]),
        CheckInRequest(event_id=tap.event_id, claimed_at=tap.claimed_at, fixes=[fix, fix]),
        CheckInRequest(event_id=tap.event_id, claimed_at=tap.claimed_at, fixes=[fix], direction="in"),
        CheckInRequest(event_id=tap.event_id, claimed_at=tap.claimed_at, fixes=[fix], project_id=UUID(int=1)),
        CheckInRequest(event_id=tap.event_id, claimed_at=tap.claimed_at.replace(second=1), fixes=[fix]),
    ]
    assert len({digest(one) for one in [tap, *others]}) == 1 + len(others)
