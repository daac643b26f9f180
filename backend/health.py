"""Tells load balancers, operators and Prometheus how the server is."""

import os

import msgspec
from litestar import MediaType, Response, Router, get
from litestar.datastructures import State
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    generate_latest,
    multiprocess,
)
from prometheus_client import REGISTRY as PROCESS_REGISTRY
from sqlalchemy import text

from backend.evidence.faces.port import State as FacesState
from backend.identity.consents.stock import last_stock
from backend.kit.clock import Clock
from backend.kit.db import Database
from backend.kit.errors import DaogangError

MONTHS_AHEAD_WANTED = 3
NO_DATABASE = {"database": False}


class Live(msgspec.Struct, frozen=True):
    """The process answers."""

    status: str


class Ready(msgspec.Struct, frozen=True):
    """What a server needs to take punches, each with what was found.

    How `faces` are measured decides nothing here, nor do `warnings`: `faces.many_stored` says that faces of nearly as
    many people are kept as there is a duty to file from. Nor does which `channels` of alerts are configured: "on", or
    the setting that is missing.
    """

    status: str
    database: str
    schema: str
    partitions_ahead: int
    faces: FacesState = "off"
    warnings: tuple[str, ...] = ()
    channels: dict[str, str] = {}


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
    channels = {name: missing or "on" for name, missing in state.missing_channels.items()}
    found = msgspec.structs.replace(found, faces=await state.wiring.faces.state(), channels=channels)
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
            stock = await last_stock(tx) if schema == head else None
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
        warnings=("faces.many_stored",) if stock is not None and stock.alarm else (),
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


def health_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/", route_handlers=[live, ready, metrics], tags=["Health"])
