"""Tells load balancers, operators and Prometheus how the server is, and serves the API's document and viewer."""

import os
from pathlib import Path

import litestar_offline_docs
import msgspec
from litestar import MediaType, Response, Router, get
from litestar.datastructures import State
from litestar.static_files import create_static_files_router
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    generate_latest,
    multiprocess,
)
from prometheus_client import REGISTRY as PROCESS_REGISTRY
from sqlalchemy import text

from backend.kit.clock import Clock
from backend.kit.db import Database
from backend.kit.errors import DaogangError

MONTHS_AHEAD_WANTED = 3
NO_DATABASE = {"database": False}


class Live(msgspec.Struct, frozen=True):
    """The process answers."""

    status: str


class Ready(msgspec.Struct, frozen=True):
    """What a server needs to take punches, each with what was found."""

    status: str
    database: str
    schema: str
    partitions_ahead: int


@get(
    "/health/live",
    opt={"public": True, **NO_DATABASE},
    summary="Does the process answer?",
    sync_to_thread=False,
)
def live() -> Live:
    """Answer without looking at anything else."""
    return Live(status="ok")


@get(
    "/health/ready",
    opt={"public": True, **NO_DATABASE},
    summary="Can it take punches?",
    responses={},
)
async def ready(state: State) -> Response[Ready]:
    """Answer 200 when the database is there, migrated and has partitions for the coming months, else 503."""
    found = await look(state.database, state.clock, state.schema_head)
    return Response(found, status_code=200 if found.status == "ok" else 503)


async def look(database: Database, clock: Clock, head: str) -> Ready:
    """Look at the database once; its absence is a finding, not an error."""
    try:
        async with database.transaction() as tx:
            schema = str(await tx.scalar(text("SELECT version_num FROM alembic_version")))
            ahead = int(
                await tx.scalar(
                    text("SELECT partition_months_ahead(CAST(:day AS date))"),
                    {"day": clock.now().date()},
                )
                or 0
            )
    except DaogangError:
        return Ready(status="unavailable", database="away", schema="unknown", partitions_ahead=0)
    except Exception:  # noqa: BLE001 - an empty or foreign database: not ready, whatever the reason
        return Ready(
            status="unavailable",
            database="not migrated",
            schema="unknown",
            partitions_ahead=0,
        )
    fine = schema == head and ahead >= MONTHS_AHEAD_WANTED
    return Ready(
        status="ok" if fine else "unavailable",
        database="ok",
        schema=schema,
        partitions_ahead=ahead,
    )


@get(
    "/metrics",
    opt={"public": True, **NO_DATABASE},
    media_type=MediaType.TEXT,
    include_in_schema=False,
)
async def metrics() -> Response[bytes]:
    """Give Prometheus the figures of all server processes."""
    registry = PROCESS_REGISTRY
    if multiprocess_folder():
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


def multiprocess_folder() -> str | None:
    """Return where the server processes share their figures, as `daogang serve` set it up."""
    return os.environ.get("PROMETHEUS_MULTIPROC_DIR")


VIEWER = """<!doctype html>
<html lang="zh-CN"><head><meta charset="utf-8"><title>Daogang API</title>
<link rel="stylesheet" href="/docs/static/swagger-ui.css"></head>
<body><div id="viewer"></div>
<script src="/docs/static/swagger-ui-bundle.js"></script>
<script src="/docs/viewer.js"></script>
</body></html>
"""
START_VIEWER = 'SwaggerUIBundle({url: "/docs/openapi.json", dom_id: "#viewer", deepLinking: true});\n'
CONTENT_POLICY = "default-src 'self'; img-src 'self' data:; style-src 'self' 'unsafe-inline'"


@get(
    "/docs",
    opt={"public": True},
    media_type=MediaType.HTML,
    include_in_schema=False,
    sync_to_thread=False,
)
def viewer() -> Response[str]:
    """Show the API's document; every byte of it comes from this server."""
    return Response(VIEWER, headers={"Content-Security-Policy": CONTENT_POLICY})


@get(
    "/docs/viewer.js",
    opt={"public": True},
    include_in_schema=False,
    sync_to_thread=False,
)
def viewer_start() -> Response[str]:
    """Start the viewer (its own file, so that the page needs no inline script)."""
    return Response(START_VIEWER, media_type="text/javascript")


@get(
    "/docs/openapi.json",
    opt={"public": True},
    include_in_schema=False,
    sync_to_thread=True,
)
def document(state: State) -> Response[bytes]:
    """Give the API's document; in a thread, since the first asker waits until it is built."""
    return Response(state.api_document.text(), media_type="application/json")


def health_router() -> Router:
    """Join the routes of this file."""
    assets = create_static_files_router(
        path="/docs/static",
        directories=[Path(litestar_offline_docs.__file__).parent / "static"],
        opt={"public": True},
        include_in_schema=False,
    )
    return Router(
        path="/",
        route_handlers=[live, ready, metrics, viewer, viewer_start, document, assets],
        tags=["Health"],
    )
