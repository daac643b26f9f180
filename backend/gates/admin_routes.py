"""Staff routes of a project's gates: devices, their keys, and whom their numbers mean."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from litestar import Response, Router, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend.gates import bindings, devices, errors, keys, queries
from backend.gates.admin_schemas import (
    BindingAnswer,
    BindingsBody,
    BindingsMade,
    EndBindingBody,
    GateAnswer,
    GateBody,
    GatePatch,
    IssuedKeyAnswer,
    KeyAnswer,
    KeyBody,
    PlaceAnswer,
    SeenAnswer,
)
from backend.gates.events import NumberKind
from backend.gates.queries import BindingFilter, GateRow
from backend.gates.tools import GateTools
from backend.kit.clock import Clock
from backend.kit.cursors import CursorInvalid
from backend.kit.db import Tx
from backend.kit.errors import DaogangError
from backend.kit.guards import Actor
from backend.kit.query_instants import InstantMalformed, QueryInstant, read_instant
from backend.kit.wire import Page
from backend.sites.errors import ProjectUnknown

GATES = "/projects/{project_id:uuid}/gates"
GATE = GATES + "/{gate_id:uuid}"
BINDINGS = "/projects/{project_id:uuid}/person-bindings"
NO_STORE = {"Cache-Control": "no-store"}

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


@get(
    GATE + "/keys",
    opt={"scope": queries.READ, "raises": (ProjectUnknown, errors.DeviceUnknown)},
    summary="Keys of a gate",
)
async def list_keys(
    project_id: FromPath[UUID],
    gate_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> list[KeyAnswer]:
    """List all keys the device ever had, newest first, without secrets."""
    now = clock.now()
    return [
        KeyAnswer(
            id=row.id,
            state=keys.key_life(row, now),
            issued_at=row.issued_at,
            issued_by=row.issued_by,
            expires_at=row.expires_at,
            revoked_at=row.revoked_at,
        )
        for row in await keys.list_device_keys(tx, actor, project_id, gate_id, clock=clock)
    ]


@post(
    GATE + "/keys",
    opt={
        "scope": queries.KEYS,
        "raises": (ProjectUnknown, errors.DeviceUnknown, errors.KeyExpiryPast, errors.TooManyKeys),
    },
    summary="Issue a key",
)
async def issue_key(
    project_id: FromPath[UUID],
    gate_id: FromPath[UUID],
    data: JSONBody[KeyBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    gate_tools: NamedDependency[GateTools],
) -> Response[IssuedKeyAnswer]:
    """Issue a key and show its secret this once; at most two keys of a device are live."""
    issued = await keys.issue_key(tx, actor, project_id, gate_id, data, secrets=gate_tools.secrets, clock=clock)
    body = IssuedKeyAnswer(id=issued.id, secret=issued.secret, issued_at=issued.issued_at, expires_at=issued.expires_at)
    return Response(body, status_code=201, headers=NO_STORE)


@delete(
    GATE + "/keys/{key_id:str}",
    opt={"scope": queries.KEYS, "raises": (ProjectUnknown, errors.GateKeyUnknown)},
    summary="Revoke a key",
)
async def revoke_key(
    project_id: FromPath[UUID],
    gate_id: FromPath[UUID],
    key_id: FromPath[str],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> None:
    """Revoke a key at once; the row stays on record."""
    await keys.revoke_key(tx, actor, project_id, gate_id, key_id, clock=clock)


@get(
    BINDINGS,
    opt={"scope": queries.READ, "raises": (ProjectUnknown, CursorInvalid, InstantMalformed)},
    summary="Whom the numbers of a project's devices mean",
)
async def list_bindings(  # noqa: PLR0913, PLR0917 - a page's filters
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    kind: FromQuery[NumberKind | None] = None,
    value: Annotated[str | None, QueryParameter(max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")] = None,
    person_id: FromQuery[UUID | None] = None,
    at: QueryInstant = None,
    after: Annotated[str | None, QueryParameter(max_length=400)] = None,
    limit: PageSize = 50,
) -> Page[BindingAnswer]:
    """List bindings by kind, number and begin, ended ones too; `at` leaves those in force at that instant."""
    wanted = BindingFilter(kind=kind, value=value, person_id=person_id, at=read_instant("at", at))
    rows = await bindings.list_project_bindings(tx, actor, project_id, wanted, after=after, limit=limit + 1)
    items = [
        BindingAnswer(
            kind=row.kind,
            value=row.value,
            person_id=row.person_id,
            person_name=row.person_name,
            valid_from=row.valid_from,
            valid_to=row.valid_to,
        )
        for row in rows[:limit]
    ]
    return Page(items=items, next=bindings.write_place_after(rows[limit - 1]) if len(rows) > limit else None)


@post(
    BINDINGS,
    opt={
        "scope": queries.WRITE,
        "raises": (ProjectUnknown, errors.BindingEmpty, errors.BindingPersonUnknown, errors.BindingTaken),
    },
    summary="Bind numbers to people",
)
async def bind_people(
    project_id: FromPath[UUID],
    data: JSONBody[BindingsBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> BindingsMade:
    """Make up to 1000 bindings, all or none; events are attributed by the binding that held at their own time."""
    return BindingsMade(await bindings.bind_people(tx, actor, project_id, data.bindings, clock=clock))


@post(
    BINDINGS + "/end",
    status_code=204,
    opt={"scope": queries.WRITE, "raises": (ProjectUnknown, errors.BindingUnknown, errors.BindingEmpty)},
    summary="End a binding",
)
async def end_binding(
    project_id: FromPath[UUID],
    data: JSONBody[EndBindingBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> None:
    """End the binding of a number that is in force at `at`; events before that instant stay with the person."""
    await bindings.end_binding(tx, actor, project_id, data, clock=clock)


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


def gate_admin_router(place_errors: Sequence[type[DaogangError]]) -> Router:
    """Join the routes of this file; `place_errors` are what `GateTools.read_place` raises, for the API's document."""
    for handler in (create_gate, change_gate):
        handler.opt["raises"] = tuple(dict.fromkeys((*handler.opt["raises"], *place_errors)))
    return Router(
        path="/admin/v1",
        route_handlers=[
            list_gates,
            create_gate,
            get_gate,
            change_gate,
            list_keys,
            issue_key,
            revoke_key,
            list_bindings,
            bind_people,
            end_binding,
        ],
        tags=["Gates"],
    )
