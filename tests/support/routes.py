"""The routes of the application, taken from it and not from a list: a new one cannot be forgotten."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.routes import HTTPRoute


@dataclass(frozen=True)
class Route:
    """A method on a path template (`/x/{id}`), with what its `opt` says of access."""

    method: str
    template: str
    scope: str | None
    signed: str | None

    @property
    def only_reads(self) -> bool:
        """Tell whether HTTP says of its method that it changes nothing."""
        return self.method in {"GET", "HEAD"}

    def __str__(self) -> str:
        """Return the name under which tests show it."""
        return f"{self.method} {self.template}"


@cache
def application() -> Litestar:
    """Build the application without a database, to ask it for its routes."""
    from backend.kit.clock import ManualClock
    from backend.kit.keyring import MemoryKeyRing
    from backend.main import create_app
    from backend.settings import Settings

    at = datetime(2026, 1, 1, tzinfo=UTC)
    settings = Settings(database_url="postgresql://nobody@/nowhere", keys_dir=Path("keys"), environment="test")
    return create_app(settings, clock=ManualClock(at), keys=MemoryKeyRing(at))


def handlers() -> Iterator[tuple[HTTPRoute, str, HTTPRouteHandler]]:
    """Yield every route with each of its methods, OPTIONS aside."""
    for route in application().routes:
        if isinstance(route, HTTPRoute):
            for handler in route.route_handlers:
                for method in sorted(handler.http_methods - {"OPTIONS"}):
                    yield route, str(method), handler


def routes() -> list[Route]:
    """Return every route."""
    found: list[Route] = []
    for route, method, handler in handlers():
        opt: dict[str, Any] = handler.opt
        found.append(Route(method, route.path_format, opt.get("scope"), opt.get("signed")))
    return sorted(found, key=str)
