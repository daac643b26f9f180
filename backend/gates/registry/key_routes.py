"""Staff routes of the keys of a project's gates: applications, approval, issue, revocation."""

from uuid import UUID

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody

from backend.gates import errors
from backend.gates.registry import key_applications, key_queries, keys, queries
from backend.gates.registry.device_routes import GATE, PageSize
from backend.gates.registry.key_flow import state_of
from backend.gates.registry.key_queries import StepRow
from backend.gates.registry.key_schemas import (
    ApplicationAnswer,
    ApplicationBody,
    IssueBody,
    IssuedAnswer,
    KeyAnswer,
    ReasonBody,
    StepAnswer,
)
from backend.gates.tools import GateTools
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page, page_of
from backend.sites.errors import ProjectUnknown
from backend.sites.projects import require_project

APPLICATIONS = "/projects/{project_id:uuid}/key-applications"
APPLICATION = APPLICATIONS + "/{application_id:uuid}"
NO_STORE = {"Cache-Control": "no-store"}
SETTLING = (ProjectUnknown, errors.ApplicationUnknown, errors.ApplicationSettled)


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
    GATE + "/keys/{key_id:str}/revocation",
    status_code=204,
    opt={"scope": queries.KEYS, "raises": (ProjectUnknown, errors.GateKeyUnknown)},
    summary="Revoke a key",
)
async def revoke_key(
    project_id: FromPath[UUID],
    gate_id: FromPath[UUID],
    key_id: FromPath[str],
    data: JSONBody[ReasonBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> None:
    """Revoke a key at once; the row stays on record."""
    await keys.revoke_key(tx, actor, project_id, gate_id, key_id, data.reason, clock=clock)


@post(
    GATE + "/key-applications",
    opt={
        "scope": key_queries.APPLY,
        "raises": (
            ProjectUnknown,
            errors.DeviceUnknown,
            errors.GateKeyUnknown,
            errors.KeyExpiryPast,
            errors.ReplacesNoKey,
        ),
    },
    summary="Apply for a key",
)
async def apply_for_key(
    project_id: FromPath[UUID],
    gate_id: FromPath[UUID],
    data: JSONBody[ApplicationBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> ApplicationAnswer:
    """Apply for a key of a device, or for the token of a terminal that cannot sign; another person decides."""
    return _application(await key_applications.apply_for_key(tx, actor, project_id, gate_id, data, clock=clock))


@get(APPLICATIONS, opt={"scope": queries.READ, "raises": (ProjectUnknown,)}, summary="Applications for keys")
async def list_applications(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    after: FromQuery[UUID | None] = None,
    limit: PageSize = 50,
) -> Page[ApplicationAnswer]:
    """List a project's applications with their steps, latest first."""
    await require_project(tx, actor, project_id, scope=queries.READ)
    return _page(await key_queries.list_applications(tx, project_id, None, before=after, limit=limit + 1), limit)


@get("/key-applications", opt={"scope": key_queries.APPLY}, summary="One's own applications for keys")
async def list_own_applications(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    after: FromQuery[UUID | None] = None,
    limit: PageSize = 50,
) -> Page[ApplicationAnswer]:
    """List the applications that one made oneself, on all projects, latest first: what a vendor sees."""
    found = await key_queries.list_applications(tx, None, actor.account_id, before=after, limit=limit + 1)
    return _page(found, limit)


@post(
    APPLICATION + "/approval",
    opt={"scope": queries.KEYS, "raises": (*SETTLING, errors.OwnApplication)},
    summary="Approve an application",
    status_code=200,
)
async def approve_application(
    project_id: FromPath[UUID],
    application_id: FromPath[UUID],
    data: JSONBody[ReasonBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> ApplicationAnswer:
    """Approve what somebody else applied for; the key is issued by a step of its own."""
    steps = await key_applications.settle_application(
        tx, actor, project_id, application_id, "approved", data.reason, clock=clock
    )
    return _application(steps)


@post(
    APPLICATION + "/rejection",
    opt={"scope": queries.KEYS, "raises": (*SETTLING, errors.OwnApplication)},
    summary="Reject an application",
    status_code=200,
)
async def reject_application(
    project_id: FromPath[UUID],
    application_id: FromPath[UUID],
    data: JSONBody[ReasonBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> ApplicationAnswer:
    """Reject what somebody else applied for."""
    steps = await key_applications.settle_application(
        tx, actor, project_id, application_id, "rejected", data.reason, clock=clock
    )
    return _application(steps)


@post(
    APPLICATION + "/withdrawal",
    opt={"scope": key_queries.APPLY, "raises": SETTLING},
    summary="Withdraw an application",
    status_code=200,
)
async def withdraw_application(
    project_id: FromPath[UUID],
    application_id: FromPath[UUID],
    data: JSONBody[ReasonBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> ApplicationAnswer:
    """Withdraw one's own application before the key is issued."""
    steps = await key_applications.settle_application(
        tx, actor, project_id, application_id, "withdrawn", data.reason, clock=clock
    )
    return _application(steps)


@post(
    APPLICATION + "/issue",
    opt={
        "scope": key_queries.APPLY,
        "raises": (
            *SETTLING,
            errors.IssueNotYours,
            errors.KeyExpiryPast,
            errors.GateKeyUnknown,
            errors.TooManyKeys,
            errors.AccessTokenTaken,
        ),
    },
    summary="Issue a key",
)
async def issue_key(
    project_id: FromPath[UUID],
    application_id: FromPath[UUID],
    data: JSONBody[IssueBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    gate_tools: NamedDependency[GateTools],
) -> Response[IssuedAnswer]:
    """Issue what was approved and show its secret this once; at most two keys of a device are live.

    A token ends the former one at once, since a terminal has one address.
    """
    issued = await key_applications.issue_key(
        tx, actor, project_id, application_id, data, secrets=gate_tools.secrets, clock=clock
    )
    body = IssuedAnswer(
        id=issued.key_id,
        secret=issued.secret,
        credential=issued.credential,
        issued_at=issued.issued_at,
        expires_at=issued.expires_at,
    )
    return Response(body, status_code=201, headers=NO_STORE)


def _page(found: list[list[StepRow]], limit: int) -> Page[ApplicationAnswer]:
    return page_of(found, limit, _application, mark=lambda steps: steps[0].application_id or steps[0].id)


def _application(steps: list[StepRow]) -> ApplicationAnswer:
    first = steps[0]
    return ApplicationAnswer(
        id=first.application_id or first.id,
        project_id=first.project_id,
        gate_id=first.device_id,
        serial_no=first.serial_no,
        credential=first.credential,
        state=state_of([row.step for row in steps]),
        replaces_key_id=first.replaces_key_id,
        expires_at=first.expires_at,
        steps=[
            StepAnswer(
                step=row.step,
                made_at=row.made_at,
                made_by=row.made_by,
                made_by_name=row.made_by_name,
                reason=row.reason,
                key_id=row.key_id,
                expires_at=row.expires_at,
            )
            for row in steps
        ],
    )


KEY_ROUTES = (
    list_keys,
    revoke_key,
    apply_for_key,
    list_applications,
    list_own_applications,
    approve_application,
    reject_application,
    withdraw_application,
    issue_key,
)
