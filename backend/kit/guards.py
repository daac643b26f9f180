"""Who may call what: deny by default, one guard for the whole application."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler

from backend.kit.errors import ScopeMissing, TokenMissing

SIGNED_BY = {"phone": "x-daogang-phone-key"}
"""Headers by which a request names the key that signed it, by who signs."""
ACCESS_KEYS = ("scope", "public", "signed")


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The one who asks: account, session and what his roles allow; rows are limited in the queries."""

    account_id: UUID
    person_id: UUID | None
    family_id: UUID
    roles: frozenset[str]
    scopes: frozenset[str]


class TokenVerifier(Protocol):
    """Turns a bearer token into an actor."""

    def verify(self, token: str, now: datetime) -> Actor:
        """Return the actor of a valid token; raises an Unauthenticated error otherwise."""
        ...


async def authorize(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Let public and signed routes pass (those check signatures themselves); ask the others for token and scope.

    A route that names `or_signed` beside its scope takes a signature where there is no token.

    A coroutine only because Litestar sends every other guard to a thread, which costs more than the guard itself.
    """
    if "scope" not in handler.opt:
        return
    signed_by = SIGNED_BY.get(handler.opt.get("or_signed", ""))
    if signed_by in connection.headers and "authorization" not in connection.headers:
        connection.scope["user"] = None  # the route asks for the signature
        return
    scheme, _, token = connection.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise TokenMissing
    state = connection.app.state
    actor: Actor = state.verifier.verify(token.strip(), state.clock.now())
    if handler.opt["scope"] not in actor.scopes:
        raise ScopeMissing(scope=handler.opt["scope"])
    connection.scope["user"] = actor


def require_access_rules(app: Litestar) -> None:
    """Refuse to start an application that has a route of which nobody said who may call it."""
    for route in app.routes:
        handlers = getattr(route, "route_handlers", None) or [getattr(route, "route_handler", None)]
        for handler in handlers:
            if not isinstance(handler, BaseRouteHandler):
                continue
            if isinstance(handler, HTTPRouteHandler) and handler.http_methods == {"OPTIONS"}:
                continue  # made by Litestar, tells the methods of a path
            stated = [key for key in ACCESS_KEYS if handler.opt.get(key)]
            if len(stated) != 1:
                msg = f"{route.path} ({handler}): name one of {', '.join(ACCESS_KEYS)} in opt"
                raise RuntimeError(msg)
