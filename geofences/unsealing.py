"""Opens the sealed rows of recorded punches in bulk and sorts out those that cannot be judged anew."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import Final, Literal, TypeAlias, get_args
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from backend.decision.reconsideration import Recalled, recall
from backend.kit.crypto import DataKey, DataKeys, DecryptionError, data_key_label
from backend.sites.model import day_bounds, work_on
from geofences.recorded_fixes import RecordedFix, join_fixes, read_private
from geofences.replay import RecordedPunches
from geofences.replay_queries import KeyRow, RecordedRow
from geofences.standings import Standings

LeftOut: TypeAlias = Literal["decided_by_person", "pending", "other_reasons", "no_fix", "key_destroyed", "unreadable"]
LEFT_OUT: Final[tuple[LeftOut, ...]] = get_args(LeftOut)
"""Why a punch keeps its ruling: somebody decided it; evidence is outstanding; its reasons are not those of a check-in;
no position came with it; the data key of its month was destroyed; its private row cannot be read."""


@dataclass(frozen=True, slots=True, eq=False)
class Opened:
    """The punches of a run that can be judged anew with their rows and fixes, and how many cannot, by reason."""

    rows: Sequence[RecordedRow]
    fixes: Sequence[tuple[RecordedFix, ...]]
    punches: RecordedPunches
    left_out: Counter[LeftOut]


@dataclass(frozen=True, slots=True)
class Standing:
    """Everybody's sections and the faces of a project, and what makes its days."""

    standings: Standings
    time_zone: str
    cutover: time


class Openers:
    """The data keys of a project by id, what reasons mean, who had which sections; kept for all runs of one replay."""

    def __init__(self, data_keys: DataKeys, project_id: UUID, keys: Iterable[KeyRow], standing: Standing) -> None:
        """Unwrap every key that was not destroyed."""
        self._keys: dict[UUID, DataKey] = {
            row.key_id: data_keys.unwrap(
                bytes(row.wrapped), data_key_label(project_id, f"{row.month.year:04}-{row.month.month:02}")
            )
            for row in keys
            if row.wrapped is not None
        }
        self._standing = standing
        self._day: tuple[date, float, float] = date.min, math.inf, -math.inf
        self._recalled: dict[str, int | None] = {}
        self.findings: list[Recalled] = []

    def open(self, rows: Sequence[RecordedRow]) -> Opened:
        """Open a run."""
        left_out: Counter[LeftOut] = Counter()
        taken: list[RecordedRow] = []
        beside: list[int] = []
        fixes: list[tuple[RecordedFix, ...]] = []
        for row in rows:
            found = self._recall(row.codes)
            if row.by_person:
                left_out["decided_by_person"] += 1
            elif row.outcome == "pending":
                left_out["pending"] += 1
            elif found is None:
                left_out["other_reasons"] += 1
            else:
                opened = self._fixes(row)
                if isinstance(opened, str):
                    left_out[opened] += 1
                else:
                    taken.append(row)
                    beside.append(found)
                    fixes.append(opened)
        return Opened(taken, fixes, self._joined(taken, beside, fixes), left_out)

    def _recall(self, codes: str) -> int | None:
        if codes not in self._recalled:
            found = recall(msgspec.json.decode(codes, type=list[str]))
            self._recalled[codes] = None if found is None else len(self.findings)
            if found is not None:
                # Where the faces of the day lie is looked at anew.
                self.findings.append(replace(found, signals=found.signals - {"outside_work_face"}))
        return self._recalled[codes]

    def _fixes(self, row: RecordedRow) -> tuple[RecordedFix, ...] | LeftOut:
        if row.sealed is None or row.key_id is None:
            return "unreadable"
        key = self._keys.get(row.key_id)
        if key is None:
            return "key_destroyed"
        try:
            return read_private(key.open(row.sealed, row.punch_id)) or "no_fix"
        except (DecryptionError, msgspec.MsgspecError):
            return "unreadable"

    def _joined(
        self, rows: Sequence[RecordedRow], beside: Sequence[int], fixes: Sequence[tuple[RecordedFix, ...]]
    ) -> RecordedPunches:
        first, joined = join_fixes(fixes)
        size = len(rows)
        return RecordedPunches(
            at=np.fromiter((row.at for row in rows), np.float64, size),
            first=first,
            count=np.fromiter(map(len, fixes), np.intp, size),
            fixes=joined,
            policy_version=np.fromiter((row.policy_version for row in rows), np.int64, size),
            beside=np.array(beside, dtype=np.intp),
            findings=self.findings,
            situation=self._situations(rows),
            situations=self._standing.standings.situations,
        )

    def _situations(self, rows: Sequence[RecordedRow]) -> NDArray[np.intp]:
        standings = self._standing.standings
        if standings.says_nothing:
            return np.zeros(len(rows), dtype=np.intp)
        numbers = (standings.number(row.person_id, self._day_of(row.at)) for row in rows)
        return np.fromiter(numbers, np.intp, len(rows))

    def _day_of(self, at: float) -> date:
        """Return the site's day of an instant; punches come in the order of time, so that few days are worked out."""
        day, begin, end = self._day
        if not begin <= at < end:
            day = work_on(datetime.fromtimestamp(at, UTC), self._standing.time_zone, self._standing.cutover)
            first, last = day_bounds(day, self._standing.time_zone, self._standing.cutover)
            self._day = day, first.timestamp(), last.timestamp()
        return day


def add_up(counts: Iterable[Mapping[LeftOut, int]]) -> dict[LeftOut, int]:
    """Add up what was left out, every reason named."""
    total: Counter[LeftOut] = Counter()
    for one in counts:
        total.update(one)
    return {reason: total[reason] for reason in LEFT_OUT}
