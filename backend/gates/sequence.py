"""Keeps count of a device's sequence numbers: which arrived, which one is the next that should (pure).

`next_expected_seq` is the lowest number that has not arrived since the device's counter began: everything below it,
back to the first number ever seen, is with us. A gap holds it back until the missing number comes, since the device
may still have it; what came after the gap is remembered as ranges. A counter that restarts (new storage, factory reset)
shows itself by a *new* event under a number that has arrived already: counting then begins anew with that batch.
"""

from collections.abc import Iterable
from typing import Final

Ranges = tuple[tuple[int, int], ...]
"""Sorted, disjoint, not touching; each from its first number to the one after its last."""

MAX_RANGES: Final = 64
"""With more gaps than that the lowest is given up: a row must stay small whatever a device does."""


def note_seqs(seen: Ranges, fresh: Iterable[int], settled: Iterable[int] = ()) -> Ranges:
    """Return what has arrived after a batch.

    `fresh` are the numbers of events that were new; `settled` those of items that got their final answer without
    becoming one (malformed, in conflict): they will not come better, so they leave no gap. Repetitions of known events
    are not passed at all: after a restart they would bring the old numbers back.
    """
    new = sorted(set(fresh))
    base = () if any(_holds(seen, number) for number in new) else seen
    merged = _merge([*base, *_runs(sorted({*new, *settled}))])
    while len(merged) > MAX_RANGES:
        merged[0:2] = [(merged[0][0], merged[1][1])]
    return tuple(merged)


def next_expected(seen: Ranges) -> int:
    """Return the lowest number that has not arrived; 1 when none has."""
    return seen[0][1] if seen else 1


def _holds(seen: Ranges, number: int) -> bool:
    return any(begin <= number < end for begin, end in seen)


def _runs(numbers: list[int]) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number:
            runs[-1] = (runs[-1][0], number + 1)
        else:
            runs.append((number, number + 1))
    return runs


def _merge(ranges: list[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for begin, end in sorted(ranges):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return merged
