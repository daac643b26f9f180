"""What every request gets: an id, one log line without personal data, and its share of the metrics."""

import re
from secrets import token_hex
from time import perf_counter
from typing import Any

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import Counter, Histogram

from backend.kit.errors import MalformedBody

log = structlog.get_logger()

BODILESS = ("GET", "HEAD", "OPTIONS")
REQUEST_ID = re.compile(rb"[0-9A-Za-z_-]{8,64}")

REQUESTS = Counter("daogang_http_requests", "Requests answered", ["method", "route", "status"])
SECONDS = Histogram(
    "daogang_http_request_seconds",
    "Time from the first byte of the request to the last of the answer",
    ["route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5),
)


def route_of(scope: Scope) -> str:
    """Return the template of the matched path, so that no id and no query string gets into logs or metrics."""
    return str(scope.get("path_template") or "unmatched")


def attend_requests(app: ASGIApp) -> ASGIApp:
    """Wrap the application: takes the caller's `X-Request-Id` when it is a plain token, else makes one."""

    async def attended(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        started = perf_counter()
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        request_id = given.decode("ascii") if REQUEST_ID.fullmatch(given) else token_hex(16)
        scope["request_id"] = request_id  # type: ignore[typeddict-unknown-key] - a key of our own
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        status = 500
        whole = scope["method"] in BODILESS

        async def receive_whole() -> Any:  # noqa: ANN401 - the message types of websockets would come along
            nonlocal whole
            message = await receive()
            if message["type"] == "http.request":
                whole = not message.get("more_body", False)
            elif not whole:
                # Litestar would call it a fault of ours.
                raise MalformedBody(reason="it ended before it was whole")
            return message

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = list(message.get("headers", []))
                headers.append((b"x-request-id", request_id.encode("ascii")))
                headers.append((b"x-content-type-options", b"nosniff"))
                message["headers"] = headers
            await send(message)

        try:
            await app(scope, receive_whole, send_with_id)
        finally:
            seconds = perf_counter() - started
            route = route_of(scope)
            REQUESTS.labels(scope["method"], route, str(status)).inc()
            SECONDS.labels(route).observe(seconds)
            log.info(
                "request",
                method=scope["method"],
                route=route,
                status=status,
                milliseconds=round(seconds * 1000, 1),
            )

    return attended
