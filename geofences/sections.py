"""What the sections of a person say about an alignment: the ranges in which his chainage is looked for first."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple
from uuid import UUID

from geofences.alignment_errors import (
    BranchUnknown,
    ChainageAmbiguous,
    ChainageBeyond,
    ChainageInGap,
    LabelOfOtherAlignment,
    StretchReversed,
)
from geofences.errors import ChainageInvalid
from geofences.projection import Stretch
from geofences.stationing import Stationing

LABEL_FAULTS = (
    ChainageInvalid,
    LabelOfOtherAlignment,
    ChainageInGap,
    ChainageBeyond,
    ChainageAmbiguous,
    BranchUnknown,
)
"""What reading one label may raise."""


class SectionRange(NamedTuple):
    """A range that belongs to a section: labels on an alignment, or metres on corridors that have none (id None)."""

    alignment_id: UUID | None
    begin: str | float
    end: str | float


def stretches_on(
    stationing: Stationing | None, alignment_id: UUID | None, ranges: Iterable[SectionRange]
) -> tuple[Stretch, ...]:
    """Return the continuous ranges, in metres, that sections have on one alignment or centreline.

    A range whose labels a realignment has taken away is left out: nobody is held to a place that does not exist.
    """
    if stationing is None:
        return ()
    return _stretches(stationing, tuple(one for one in ranges if one.alignment_id == alignment_id))


@lru_cache(maxsize=4096)
def _stretches(stationing: Stationing, ranges: tuple[SectionRange, ...]) -> tuple[Stretch, ...]:
    found: list[Stretch] = []
    for one in ranges:
        if isinstance(one.begin, str) and isinstance(one.end, str):
            stretch = read_or_none(stationing, one.begin, one.end)
            if stretch is not None:
                found.append(stretch)
        else:
            found.append(Stretch(float(one.begin), float(one.end)))
    return tuple(found)


def read_or_none(stationing: Stationing, begin: str, end: str) -> Stretch | None:
    """Return the continuous range between two labels in metres, None if the line does not have it (any more)."""
    try:
        return stationing.read_stretch(begin, end)
    except (*LABEL_FAULTS, StretchReversed):
        return None


def holds(stretches: Sequence[Stretch], chainage_m: float | None) -> bool:
    """Tell whether a continuous chainage lies in one of the ranges."""
    return chainage_m is not None and any(one.from_m <= chainage_m <= one.to_m for one in stretches)
