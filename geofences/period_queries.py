"""Every SELECT of periods: what is in force when, as known now or as known at an instant."""

from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, literal, select
from sqlalchemy.dialects.postgresql import TIMESTAMP

from backend.kit.db import Tx
from geofences.tables import FencePeriod, FenceVersion
from geofences.timeline import Period


@dataclass(frozen=True, slots=True)
class PeriodRow:
    """A time for which a version is in force, and the time for which that is or was known; None without end."""

    project_id: UUID
    id: UUID
    fence_id: UUID
    version_id: UUID
    number: int
    valid_from: datetime
    valid_until: datetime | None
    known_from: datetime
    known_until: datetime | None
    recorded_by: UUID


_PERIOD = (
    FencePeriod.project_id,
    FencePeriod.id,
    FencePeriod.fence_id,
    FencePeriod.version_id,
    FenceVersion.number,
    func.lower(FencePeriod.valid_during),
    func.upper(FencePeriod.valid_during),
    func.lower(FencePeriod.known_during),
    func.upper(FencePeriod.known_during),
    FencePeriod.recorded_by,
)
_OF_VERSION = and_(FencePeriod.project_id == FenceVersion.project_id, FencePeriod.version_id == FenceVersion.id)


def instant(at: datetime) -> ColumnElement[datetime]:
    """Return an instant as SQL."""
    return literal(at, TIMESTAMP(timezone=True))


def known(known_at: datetime | None = None) -> Any:  # noqa: ANN401 - a SQL condition
    """Tell in SQL which periods are known now, or were known at an instant."""
    if known_at is None:
        return func.upper_inf(FencePeriod.known_during)
    return FencePeriod.known_during.op("@>")(instant(known_at))


def valid_at(at: datetime) -> Any:  # noqa: ANN401 - a SQL condition
    """Tell in SQL which periods hold an instant."""
    return FencePeriod.valid_during.op("@>")(instant(at))


def valid_between(begin: datetime, end: datetime) -> Any:  # noqa: ANN401 - a SQL condition
    """Tell in SQL which periods hold any instant from `begin` on to before `end`."""
    return FencePeriod.valid_during.op("&&")(func.tstzrange(instant(begin), instant(end)))


def in_force_at(at: datetime, known_at: datetime | None = None) -> ColumnElement[bool]:
    """Tell in SQL which versions (FenceVersion) are in force at an instant, as known now or as known at `known_at`.

    The periods alone decide; what happened to a version since does not matter.
    """
    return exists(select(FencePeriod.id).where(_OF_VERSION, valid_at(at), known(known_at)).correlate(FenceVersion))


async def list_periods(
    tx: Tx, project_id: UUID, fence_id: UUID, *, known_at: datetime | None = None
) -> list[PeriodRow]:
    """Return a fence's periods in the order of time, as known now or as known at an instant."""
    return await _list(tx, project_id, fence_id, known(known_at))


async def list_all_periods(tx: Tx, project_id: UUID, fence_id: UUID) -> list[PeriodRow]:
    """Return all that was ever known of a fence, in the order in which it became known."""
    statement = (
        select(*_PERIOD)
        .join(FenceVersion, _OF_VERSION)
        .where(FencePeriod.project_id == project_id, FencePeriod.fence_id == fence_id)
        .order_by(func.lower(FencePeriod.known_during), func.lower(FencePeriod.valid_during))
    )
    return [PeriodRow(*row) for row in await tx.execute(statement)]


async def _list(tx: Tx, project_id: UUID, fence_id: UUID, *conditions: Any) -> list[PeriodRow]:  # noqa: ANN401 - SQL
    statement = (
        select(*_PERIOD)
        .join(FenceVersion, _OF_VERSION)
        .where(FencePeriod.project_id == project_id, FencePeriod.fence_id == fence_id, *conditions)
        .order_by(func.lower(FencePeriod.valid_during))
    )
    return [PeriodRow(*row) for row in await tx.execute(statement)]


async def find_number_in_force(tx: Tx, project_id: UUID, fence_id: UUID, at: datetime) -> int | None:
    """Return the number of a fence's version that is in force at an instant, as known now."""
    return await tx.scalar(
        select(FenceVersion.number).where(
            FenceVersion.project_id == project_id, FenceVersion.fence_id == fence_id, in_force_at(at)
        )
    )


async def list_project_periods(
    tx: Tx, project_id: UUID, since: datetime, until: datetime, *, known_at: datetime | None = None
) -> list[Period]:
    """Return the periods of all fences of a project that meet [since, until), with daily hours.

    As known now, or as known at an instant.
    """
    statement = (
        select(
            FencePeriod.fence_id,
            FencePeriod.version_id,
            func.lower(FencePeriod.valid_during),
            func.upper(FencePeriod.valid_during),
            FenceVersion.opens_at,
            FenceVersion.closes_at,
        )
        .join(FenceVersion, _OF_VERSION)
        .where(
            FencePeriod.project_id == project_id,
            known(known_at),
            FencePeriod.valid_during.op("&&")(func.tstzrange(instant(since), instant(until), "[)")),
        )
    )
    return [
        Period(
            fence_id=fence_id,
            version_id=version_id,
            valid_from=start,
            valid_until=end,
            opens_s=seconds_of(opens_at),
            closes_s=seconds_of(closes_at),
        )
        for fence_id, version_id, start, end, opens_at, closes_at in await tx.execute(statement)
    ]


async def find_hours(tx: Tx, project_id: UUID, version_id: UUID) -> tuple[float | None, float | None]:
    """Return a version's daily hours in seconds since local midnight, None for all day."""
    statement = select(FenceVersion.opens_at, FenceVersion.closes_at).where(
        FenceVersion.project_id == project_id, FenceVersion.id == version_id
    )
    opens_at, closes_at = (await tx.execute(statement)).one()
    return seconds_of(opens_at), seconds_of(closes_at)


def seconds_of(at: time | None) -> float | None:
    """Return a time of day as seconds since midnight."""
    return None if at is None else at.hour * 3600.0 + at.minute * 60.0 + at.second + at.microsecond / 1e6
