"""The URL of an ISAPI terminal: its token is all that it has, and a wrong one finds nothing there."""

from typing import Any, Final

from litestar import HttpMethod, Request, Response, Router, route
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.gates.dialects.hikvision.exchange import take_alert
from backend.gates.terminals import meet_by_token
from backend.gates.tools import GateTools
from backend.gates.uploads import drain
from backend.kit.errors import RouteUnknown

SECRET_PATH: Final[dict[str, Any]] = {"public": True}


@route(
    "/{token:str}",
    http_method=[HttpMethod.POST, HttpMethod.PUT],
    opt=SECRET_PATH,
    status_code=200,
    request_max_body_size=None,
    include_in_schema=False,
)
async def take_alerts(
    request: Request[Any, Any, Any], token: FromPath[str], gate_tools: NamedDependency[GateTools]
) -> Response[bytes]:
    """Take an alert as multipart, JSON or XML; answered when it is durable.

    Raises RouteUnknown for a token that is not, or no longer, an active terminal's: the answer of any path that is not
    there.
    """
    now = gate_tools.clock.now()
    terminal = await meet_by_token(gate_tools, request, "hikvision", token, now=now)
    if terminal is None:
        await drain(request)
        raise RouteUnknown
    async with gate_tools.lanes.body_of(request) as body:
        await take_alert(gate_tools, terminal, dict(request.headers), body, gate_tools.clock.now())
    return Response(b"OK", media_type="text/plain")


def hikvision_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/gates/hikvision", route_handlers=[take_alerts], tags=["Terminals"])
