"""Makes, activates, blocks and renames gate devices."""

from collections.abc import Sequence
from datetime import datetime
from ipaddress import ip_network
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, cast, func, insert, update
from sqlalchemy.dialects.postgresql import ARRAY, CIDR

from backend.gates.device_time import OFFSET
from backend.gates.errors import (
    DeviceIncomplete,
    DeviceUnknown,
    MacTaken,
    NetworkMalformed,
    NetworksUnseen,
    SerialTaken,
)
from backend.gates.registry import queries
from backend.gates.registry.queries import GateRow, RefusalRow
from backend.gates.registry.schemas import GateBody, GatePatch, PlaceBody
from backend.gates.tables import GateDevice
from backend.gates.tools import PlaceReader
from backend.identity.audit import record_act
from backend.kit.clock import Clock
from backend.kit.db import Tx, translate_violations
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.sites.model import zone_of
from backend.sites.projects import require_project

_VIOLATIONS = {
    "uq_gate_device_serial_no": SerialTaken,
    "uq_gate_device_mac": MacTaken,
    "ck_gate_device_complete": DeviceIncomplete,
}


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
    """Make a pending device.

    Raises ProjectUnknown, SerialTaken, MacTaken, TimeZoneUnknown, NetworkMalformed, NetworksUnseen, or `read_place`'s
    errors.
    """
    await require_project(tx, actor, project_id, scope=queries.WRITE)
    _require_seen(body.vendor, body.networks)
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
                vendor=body.vendor,
                place_radius_m=body.place_radius_m,
                zone_form=body.zone_form,
                wants_photos=body.wants_photos,
                **_checked({"mac": body.mac, "time_zone": body.time_zone, "networks": body.networks}),
            )
        )
    detail = {"serial_no": body.serial_no, "crs": body.place.crs}
    await record_act(tx, actor, "gate.created", "gate", device_id, detail, clock=clock, project_id=project_id)
    return await _device(tx, project_id, device_id, now)


async def change_device(
    tx: Tx, actor: Actor, project_id: UUID, device_id: UUID, patch: GatePatch, *, read_place: PlaceReader, clock: Clock
) -> GateRow:
    """Change a device; activating pairs it the first time.

    Raises ProjectUnknown, DeviceUnknown, DeviceIncomplete (activated without entrance, lane or place), MacTaken,
    TimeZoneUnknown, NetworkMalformed, NetworksUnseen, or `read_place`'s errors.
    """
    await require_project(tx, actor, project_id, scope=queries.WRITE)
    now = clock.now()
    if isinstance(patch.networks, list):
        _require_seen((await _device(tx, project_id, device_id, now)).vendor, patch.networks)
    changes: dict[str, Any] = {
        field: value for field in GatePatch.__struct_fields__ if (value := getattr(patch, field)) is not msgspec.UNSET
    }
    fields = sorted(changes)
    if isinstance(patch.place, PlaceBody):
        changes["place"] = _point(patch.place, read_place)
    changes = _checked(changes)
    if patch.state == "active":
        changes["paired_at"] = func.coalesce(GateDevice.paired_at, now)
    if changes:
        changes["config_rev"] = GateDevice.config_rev + 1
        statement = update(GateDevice).where(GateDevice.project_id == project_id, GateDevice.id == device_id)
        with translate_violations(_VIOLATIONS):
            await tx.execute(statement.values(**changes))
    device = await _device(tx, project_id, device_id, now)
    if changes:
        act = {"active": "gate.activated", "blocked": "gate.blocked"}.get(str(changes.get("state")), "gate.changed")
        await record_act(tx, actor, act, "gate", device_id, {"fields": fields}, clock=clock, project_id=project_id)
    return device


async def count_events(
    tx: Tx, actor: Actor, project_id: UUID, device_id: UUID, *, clock: Clock
) -> tuple[GateRow, int, datetime]:
    """Return a device, how many of its events the ledger holds, and when; raises ProjectUnknown or DeviceUnknown."""
    device = await show_device(tx, actor, project_id, device_id, clock=clock)
    return device, await queries.count_entries(tx, project_id, device_id), clock.now()


async def list_device_refusals(
    tx: Tx, actor: Actor, project_id: UUID, device_id: UUID, *, limit: int, clock: Clock
) -> list[RefusalRow]:
    """Return how often a device was sent away, latest first; raises ProjectUnknown or DeviceUnknown."""
    await show_device(tx, actor, project_id, device_id, clock=clock)
    return await queries.list_refusals(tx, project_id, device_id, limit=limit)


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """Return the values as they are stored; raises TimeZoneUnknown or NetworkMalformed."""
    checked = dict(values)
    if checked.get("mac") is not None:
        digits = checked["mac"].lower().replace(":", "").replace("-", "")
        checked["mac"] = ":".join(digits[place : place + 2] for place in range(0, len(digits), 2))
    if checked.get("time_zone") is not None and OFFSET.fullmatch(checked["time_zone"]) is None:
        zone_of(checked["time_zone"])
    if "networks" in checked:
        checked["networks"] = cast([_network(written) for written in checked["networks"]], ARRAY(CIDR))
    return checked


def _require_seen(vendor: str, networks: Sequence[str]) -> None:
    """Raise NetworksUnseen: a setting that nothing holds would be worse than none."""
    if vendor == "mqtt" and networks:
        raise NetworksUnseen


def _network(written: str) -> str:
    try:
        return str(ip_network(written))
    except ValueError as error:
        raise NetworkMalformed(network=written) from error


async def _device(tx: Tx, project_id: UUID, device_id: UUID, now: datetime) -> GateRow:
    device = await queries.find_gate(tx, project_id, device_id, now)
    if device is None:
        raise DeviceUnknown
    return device


def _point(place: PlaceBody, read_place: PlaceReader) -> ColumnElement[Any]:
    lon, lat = read_place(place.crs, place.lon, place.lat)
    return func.ST_SetSRID(func.ST_MakePoint(lon, lat), 4326)
