"""Staff routes of the keys with which a project's gates sign."""

from uuid import UUID

from litestar import Response, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from backend.gates import errors
from backend.gates.registry import devices, keys, queries
from backend.gates.registry.device_routes import GATE
from backend.gates.registry.schemas import AccessTokenAnswer, AccessTokenBody, IssuedKeyAnswer, KeyAnswer, KeyBody
from backend.gates.tools import GateTools
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.errors import ProjectUnknown

NO_STORE = {"Cache-Control": "no-store"}


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


@put(
    GATE + "/access-token",
    opt={"scope": queries.KEYS, "raises": (ProjectUnknown, errors.DeviceUnknown, errors.AccessTokenTaken)},
    summary="Set the token of a terminal of another make",
)
async def set_access_token(
    project_id: FromPath[UUID],
    gate_id: FromPath[UUID],
    data: JSONBody[AccessTokenBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> Response[AccessTokenAnswer]:
    """Draw or set the token that stands in the terminal's address or log-in, and show it this once.

    The former one ends at once: a terminal has one address.
    """
    token = await devices.set_access_token(tx, actor, project_id, gate_id, data.token, clock=clock)
    return Response(AccessTokenAnswer(token=token), status_code=200, headers=NO_STORE)
