"""A photo is reused when another person, day or site shows it; two pictures of one morning are not."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID, uuid4

import pytest

from backend.evidence.photos.examined import Hashes
from backend.evidence.photos.hashes import NEAR
from backend.evidence.photos.reuse import (
    NEAR_AT_ONE_CAMERA,
    NEAR_DIFFERENCES,
    Use,
    find_reuse,
    minutes_apart,
    names_an_editor,
)

ONE, SITE = uuid4(), uuid4()
EARLIER = Use(
    photo_id=uuid4(),
    punch_id=uuid4(),
    project_id=SITE,
    person_id=ONE,
    device_id=None,
    work_on=date(2026, 3, 16),
    noted_at=datetime(2026, 3, 16, 1, tzinfo=UTC),
    hashes=Hashes(frequencies=0, differences=0),
    sha256=b"1" * 32,
)
SAME = replace(EARLIER, punch_id=uuid4(), photo_id=uuid4(), sha256=b"2" * 32)


def with_bits(use: Use, frequencies: int, differences: int) -> Use:
    return replace(use, hashes=Hashes(frequencies=2**frequencies - 1, differences=2**differences - 1))


@pytest.mark.parametrize(
    ("change", "differs"),
    [
        ({"person_id": uuid4()}, ("person",)),
        ({"work_on": date(2026, 3, 17)}, ("day",)),
        ({"project_id": uuid4()}, ("site",)),
        ({"person_id": uuid4(), "work_on": date(2026, 3, 17), "project_id": uuid4()}, ("person", "day", "site")),
    ],
)
def test_what_differs_is_told(change: dict[str, object], differs: tuple[str, ...]) -> None:
    found = find_reuse(replace(SAME, **change), EARLIER)
    assert found is not None
    assert (found.differs, found.same_file, found.bits) == (differs, False, 0)


def test_two_pictures_of_one_person_day_and_site_are_no_reuse() -> None:
    assert find_reuse(SAME, EARLIER) is None
    assert find_reuse(replace(SAME, sha256=EARLIER.sha256), EARLIER) is None


@pytest.mark.parametrize("nobody", [(None, ONE), (ONE, None), (None, None)])
def test_somebody_unknown_is_nobody_else(nobody: tuple[UUID | None, UUID | None]) -> None:
    assert find_reuse(replace(SAME, person_id=nobody[0]), replace(EARLIER, person_id=nobody[1])) is None


@pytest.mark.parametrize(
    ("frequencies", "differences", "found"),
    [
        (NEAR, NEAR_DIFFERENCES, True),
        (NEAR + 1, 0, False),
        (0, NEAR_DIFFERENCES + 1, False),
    ],
)
def test_both_hashes_must_be_near(frequencies: int, differences: int, *, found: bool) -> None:
    other = with_bits(replace(SAME, person_id=uuid4()), frequencies, differences)
    assert (find_reuse(other, EARLIER) is not None) == found


@pytest.mark.parametrize(("bits", "found"), [(NEAR_AT_ONE_CAMERA, True), (NEAR_AT_ONE_CAMERA + 1, False)])
def test_a_camera_that_hangs_still_needs_more(bits: int, *, found: bool) -> None:
    gate = uuid4()
    other = with_bits(replace(SAME, person_id=uuid4(), device_id=gate), bits, 0)
    assert (find_reuse(other, replace(EARLIER, device_id=gate)) is not None) == found
    assert find_reuse(other, replace(EARLIER, device_id=uuid4())) is not None


def test_the_same_file_needs_no_hash() -> None:
    bare = replace(EARLIER, hashes=None)
    found = find_reuse(replace(SAME, person_id=uuid4(), sha256=EARLIER.sha256, hashes=None), bare)
    assert found is not None
    assert found.same_file
    assert find_reuse(replace(SAME, person_id=uuid4(), hashes=None), bare) is None


@pytest.mark.parametrize(
    ("local", "offset", "minutes"),
    [
        ("2026-03-16T09:30:00", None, 0),
        ("2026-03-16T09:10:01", None, 19),
        ("2026-03-16T01:30:00", "+00:00", 0),
        ("2026-03-15T09:30:00", "+08:00", 24 * 60),
    ],
)
def test_a_photos_own_time_is_the_sites_unless_it_says_otherwise(local: str, offset: str | None, minutes: int) -> None:
    occurred = datetime(2026, 3, 16, 9, 30, tzinfo=timezone(timedelta(hours=8)))
    assert minutes_apart(local, offset, occurred) == minutes


def test_a_day_that_is_none_is_told() -> None:
    with pytest.raises(ValueError, match="day"):
        minutes_apart("2026-02-31T00:00:00", None, datetime(2026, 3, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("software", "is_one"),
    [
        ("Adobe Photoshop 25.0", True),
        ("美图秀秀", True),
        ("Snapseed 2.0", True),
        ("HarmonyOS 4.2", False),
        (None, False),
    ],
)
def test_programs_that_change_pictures_are_known(software: str | None, *, is_one: bool) -> None:
    assert names_an_editor(software) == is_one
