"""Makes, activates, blocks and renames gate devices."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, func, insert, update

from backend.gates.errors import DeviceUnknown, SerialTaken
from backend.gates.registry import queries
from backend.gates.registry.queries import GateRow
from backend.gates.registry.schemas import GateBody, GatePatch, PlaceBody
from backend.gates.tables import GateDevice
from backend.gates.tools import PlaceReader
from backend.identity.audit import record_act
from backend.kit.clock import Clock
from backend.kit.db import Tx, translate_violations
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.sites.projects import require_project

_VIOLATIONS = {"uq_gate_device_serial_no": SerialTaken}


async def list_devices(
    tx: Tx, actor: Actor, project_id: UUID, *, after: UUID | None, limit: int, clock: Clock
) -> list[GateRow]:
    """Return a page of a project's devices; raises ProjectUnknown."""
    await require_project(tx, actor, project_id, scope=queries.READ)
    return await queries.list_gates(tx, project_id, clock.now(), after=after, limit=limit)


async def show_device(tx: Tx, actor: Actor, project_id: UUID, device_id: UUID, *, clock: Clock) -> GateRow:
    """Return a device; raises ProjectUnknown or DeviceUnknown."""
    await require_project(tx, actor, project_id, scope=queries.READ)
    return await _device(tx, project_id, device_id, clock.now())


async def create_device(
    tx: Tx, actor: Actor, project_id: UUID, body: GateBody, *, read_place: PlaceReader, clock: Clock
) -> GateRow:
    """Make a pending device; raises ProjectUnknown, SerialTaken, or `read_place`'s errors."""
    await require_project(tx, actor, project_id, scope=queries.WRITE)
    now = clock.now()
    device_id = new_id(now)
    with translate_violations(_VIOLATIONS):
        await tx.execute(
            insert(GateDevice).values(
                project_id=project_id,
                id=device_id,
                serial_no=body.serial_no,
                name=body.name,
                entrance=body.entrance,
                lane=body.lane,
                default_direction=body.default_direction,
                place=_point(body.place, read_place),
                state="pending",
                heartbeat_interval_s=body.heartbeat_interval_s,
                created_at=now,
            )
        )
    detail = {"serial_no": body.serial_no, "crs": body.place.crs}
    await record_act(tx, actor, "gate.created", "gate", device_id, detail, clock=clock, project_id=project_id)
    return await _device(tx, project_id, device_id, now)


async def change_device(
    tx: Tx, actor: Actor, project_id: UUID, device_id: UUID, patch: GatePatch, *, read_place: PlaceReader, clock: Clock
) -> GateRow:
    """Change a device; activating pairs it the first time. Raises ProjectUnknown, DeviceUnknown or `read_place`'s."""
    await require_project(tx, actor, project_id, scope=queries.WRITE)
    now = clock.now()
    changes: dict[str, Any] = {
        field: value for field in GatePatch.__struct_fields__ if (value := getattr(patch, field)) is not msgspec.UNSET
    }
    fields = sorted(changes)
    if isinstance(patch.place, PlaceBody):
        changes["place"] = _point(patch.place, read_place)
    if patch.state == "active":
        changes["paired_at"] = func.coalesce(GateDevice.paired_at, now)
    if changes:
        statement = update(GateDevice).where(GateDevice.project_id == project_id, GateDevice.id == device_id)
        await tx.execute(statement.values(**changes))
    device = await _device(tx, project_id, device_id, now)
    if changes:
        act = {"active": "gate.activated", "blocked": "gate.blocked"}.get(str(changes.get("state")), "gate.changed")
        await record_act(tx, actor, act, "gate", device_id, {"fields": fields}, clock=clock, project_id=project_id)
    return device


async def _device(tx: Tx, project_id: UUID, device_id: UUID, now: datetime) -> GateRow:
    device = await queries.find_gate(tx, project_id, device_id, now)
    if device is None:
        raise DeviceUnknown
    return device


def _point(place: PlaceBody, read_place: PlaceReader) -> ColumnElement[Any]:
    lon, lat = read_place(place.crs, place.lon, place.lat)
    return func.ST_SetSRID(func.ST_MakePoint(lon, lat), 4326)
