"""An application with a route of which nobody said who may call it does not start."""

from typing import Any

import pytest
from litestar import Litestar, WebSocket, asgi, get, websocket
from litestar.types import Receive, Scope, Send

from backend.identity.roles import ALL_SCOPES
from backend.kit.guards import ACCESS_KEYS, require_access_rules
from tests.support.calls import PUSHED
from tests.support.routes import application, handlers, routes

# Paths that are built into terminals, which prove nothing: they find themselves in the register or hear nothing.
TERMINALS = {
    *(f"{method} /iclock/{name}{end}" for method in ("GET", "POST") for name in PUSHED for end in ("", ".aspx")),
    "GET /iclock/{rest}",
    "POST /iclock/{rest}",
    "POST /gates/hikvision/{token}",
    "PUT /gates/hikvision/{token}",
}


def refuses(*routes: Any) -> None:
    with pytest.raises(RuntimeError, match="name one of"):
        require_access_rules(Litestar(route_handlers=list(routes), openapi_config=None))


@pytest.mark.parametrize(
    "opt",
    [{}, {"scope": None}, {"scope": ""}, {"public": False}, {"public": True, "scope": "sites.read"}, {"roles": ["x"]}],
)
def test_a_route_without_access_is_refused(opt: dict[str, Any]) -> None:
    @get("/open", opt=opt, sync_to_thread=False)
    def handler() -> str:
        return "everything"

    refuses(handler)


def test_one_forgotten_route_among_good_ones_is_found() -> None:
    @get("/good", opt={"public": True}, sync_to_thread=False)
    def good() -> str:
        return "hello"

    @get("/forgotten", sync_to_thread=False)
    def forgotten() -> str:
        return "everything"

    require_access_rules(Litestar(route_handlers=[good], openapi_config=None))
    refuses(good, forgotten)


def test_no_other_kind_of_route_slips_through() -> None:
    @asgi("/raw", copy_scope=True)
    async def raw(scope: Scope, receive: Receive, send: Send) -> None:
        del scope, receive, send

    @websocket("/live")
    async def live(socket: WebSocket[Any, Any, Any]) -> None:
        del socket

    refuses(raw)
    refuses(live)


def test_every_route_of_the_application_names_one_kind_of_access() -> None:
    require_access_rules(application())
    assert len(routes()) > 50
    for route, method, handler in handlers():
        assert sum(bool(handler.opt.get(key)) for key in ACCESS_KEYS) == 1, f"{method} {route.path}"
        if scope := handler.opt.get("scope"):
            assert scope in ALL_SCOPES, f"{method} {route.path}: nobody has the scope {scope}"


def test_public_routes_are_few_and_known() -> None:
    """Whoever opens a route to everybody says so here too."""
    public = {str(route) for route in routes() if route.scope is None and route.signed is None}
    assert {name for name in public if " /docs" not in name} == {
        "GET /health/live",
        "GET /health/ready",
        "GET /metrics",
        # Whoever has the address of a site's screen sees its code; the address is 256 random bits.
        "GET /screens/v1/site-codes/{screen_token}",
        "GET /screens/v1/site-codes/{screen_token}/shown",
        # Files of the web apps: the same for everybody.
        "GET /app",
        "GET /app/{path}",
        "GET /desk",
        "GET /desk/{path}",
        "GET /.well-known/jwks.json",
        "GET /.well-known/web-push.json",
        "GET /.well-known/ledger-keys.json",
        "POST /admin/v1/session",
        "POST /admin/v1/session/refresh",
        "GET /mobile/v1/versions",
        "POST /mobile/v1/session",
        "POST /mobile/v1/session/code",
        "POST /mobile/v1/session/refresh",
        *TERMINALS,
    }


def test_the_guard_is_a_coroutine() -> None:
    """Litestar sends plain functions to a thread at every request."""
    from inspect import iscoroutinefunction

    assert [guard for guard in application().guards if not iscoroutinefunction(guard)] == []
