"""Staff routes of a project's gate devices."""

from typing import Annotated
from uuid import UUID

from litestar import get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend.gates import errors
from backend.gates.registry import devices, queries
from backend.gates.registry.queries import GateRow
from backend.gates.registry.schemas import GateAnswer, GateBody, GatePatch, PlaceAnswer, SeenAnswer
from backend.gates.tools import GateTools
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.sites.errors import ProjectUnknown

GATES = "/projects/{project_id:uuid}/gates"
GATE = GATES + "/{gate_id:uuid}"

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
    more = str(rows[limit - 1].id) if len(rows) > limit else None
    return Page(items=[_gate(row) for row in rows[:limit]], next=more)


@post(GATES, opt={"scope": queries.WRITE, "raises": (ProjectUnknown, errors.SerialTaken)}, summary="Make a gate")
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
    opt={"scope": queries.WRITE, "raises": (ProjectUnknown, errors.DeviceUnknown)},
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


def _gate(row: GateRow) -> GateAnswer:
    seen = row.seen
    return GateAnswer(
        id=row.id,
        project_id=row.project_id,
        serial_no=row.serial_no,
        name=row.name,
        entrance=row.entrance,
        lane=row.lane,
        place=PlaceAnswer(row.lon, row.lat),
        default_direction=row.default_direction,
        heartbeat_interval_s=row.heartbeat_interval_s,
        state=row.state,
        created_at=row.created_at,
        paired_at=row.paired_at,
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
            firmware=seen.firmware,
            disk_free_mb=seen.disk_free_mb,
        ),
    )
