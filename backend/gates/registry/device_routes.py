"""Staff routes of a project's gate devices."""

from typing import Annotated
from uuid import UUID

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend.gates import errors
from backend.gates.registry import devices, queries
from backend.gates.registry.queries import GateRow
from backend.gates.registry.schemas import (
    CountsAnswer,
    GateAnswer,
    GateBody,
    GatePatch,
    PlaceAnswer,
    RefusalAnswer,
    SeenAnswer,
)
from backend.gates.tools import GateTools
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page, page_of
from backend.sites.errors import ProjectUnknown, TimeZoneUnknown

GATES = "/projects/{project_id:uuid}/gates"
GATE = GATES + "/{gate_id:uuid}"

CHECKED = (errors.MacTaken, errors.NetworkMalformed, errors.NetworksUnseen, TimeZoneUnknown)

PageSize = Annotated[int, QueryParameter(ge=1, le=200)]


@get(GATES, opt={"scope": queries.READ, "raises": (ProjectUnknown,)}, summary="Gates of a project")
async def list_gates(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    after: FromQuery[UUID | None] = None,
    limit: PageSize = 50,
) -> Page[GateAnswer]:
    """List devices in order of making, each with what it last told."""
    rows = await devices.list_devices(tx, actor, project_id, after=after, limit=limit + 1, clock=clock)
    return page_of(rows, limit, _gate, mark=lambda row: row.id)


@post(
    GATES,
    opt={"scope": queries.WRITE, "raises": (ProjectUnknown, errors.SerialTaken, *CHECKED)},
    summary="Make a gate",
)
async def create_gate(
    project_id: FromPath[UUID],
    data: JSONBody[GateBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    gate_tools: NamedDependency[GateTools],
) -> GateAnswer:
    """Make a pending device; it delivers once it has a key and is activated."""
    row = await devices.create_device(tx, actor, project_id, data, read_place=gate_tools.read_place, clock=clock)
    return _gate(row)


@get(GATE, opt={"scope": queries.READ, "raises": (ProjectUnknown, errors.DeviceUnknown)}, summary="One gate")
async def get_gate(
    project_id: FromPath[UUID],
    gate_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> GateAnswer:
    """Show a device with what it last told."""
    return _gate(await devices.show_device(tx, actor, project_id, gate_id, clock=clock))


@patch(
    GATE,
    opt={"scope": queries.WRITE, "raises": (ProjectUnknown, errors.DeviceUnknown, errors.DeviceIncomplete, *CHECKED)},
    summary="Activate, block or change a gate",
)
async def change_gate(
    project_id: FromPath[UUID],
    gate_id: FromPath[UUID],
    data: JSONBody[GatePatch],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    gate_tools: NamedDependency[GateTools],
) -> GateAnswer:
    """Change what the body names; `state: active` pairs a pending device and unblocks a blocked one."""
    return _gate(
        await devices.change_device(tx, actor, project_id, gate_id, data, read_place=gate_tools.read_place, clock=clock)
    )


@get(
    GATE + "/counts",
    opt={"scope": queries.READ, "raises": (ProjectUnknown, errors.DeviceUnknown)},
    summary="Events of a gate, by its own count and by the ledger's",
)
async def get_gate_counts(
    project_id: FromPath[UUID],
    gate_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> CountsAnswer:
    """Count the device's events in the ledger beside how many it says that it stores."""
    row, count, now = await devices.count_events(tx, actor, project_id, gate_id, clock=clock)
    return CountsAnswer(
        reported_count=None if row.seen is None else row.seen.reported_count,
        reported_at=None if row.seen is None else row.seen.reported_at,
        ledger_count=count,
        counted_at=now,
    )


@get(
    GATE + "/refusals",
    opt={"scope": queries.READ, "raises": (ProjectUnknown, errors.DeviceUnknown)},
    summary="How often a gate was sent away",
)
async def list_gate_refusals(
    project_id: FromPath[UUID],
    gate_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    limit: PageSize = 50,
) -> list[RefusalAnswer]:
    """List the latest days on which requests in this device's name came from elsewhere or with another token."""
    rows = await devices.list_device_refusals(tx, actor, project_id, gate_id, limit=limit, clock=clock)
    return [
        RefusalAnswer(
            on_utc=row.on_utc,
            reason=row.reason,
            address=row.address,
            counter=row.counter,
            first_at=row.first_at,
            last_at=row.last_at,
        )
        for row in rows
    ]


def _gate(row: GateRow) -> GateAnswer:
    seen = row.seen
    return GateAnswer(
        id=row.id,
        project_id=row.project_id,
        serial_no=row.serial_no,
        name=row.name,
        vendor=row.vendor,
        mac=row.mac,
        entrance=row.entrance,
        lane=row.lane,
        place=None if row.lon is None or row.lat is None else PlaceAnswer(row.lon, row.lat),
        place_radius_m=row.place_radius_m,
        default_direction=row.default_direction,
        heartbeat_interval_s=row.heartbeat_interval_s,
        state=row.state,
        created_at=row.created_at,
        paired_at=row.paired_at,
        time_zone=row.time_zone,
        zone_form=row.zone_form,
        networks=row.networks,
        has_access_token=row.has_access_token,
        config_rev=row.config_rev,
        wants_photos=row.wants_photos,
        live_keys=row.live_keys,
        seen=None
        if seen is None
        else SeenAnswer(
            last_seen_at=seen.last_seen_at,
            last_event_at=seen.last_event_at,
            next_expected_seq=seen.next_expected_seq,
            backlog=seen.backlog,
            oldest_unsent_at=seen.oldest_unsent_at,
            clock_skew_s=seen.clock_skew_s,
            median_skew_s=seen.median_skew_s,
            firmware=seen.firmware,
            disk_free_mb=seen.disk_free_mb,
            reported_count=seen.reported_count,
            reported_at=seen.reported_at,
        ),
    )
