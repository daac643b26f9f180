"""Rotating site codes: one spelling, one step each, and nobody makes one without the secret."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.evidence.ways.site_codes import (
    AROUND,
    LONGEST,
    STEP,
    is_current,
    is_genuine,
    read_code,
    shown_during,
    step_at,
    step_begins,
    write_code,
)

AT = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)
SECRET, PROJECT, CODE = b"s" * 32, UUID(int=1), UUID(int=2)
steps = st.integers(0, 10**11)
instants = st.datetimes(datetime(2020, 1, 1), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - strategy's bounds


@given(secret=st.binary(min_size=16, max_size=64), project_id=st.uuids(), code_id=st.uuids(), step=steps)
def test_what_is_shown_is_read_and_genuine(secret: bytes, project_id: UUID, code_id: UUID, step: int) -> None:
    text = write_code(secret, project_id, code_id, step)
    assert len(text) <= LONGEST
    scan = read_code(text)
    assert scan is not None
    assert (scan.code_id, scan.step) == (code_id, step)
    assert is_genuine(scan, secret, project_id)
    assert not is_genuine(scan, secret + b"x", project_id)
    assert not is_genuine(scan, secret, UUID(int=project_id.int ^ 1))


@given(at=instants)
def test_a_step_is_thirty_seconds(at: datetime) -> None:
    begins = step_begins(step_at(at))
    assert begins <= at < begins + STEP


@given(at=instants, off=st.integers(-4, 4))
def test_the_present_step_and_one_on_each_side_are_taken(at: datetime, off: int) -> None:
    scan = read_code(write_code(SECRET, PROJECT, CODE, step_at(at) + off))
    assert scan is not None
    assert is_current(scan, at) == (abs(off) <= AROUND)
    # What a code witnesses when it was scanned without network is exactly when it would have been taken on line.
    begin, end = shown_during(scan)
    assert (begin <= at < end) == is_current(scan, at)
    assert end - begin == STEP * 3


@given(place=st.integers(0, 200), to=st.characters())
def test_no_other_text_is_a_genuine_code(place: int, to: str) -> None:
    text = write_code(SECRET, PROJECT, CODE, step_at(AT))
    at = place % len(text)
    changed = text[:at] + to + text[at + 1 :]
    scan = read_code(changed)
    assert changed == text or scan is None or not is_genuine(scan, SECRET, PROJECT)


@pytest.mark.parametrize("text", ["", "DGQ1", "DGQ1...", "DGQ1." + "A" * 22 + ".-1." + "A" * 22, "１" * 60, "x" * 100])
def test_other_texts_are_no_codes(text: str) -> None:
    assert read_code(text) is None


def test_steps_of_unicode_digits_and_leading_zeros_are_other_spellings() -> None:
    text = write_code(SECRET, PROJECT, CODE, 7)
    assert read_code(text.replace(".7.", ".07.")) is None
    assert read_code(text.replace(".7.", ".７.")) is None
    assert timedelta(seconds=30) == STEP
