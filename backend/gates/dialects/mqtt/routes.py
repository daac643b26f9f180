"""Staff route of MQTT terminals: their login at the broker."""

from datetime import datetime
from uuid import UUID

from litestar import Response, Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct

from backend.gates import errors
from backend.gates.dialects.mqtt import logins
from backend.gates.registry import queries
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.errors import ProjectUnknown


class BrokerLoginAnswer(Struct, frozen=True, kw_only=True):
    """A terminal's login at the MQTT broker; the password is shown this once."""

    username: str
    password: str
    issued_at: datetime


@post(
    "/projects/{project_id:uuid}/gates/{gate_id:uuid}/broker-login",
    opt={
        "scope": queries.KEYS,
        "raises": (ProjectUnknown, errors.DeviceUnknown, errors.BrokerLoginImpossible),
    },
    summary="Issue an MQTT terminal its login at the broker",
)
async def issue_broker_login(
    project_id: FromPath[UUID],
    gate_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> Response[BrokerLoginAnswer]:
    """Draw a password and show it this once; the former one ends within seconds."""
    issued = await logins.issue_broker_login(tx, actor, project_id, gate_id, clock=clock)
    body = BrokerLoginAnswer(username=issued.username, password=issued.password, issued_at=issued.issued_at)
    return Response(body, status_code=201, headers={"Cache-Control": "no-store"})


def mqtt_admin_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/admin/v1", route_handlers=[issue_broker_login], tags=["Gates"])
