"""Follows the serial numbers of a device that counts its events: gaps, and counts that begin anew (pure)."""

from collections.abc import Sequence
from typing import NamedTuple

from backend.gates.sequence import Ranges, note_seqs


class Counted(NamedTuple):
    """An event's number, and that of the one before it if the device says so."""

    number: int
    before: int | None


class Followed(NamedTuple):
    """What has arrived after some events; `gaps` are first and last missing number of each new gap."""

    seen: Ranges
    gaps: tuple[tuple[int, int], ...]
    restarted: bool


def follow(seen: Ranges, counted: Sequence[Counted], *, later_than_all: bool) -> Followed:
    """Return what has arrived after events that were not known before, in ascending order.

    A gap is told once, when it opens; numbers that the device itself skips (the event before is the last that arrived)
    are none. A count began anew when a new event has a number that arrived already, or when `later_than_all` (a live
    event after all others by its time) has a lower number than they.
    """
    gaps: list[tuple[int, int]] = []
    restarted = False
    for one in sorted(counted):
        last = seen[-1][1] - 1 if seen else None
        if last is not None and (arrived(seen, one.number) or (later_than_all and one.number < last)):
            seen, last, restarted = (), None, True
        if last is None or one.number <= last + 1:
            seen = note_seqs(seen, [one.number])
        elif one.before == last:
            seen = note_seqs(seen, range(last + 1, one.number + 1))
        else:
            missing_to = one.before if one.before is not None and last < one.before < one.number else one.number - 1
            gaps.append((last + 1, missing_to))
            seen = note_seqs(seen, range(missing_to + 1, one.number + 1))
    return Followed(seen, tuple(gaps), restarted)


def arrived(seen: Ranges, number: int) -> bool:
    """Tell whether a number has arrived."""
    return any(begin <= number < end for begin, end in seen)
