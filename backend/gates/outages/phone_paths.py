"""Says since when, and until when, phones may check in at a site of gates: while an entrance has none (pure)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

EVER = datetime(1, 1, 1, tzinfo=UTC)
NEVER = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class InUse:
    """A gate that was in use since it was set up, until it was last heard of if it is not active any more."""

    device_id: UUID
    entrance: str
    since: datetime
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Down:
    """A gate's outage from `from_at` until before `until_at`; None is open, and a declared one ends by itself."""

    outage_id: UUID
    device_id: UUID
    from_at: datetime
    until_at: datetime | None


@dataclass(frozen=True, slots=True)
class Path:
    """Phones may check in for an entrance, from `from_at` until before `until_at` (None: until further notice)."""

    entrance: str
    from_at: datetime
    until_at: datetime | None
    outage_ids: tuple[UUID, ...]


_Span = tuple[datetime, datetime]


def find_paths(gates: Sequence[InUse], outages: Sequence[Down]) -> list[Path]:
    """Return the times in which no gate of an entrance worked, by entrance and time.

    A gate may be down for several reasons at once, and counts from when it was set up. A former gate counts as long as
    it worked: taking it out of use lets nobody in for the time before. An entrance without a gate in use has no outage.
    """
    down: dict[UUID, list[_Span]] = {}
    for one in outages:
        down.setdefault(one.device_id, []).append((one.from_at, one.until_at or NEVER))
    spans: dict[str, list[_Span]] = {}
    begun: dict[str, datetime] = {}
    for gate in gates:
        absent = [*down.get(gate.device_id, ()), (EVER, gate.since), (gate.until or NEVER, NEVER)]
        spans[gate.entrance] = _both(spans.get(gate.entrance, [(EVER, NEVER)]), _union(absent))
        if gate.until is None:
            begun[gate.entrance] = min(begun.get(gate.entrance, NEVER), gate.since)
    of_entrance = {gate.device_id: gate.entrance for gate in gates}
    return [
        Path(
            entrance,
            begin,
            None if end == NEVER else end,
            tuple(
                sorted(
                    one.outage_id
                    for one in outages
                    if of_entrance.get(one.device_id) == entrance
                    and one.from_at < end
                    and begin < (one.until_at or NEVER)
                )
            ),
        )
        for entrance in sorted(spans)
        for begin, end in _both(spans[entrance], [(begun.get(entrance, NEVER), NEVER)])
    ]


def _union(spans: Iterable[_Span]) -> list[_Span]:
    joined: list[_Span] = []
    for begin, end in sorted(spans):
        if joined and begin <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((begin, end))
    return joined


def _both(some: Sequence[_Span], others: Sequence[_Span]) -> list[_Span]:
    shared = ((max(one[0], other[0]), min(one[1], other[1])) for one in some for other in others)
    return sorted((begin, end) for begin, end in shared if begin < end)
