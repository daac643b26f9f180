"""Serves the API's document, and Swagger UI to read it in; every byte comes from this server."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path

from litestar import MediaType, Response, Router, get
from litestar.datastructures import State

PAGE = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>Daogang API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/docs/swagger-ui.css"></head>
<body><div id="viewer"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/viewer.js"></script>
</body></html>
"""
START = 'SwaggerUIBundle({url: "/docs/openapi.json", dom_id: "#viewer", deepLinking: true, validatorUrl: null});\n'
# Swagger UI sets style attributes and shows its icons from data: addresses; nothing else is let in from elsewhere.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
# Files of a version that this server brings along: a browser asks again after a day.
CACHED = {"Cache-Control": "public, max-age=86400"}


@cache
def asset(name: str) -> bytes:
    """Return a file of Swagger UI; found without importing the package, whose code is not used."""
    spec = find_spec("swagger_ui")
    if spec is None or spec.origin is None:
        msg = "swagger-ui-py is not installed"
        raise RuntimeError(msg)
    return (Path(spec.origin).parent / "static" / name).read_bytes()


@get("/docs", opt={"public": True}, media_type=MediaType.HTML, include_in_schema=False, sync_to_thread=False)
def viewer() -> Response[str]:
    """Show the API's document."""
    return Response(PAGE, headers={"Content-Security-Policy": CONTENT_POLICY})


@get("/docs/viewer.js", opt={"public": True}, include_in_schema=False, sync_to_thread=False)
def viewer_start() -> Response[str]:
    """Start the viewer (its own file, so that the page needs no inline script)."""
    return Response(START, media_type="text/javascript", headers=CACHED)


@get("/docs/swagger-ui-bundle.js", opt={"public": True}, include_in_schema=False, sync_to_thread=True)
def viewer_program() -> Response[bytes]:
    """Give Swagger UI's program."""
    return Response(asset("swagger-ui-bundle.js"), media_type="text/javascript", headers=CACHED)


@get("/docs/swagger-ui.css", opt={"public": True}, include_in_schema=False, sync_to_thread=True)
def viewer_style() -> Response[bytes]:
    """Give Swagger UI's style."""
    return Response(asset("swagger-ui.css"), media_type="text/css", headers=CACHED)


@get("/docs/openapi.json", opt={"public": True}, include_in_schema=False, sync_to_thread=True)
def document(state: State) -> Response[bytes]:
    """Give the API's document; in a thread, since the first asker waits until it is built."""
    return Response(state.api_document.text(), media_type="application/json")


def viewer_router() -> Router:
    """Join the routes of this file."""
    routes = [viewer, viewer_start, viewer_program, viewer_style, document]
    return Router(path="/", route_handlers=routes, tags=["Health"])
