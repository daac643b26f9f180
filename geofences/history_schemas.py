"""The wire forms of a fence's history."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import shapely

from backend.kit.wire import Wire
from geofences.difference import Difference
from geofences.period_queries import PeriodRow


class PeriodAnswer(Wire, frozen=True, kw_only=True):
    """A version judges what happened from `valid_from` to before `valid_until`, as known in the other two instants.

    `valid_until` null: without end; `known_until` null: known now.
    """

    id: UUID
    version_id: UUID
    number: int
    valid_from: datetime
    valid_until: datetime | None
    known_from: datetime
    known_until: datetime | None
    recorded_by: UUID


class PeriodsAnswer(Wire, frozen=True, kw_only=True):
    """When which version of a fence is in force, in the order of time."""

    periods: list[PeriodAnswer]


class DifferenceAnswer(Wire, frozen=True, kw_only=True):
    """What a version gains and loses against the version `against` (null: against no fence at all).

    Areas in square metres on the ellipsoid; geometries are GeoJSON MultiPolygons, longitude first.
    """

    number: int
    against: int | None
    gained_m2: float
    lost_m2: float
    kept_m2: float
    gained: dict[str, Any]
    lost: dict[str, Any]


def period_answer(row: PeriodRow) -> PeriodAnswer:
    """Build the answer of a period."""
    return msgspec.convert(row, PeriodAnswer, from_attributes=True)


def difference_answer(number: int, against: int | None, found: Difference) -> DifferenceAnswer:
    """Build the answer of a difference."""
    return DifferenceAnswer(
        number=number,
        against=against,
        gained_m2=found.gained_m2,
        lost_m2=found.lost_m2,
        kept_m2=found.kept_m2,
        gained=msgspec.json.decode(shapely.to_geojson(found.gained)),
        lost=msgspec.json.decode(shapely.to_geojson(found.lost)),
    )
