"""Says when a photo was used before: by another person, on another day or on another site (pure)."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal
from uuid import UUID

from backend.evidence.photos.examined import Hashes
from backend.evidence.photos.hashes import NEAR, distance

Differs = Literal["person", "day", "site"]

NEAR_DIFFERENCES: Final = 10
"""Bits of the confirming hash; other pictures differ in 32 of 64 on average, and both hashes look at other things."""
NEAR_AT_ONE_CAMERA: Final = 2
"""Bits of both together at a camera that hangs still: its pictures differ only in who stands before it."""
OLD_AFTER_MINUTES: Final = 15
EDITORS: Final = (
    "photoshop",
    "lightroom",
    "snapseed",
    "gimp",
    "picsart",
    "facetune",
    "canva",
    "meitu",
    "美图",
    "醒图",
)
"""Programs whose name in a photo's metadata says that it was worked on. Who wants to hide it takes the name out."""


@dataclass(frozen=True, slots=True)
class Use:
    """A photo as a punch names it: whose, on which day and project; `device_id` of a gate's camera."""

    photo_id: UUID
    punch_id: UUID
    project_id: UUID
    person_id: UUID | None
    device_id: UUID | None
    work_on: date
    noted_at: datetime
    hashes: Hashes | None
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Reuse:
    """That a use shows the picture of an earlier one; `bits` in which both hashes together differ (0: or the file)."""

    earlier: Use
    same_file: bool
    bits: int
    differs: tuple[Differs, ...]


def find_reuse(use: Use, earlier: Use) -> Reuse | None:
    """Return what speaks of reuse between two uses of different punches; None for what is no reuse.

    The same person's pictures of one day on one site may be alike: he took two. Somebody whom nobody knows is nobody
    else than another unknown.
    """
    differs: list[Differs] = []
    if use.person_id != earlier.person_id and None not in {use.person_id, earlier.person_id}:
        differs.append("person")
    if use.work_on != earlier.work_on:
        differs.append("day")
    if use.project_id != earlier.project_id:
        differs.append("site")
    if not differs:
        return None
    if use.sha256 == earlier.sha256:
        return Reuse(earlier, same_file=True, bits=0, differs=tuple(differs))
    if use.hashes is None or earlier.hashes is None:
        return None
    first = distance(use.hashes.frequencies, earlier.hashes.frequencies)
    second = distance(use.hashes.differences, earlier.hashes.differences)
    at_one_camera = use.device_id is not None and use.device_id == earlier.device_id
    if first > NEAR or second > NEAR_DIFFERENCES or (at_one_camera and first + second > NEAR_AT_ONE_CAMERA):
        return None
    return Reuse(earlier, same_file=False, bits=first + second, differs=tuple(differs))


def names_an_editor(software: str | None) -> bool:
    """Tell whether metadata names a program that changes pictures."""
    told = (software or "").casefold()
    return any(name in told for name in EDITORS)


def minutes_apart(taken_local: str, taken_offset: str | None, occurred_at: datetime) -> int:
    """Return how many whole minutes lie between a photo's own time and an instant.

    `occurred_at` is aware, in the site's zone: that is what wall-clock time without an offset is read in. Raises
    ValueError for a day that the calendar does not have.
    """
    taken = datetime.fromisoformat(taken_local + (taken_offset or ""))
    if taken.tzinfo is None:
        taken = taken.replace(tzinfo=occurred_at.tzinfo)
    return int(abs((occurred_at - taken).total_seconds()) // 60)
