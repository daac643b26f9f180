"""Says where on a map to look at a punch that somebody is to rule on: the fence it was judged by, and its rough place.

The exact fix stays sealed. Whoever decides is told the corner of a grid cell of about a hundred metres: enough to tell
a street from the next one, not whose window somebody stood at.
"""

from dataclasses import dataclass
from typing import Final, cast
from uuid import UUID

import msgspec
from sqlalchemy import and_, select

from backend.kit.crypto import DataKeys, DecryptionError
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.ledger.append import Connection
from backend.ledger.data_keys import read_data_key
from backend.ledger.errors import PunchUnknown, RulingOnOwnParty
from backend.ledger.queries import RULE, find_punch, may_rule
from backend.ledger.tables import PunchPrivate
from geofences.recorded_fixes import RecordedFix, read_private
from geofences.tables import FenceRow, FenceVersion

DECIMALS: Final = 3
"""Of degrees: a grid of 111 m from south to north, and about 95 m from west to east in Wuhan."""


@dataclass(frozen=True, slots=True)
class JudgedBy:
    """The fence version by which a punch was judged."""

    fence_id: UUID
    name: str
    version_id: UUID
    number: int


@dataclass(frozen=True, slots=True)
class PunchMap:
    """Where to look: longitude and latitude (WGS-84, degrees) are rounded, None where no fix came or none is left."""

    judged_by: JudgedBy | None
    lon: float | None
    lat: float | None


async def find_place(tx: Tx, actor: Actor, data_keys: DataKeys, project_id: UUID, punch_id: UUID) -> PunchMap:
    """Return where a punch was made, roughly, to those who decide on it; raises PunchUnknown or RulingOnOwnParty."""
    punch = await find_punch(tx, actor, project_id, punch_id, scope=RULE)
    if punch is None:
        raise PunchUnknown
    if not await may_rule(tx, actor, project_id, punch.attributed_to):
        raise RulingOnOwnParty
    fixes = await _fixes(tx, data_keys, punch)
    # The most accurate one, as for the evaluation; of equals the first.
    best = min(fixes, key=lambda one: one.accuracy_m, default=None)
    place = None if best is None else best.fix()
    return PunchMap(
        await _judged_by(tx, project_id, punch.fence_version_id),
        None if place is None else round(place.lon, DECIMALS),
        None if place is None else round(place.lat, DECIMALS),
    )


async def _judged_by(tx: Tx, project_id: UUID, version_id: UUID | None) -> JudgedBy | None:
    if version_id is None:
        return None
    query = (
        select(FenceRow.id, FenceRow.name, FenceVersion.id, FenceVersion.number)
        .join(FenceRow, and_(FenceRow.project_id == FenceVersion.project_id, FenceRow.id == FenceVersion.fence_id))
        .where(FenceVersion.project_id == project_id, FenceVersion.id == version_id)
    )
    row = (await tx.execute(query)).one_or_none()
    return None if row is None else JudgedBy(*row)


async def _fixes(tx: Tx, data_keys: DataKeys, punch: AnyRow) -> tuple[RecordedFix, ...]:
    query = select(PunchPrivate.key_id, PunchPrivate.sealed).where(
        PunchPrivate.project_id == punch.project_id,
        PunchPrivate.received_at == punch.received_at,
        PunchPrivate.punch_id == punch.punch_id,
    )
    row = (await tx.execute(query)).one_or_none()
    if row is None:
        return ()
    connection = cast("Connection", (await tx.get_raw_connection()).driver_connection)
    key = await read_data_key(connection, data_keys, punch.project_id, row.key_id)
    if key is None:
        return ()
    try:
        return read_private(key.open(bytes(row.sealed), punch.punch_id.bytes))
    except (DecryptionError, msgspec.DecodeError):
        return ()
