"""Which fence versions are in force when: periods of validity and of knowledge, and many instants answered at once.

A period says that a version judges from `valid_from` on until before `valid_until`, and that this was known from
`known_from` on until before `known_until`. Knowledge is only ever added: what is no longer believed ends, nothing is
rewritten, so that both questions have an answer for ever: what was in force then, as known then, and as known now.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]

DAY_S = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A time for which a version is in force; half-open, None without end (or without beginning, `valid_from`).

    `opens_s`, `closes_s`: daily hours in seconds since local midnight, None for all day.
    """

    fence_id: UUID
    version_id: UUID
    valid_from: datetime | None
    valid_until: datetime | None
    opens_s: float | None = None
    closes_s: float | None = None

    def holds(self, at: datetime) -> bool:
        """Tell whether an instant lies in it, daily hours aside."""
        return (self.valid_from is None or self.valid_from <= at) and (
            self.valid_until is None or at < self.valid_until
        )


def overlaid(periods: Iterable[Period], upper: Period) -> list[Period]:
    """Return the periods as they stand once `upper` is laid over those of its fence: what it covers is cut away."""
    kept: list[Period] = []
    for period in periods:
        if period.fence_id != upper.fence_id:
            kept.append(period)
        else:
            kept += cut_out(period, upper.valid_from, upper.valid_until)
    return [*kept, upper]


def cut_out(period: Period, begin: datetime | None, end: datetime | None) -> list[Period]:
    """Return what is left of a period, in order, when the time from `begin` to before `end` is taken out of it."""
    left: list[Period] = []
    if begin is not None and (period.valid_from is None or period.valid_from < begin):
        until = begin if period.valid_until is None else min(begin, period.valid_until)
        left.append(replace(period, valid_until=until))
    if end is not None and (period.valid_until is None or period.valid_until > end):
        start = end if period.valid_from is None else max(end, period.valid_from)
        left.append(replace(period, valid_from=start))
    return left


class Timeline:
    """Answers for many instants which versions are in force; periods of one fence do not overlap."""

    def __init__(self, periods: Sequence[Period]) -> None:
        """Sort the instants at which anything changes, and note what is in force from each on."""
        self._periods = sorted(periods, key=lambda period: period.version_id.bytes)
        bounds = {at for one in periods for at in (one.valid_from, one.valid_until) if at is not None}
        self._bounds = sorted(bounds)
        self._starts = np.array([at.timestamp() for at in self._bounds])
        instants = [None, *self._bounds]
        self._between = [
            [one for one in self._periods if _begins_before(one, instants[index])] for index in range(len(instants))
        ]

    def has_hours(self) -> bool:
        """Tell whether anything depends on the time of day."""
        return any(one.opens_s is not None for one in self._periods)

    def in_force(self, at: Array, local_s: Array) -> tuple[NDArray[np.intp], list[tuple[UUID, ...]]]:
        """Return for each instant (seconds since 1970, UTC) an index into the list of sets of version ids in force.

        `local_s` are the same instants as seconds since local midnight.
        """
        segment = np.searchsorted(self._starts, at, side="right")
        sets: dict[tuple[UUID, ...], int] = {}
        found = np.zeros(len(at), dtype=np.intp)
        for here in np.unique(segment).tolist():
            rows = np.flatnonzero(segment == here)
            candidates = self._between[here]
            opened = np.column_stack([_is_open(one, local_s[rows]) for one in candidates] or [np.ones((len(rows), 0))])
            kinds, kind = np.unique(opened.astype(np.int8), axis=0, return_inverse=True)
            ids = [
                tuple(one.version_id for one, is_open in zip(candidates, row, strict=True) if is_open) for row in kinds
            ]
            numbers = np.array([sets.setdefault(one, len(sets)) for one in ids], dtype=np.intp)
            found[rows] = numbers[kind.reshape(-1)]
        return found, list(sets)


def _begins_before(period: Period, at: datetime | None) -> bool:
    """Tell whether a period is in force from `at` on (None: before everything that has a beginning)."""
    return period.valid_from is None if at is None else period.holds(at)


def _is_open(period: Period, local_s: Array) -> NDArray[np.bool_]:
    opens, closes = period.opens_s, period.closes_s
    if opens is None or closes is None:
        return np.ones(len(local_s), dtype=np.bool_)
    if opens <= closes:
        return (opens <= local_s) & (local_s < closes)
    return (local_s >= opens) | (local_s < closes)


def seconds(at: datetime) -> float:
    """Return an aware instant as seconds since 1970, UTC."""
    return at.astimezone(UTC).timestamp()
