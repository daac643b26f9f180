"""A body that arrives slowly holds no connection to the database: not on any route, whoever sends it."""

from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlencode

import pytest
from litestar import Litestar

from backend.identity.roles import ROLE_SCOPES, Role
from backend.kit.db import Database
from tests.contracts.conftest import MakeTown
from tests.contracts.test_access_matrix import named
from tests.support.calls import Call, call_of
from tests.support.routes import Route, routes
from tests.support.town import Town

WRITING = [route for route in routes() if route.method in {"POST", "PUT", "PATCH"}]


def lent(database: Database) -> int:
    """Return how many connections of the two pools are in somebody's hands."""
    stats = database.pool.get_stats()
    pool = cast("Any", database.engine.sync_engine.pool)
    return int(pool.checkedout()) + stats.get("pool_size", 0) - stats.get("pool_available", 0)


@dataclass
class SlowSender:
    """The ASGI side of a client that sends its body in pieces; counts the lent connections before each."""

    database: Database
    body: bytes
    counts: list[int] = field(default_factory=list[int])
    status: int | None = None

    async def receive(self) -> dict[str, Any]:
        self.counts.append(lent(self.database))
        piece, self.body = self.body[:7], self.body[7:]
        return {"type": "http.request", "body": piece, "more_body": bool(self.body)}

    async def send(self, message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]


def scope_of(route: Route, town: Town, call: Call) -> dict[str, Any]:
    path = route.template
    for name in named(path):
        path = path.replace(f"{{{name}}}", call.ids.get(name, town.ids.get(name, "")))
    headers = {"content-type": call.media_type, "content-length": str(len(call.body or b""))} | call.headers
    if route.scope is not None:
        role = next(role for role in sorted(Role) if route.scope in ROLE_SCOPES[role])
        headers |= town.headers(role)
    elif route.signed:
        headers |= town.signed(path, call.body or b"", route.method)
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": route.method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": urlencode(call.params).encode(),
        "root_path": "",
        "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        "client": ("192.0.2.1", 40_000),
        "server": ("daogang.test", 80),
        "state": {},
        "extensions": {},
    }


@pytest.mark.parametrize("route", WRITING, ids=str)
async def test_nothing_is_held_while_the_body_arrives(route: Route, app: Litestar, make: MakeTown) -> None:
    town = await make()
    call = call_of(route.method, route.template, town)
    sender = SlowSender(app.state.database, call.body or b"")
    await app(cast("Any", scope_of(route, town, call)), cast("Any", sender.receive), cast("Any", sender.send))
    assert sender.status is not None
    assert sender.status < 500
    assert not sender.body, f"the body was not read: {sender.status}"
    assert sender.counts == [0] * len(sender.counts)
