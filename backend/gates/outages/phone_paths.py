"""Says since when, and until when, phones may check in at a site of gates: while an entrance has none (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Down:
    """A gate's outage as far as it matters here; `until_at` is when a declared one ends by itself."""

    outage_id: UUID
    device_id: UUID
    from_at: datetime
    until_at: datetime | None


@dataclass(frozen=True, slots=True)
class Path:
    """Phones may check in for an entrance: since its last gate went down, until the first outage ends by itself."""

    entrance: str
    from_at: datetime
    until_at: datetime | None
    outage_ids: tuple[UUID, ...]


def open_paths(entrances: Mapping[UUID, str], down: Iterable[Down]) -> dict[str, Path]:
    """Return the open paths by entrance; `entrances` says where each gate that is in use stands.

    A gate may be down for several reasons at once: it works again when the last of them ends, and went down with the
    first. An entrance whose gates are all pending or blocked has no outage.
    """
    of_gate: dict[UUID, list[Down]] = {}
    for one in down:
        of_gate.setdefault(one.device_id, []).append(one)
    gates: dict[str, list[UUID]] = {}
    for device_id, entrance in entrances.items():
        gates.setdefault(entrance, []).append(device_id)
    paths: dict[str, Path] = {}
    for entrance, devices in gates.items():
        if all(device_id in of_gate for device_id in devices):
            outages = [one for device_id in devices for one in of_gate[device_id]]
            paths[entrance] = Path(
                entrance,
                max(min(one.from_at for one in of_gate[device_id]) for device_id in devices),
                _earliest(_last_end(of_gate[device_id]) for device_id in devices),
                tuple(sorted(one.outage_id for one in outages)),
            )
    return paths


def _last_end(outages: Iterable[Down]) -> datetime | None:
    ends = [one.until_at for one in outages]
    return None if None in ends else max(end for end in ends if end is not None)


def _earliest(ends: Iterable[datetime | None]) -> datetime | None:
    return min((end for end in ends if end is not None), default=None)
