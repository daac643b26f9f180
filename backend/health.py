"""Tells load balancers, operators and Prometheus how the server is."""

import os
from collections.abc import Iterator, Mapping

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
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import text

from backend.evidence.faces.port import State as FacesState
from backend.identity.consents.stock import last_stock
from backend.kit.clock import Clock
from backend.kit.db import Database
from backend.kit.errors import DaogangError
from backend.ledger.seals.standing import read_seal_standing

MONTHS_AHEAD_WANTED = 3
NO_DATABASE = {"database": False}


class Live(msgspec.Struct, frozen=True):
    """The process answers."""

    status: str


class Seals(msgspec.Struct, frozen=True):
    """How far the ledger's log is: its leaves, and for how long the oldest entry without a seal waits, seconds."""

    size: int
    waiting: int
    lag_s: float


class Ready(msgspec.Struct, frozen=True):
    """What a server needs to take punches, each with what was found.

    How `faces` are measured decides nothing here, nor do `warnings`: `faces.many_stored` says that faces of nearly as
    many people are kept as there is a duty to file from, `seals.late` that entries wait for their seal for more than
    ten minutes. Nor does which `channels` of alerts are configured: "on", or the setting that is missing.
    """

    status: str
    database: str
    schema: str
    partitions_ahead: int
    faces: FacesState = "off"
    warnings: tuple[str, ...] = ()
    channels: dict[str, str] = {}
    seals: Seals | None = None


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
            sealing = await read_seal_standing(tx) if schema == head else None
    except DaogangError:
        return Ready(status="unavailable", database="away", schema="unknown", partitions_ahead=0)
    except Exception:  # noqa: BLE001 - an empty or foreign database: not ready, whatever the reason
        return Ready(
            status="unavailable",
            database="not migrated",
            schema="unknown",
            partitions_ahead=0,
        )
    now = clock.now()
    warnings = {
        "faces.many_stored": stock is not None and stock.alarm,
        "seals.late": sealing is not None and sealing.is_late(now),
    }
    fine = schema == head and ahead >= MONTHS_AHEAD_WANTED
    return Ready(
        status="ok" if fine else "unavailable",
        database="ok",
        schema=schema,
        partitions_ahead=ahead,
        warnings=tuple(name for name, holds in warnings.items() if holds),
        seals=None if sealing is None else Seals(sealing.size, sealing.waiting, round(sealing.lag_s(now), 3)),
    )


@get(
    "/metrics",
    opt={"public": True, **NO_DATABASE},
    media_type=MediaType.TEXT,
    include_in_schema=False,
)
async def metrics(state: State) -> Response[bytes]:
    """Give Prometheus the figures of all server processes, how far the sealer is, and the stock of faces."""
    registry = PROCESS_REGISTRY
    if multiprocess_folder():
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)
    shown = generate_latest(registry) + await _kept_figures(state.database, state.clock)
    return Response(shown, media_type=CONTENT_TYPE_LATEST)


async def _kept_figures(database: Database, clock: Clock) -> bytes:
    """Return what the database keeps: the sealer's log, the last count of faces; nothing while it is away."""
    try:
        async with database.transaction() as tx:
            standing = await read_seal_standing(tx)
            stock = await last_stock(tx)
    except DaogangError:
        return b""
    registry = CollectorRegistry()
    figures: dict[str, tuple[str, float]] = {
        "daogang_seal_lag_seconds": (
            "For how long the oldest entry without a seal waits.",
            standing.lag_s(clock.now()),
        ),
        "daogang_seal_waiting": ("Numbers of the outbox that wait for their seal.", standing.waiting),
        "daogang_seal_tree_size": ("Leaves of the ledger's log.", standing.size),
    }
    if stock is not None:
        told = "People of whom reference photos of the face are kept; the duty to file begins at 100 000."
        figures["daogang_face_references_people"] = (told, stock.people)
    registry.register(Kept(figures))
    return generate_latest(registry)


class Kept(Collector):
    """Figures that no process counts: a gauge of a process would be told once more for each of them."""

    def __init__(self, figures: Mapping[str, tuple[str, float]]) -> None:
        """Tell these: what each says, and its value."""
        self._figures = figures

    def collect(self) -> Iterator[Metric]:
        """Yield a gauge for each."""
        for name, (told, value) in self._figures.items():
            yield GaugeMetricFamily(name, told, value)


def multiprocess_folder() -> str | None:
    """Return where the server processes share their figures, as `daogang serve` set it up."""
    return os.environ.get("PROMETHEUS_MULTIPROC_DIR")


def health_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/", route_handlers=[live, ready, metrics], tags=["Health"])
