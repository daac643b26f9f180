"""Measures a simulation: 50 000 recorded punches of 30 days, sealed, against fences of about 2 000 vertices.

`make bench` measures the fence of 2 000 vertices; `.venv/bin/python -m bench.simulation` that and a long road, as
docs/geometry.md quotes.
"""

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import numpy as np
import psycopg
import shapely

from backend.kit.canonical import canonical_bytes
from backend.kit.clock import SystemClock
from backend.kit.crypto import DataKeys
from backend.kit.db import Database
from backend.kit.garbage import collect_less, keep_what_is_there
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.kit.keyfiles import FileKeyRing, init_keys
from backend.kit.keyring import SERVER_PURPOSES
from backend.ledger.append import Connection, send_append, settle_append
from backend.ledger.data_keys import MonthKey, month_of, obtain_data_key
from backend.ledger.model import Entry, Receipt, dedupe_bucket
from backend.ledger.partitions import make_partitions
from backend.migrate import migrate
from bench.fences import road, site
from bench.world import Seed, Worker
from geofences.evaluation import warm_up
from geofences.materialise import materialise
from geofences.shapes import Shape
from geofences.simulation import Simulation, SimulationTools, simulate
from geofences.workbench import Workbench
from tools.newcomer import recreate
from tools.postgres import held
from tools.say import step

PUNCHES, PEOPLE, DAYS, BATCH, ROUNDS = 50_000, 500, 30, 1_000, 5

DRAFT = """
INSERT INTO fence_version (project_id, id, fence_id, number, state, kind, crs, shape, shape_digest, zone_srid, buffer_m,
  area, axis, axis_start_m, created_by, created_at)
SELECT project_id, gen_random_uuid(), fence_id, 2, 'draft', kind, crs, shape, shape_digest, zone_srid, buffer_m,
  ST_Translate(area, 0.0001, 0), axis, axis_start_m, created_by, created_at
FROM fence_version WHERE project_id = %s
RETURNING fence_id, created_by
"""
GRANT = "INSERT INTO role_grant (id, account_id, role, granted_at) VALUES (gen_random_uuid(), %s, 'city', now())"


def fill_site(url: str, shape: Shape, people: int) -> list[Worker]:
    """Fill the database of `url` (a superuser's) with one site that has a fence of that shape, and its people."""
    with psycopg.connect(url) as connection:
        connection.execute("SET ROLE daogang_owner")
        seed = Seed(connection, datetime.now(UTC))
        site = seed.site(shape, [])
        workers = [seed.worker(site) for _ in range(people)]
        seed.write()
    return workers


def places(shape: Shape) -> Iterator[tuple[float, float]]:
    """Draw where people stand (degrees): six of seven inside, one near the edge on either side or some way off."""
    rng = np.random.default_rng(1)
    area = materialise(shape).area
    edge = shapely.get_coordinates(area)
    west, south, east, north = area.bounds
    shapely.prepare(area)
    inside: list[tuple[float, float]] = []
    while len(inside) < PUNCHES:
        near = edge[rng.integers(0, len(edge), PUNCHES)] + rng.normal(0.0, 2e-4, (PUNCHES, 2))
        wide = np.column_stack((rng.uniform(west, east, PUNCHES), rng.uniform(south, north, PUNCHES)))
        both = np.vstack((near, wide))
        inside += [(float(lon), float(lat)) for lon, lat in both[shapely.contains_xy(area, both[:, 0], both[:, 1])]]
    for number in range(PUNCHES):
        if number % 7:
            yield inside[number]
        else:
            lon, lat = edge[rng.integers(0, len(edge))] + rng.normal(0.0, 4e-4, 2)
            yield float(lon), float(lat)


def punch(
    worker: Worker, at: datetime, place: tuple[float, float], fixes: int, accuracy_m: float, key: MonthKey
) -> Entry:
    """Make a counted punch with its sealed fixes."""
    punch_id, project = new_id(at), worker.site.project_id
    taken = [
        {
            "lon": round(place[0] + 1e-5 * number, 7),
            "lat": round(place[1], 7),
            "crs": "wgs84",
            "accuracy_m": round(accuracy_m + number, 1),
            "platform": "android",
            "provider": "fused",
            "age_s": 1.0 + number,
            "mock": False,
        }
        for number in range(fixes)
    ]
    sealed = key.key.seal(canonical_bytes({"person": "试验员", "fixes": taken}), punch_id.bytes)
    reasons = ({"code": "decision.inside_fence", "distance_m": 10, "accuracy_m": 8, "percent": 90},)
    return Entry(
        project_id=project,
        punch_id=punch_id,
        received_at=at,
        source="phone",
        source_id=worker.holder.account_id,
        event_key=str(punch_id),
        bucket=dedupe_bucket(at),
        person_id=worker.holder.person_id,
        occurred_at=at,
        device_time=at.isoformat(),
        time_quality="online",
        direction="unknown",
        direction_source="none",
        trust="phone",
        method="online",
        policy_version=0,
        signals=(),
        payload_digest="00" * 32,
        private_digest=sealed.commitment.hex(),
        key_id=key.key_id,
        sealed=sealed.ciphertext.hex(),
        ruling_id=new_id(at),
        outcome="counted",
        reasons=reasons,
        receipt=Receipt(
            punch_id=punch_id, project_id=project, received_at=at, occurred_at=at, outcome="counted", reasons=reasons
        ),
    )


async def record(database: Database, data_keys: DataKeys, workers: Sequence[Worker], shape: Shape) -> None:
    """Append the punches, oldest first."""
    rng, end = np.random.default_rng(2), datetime.now(UTC) - timedelta(minutes=5)
    step = timedelta(days=DAYS - 1) / PUNCHES
    start = end - PUNCHES * step
    months = {month_of(start), month_of(end)}
    await make_partitions(database, received=months, buckets=months)
    keys: dict[object, MonthKey] = {}
    batch: list[Entry] = []
    async with database.connection() as connection:
        for number, place in enumerate(places(shape)):
            at, worker = start + number * step, workers[number % len(workers)]
            if month_of(at) not in keys:
                keys[month_of(at)] = await _key(connection, data_keys, worker.site.project_id, at)
            fixes, accuracy_m = int(rng.integers(1, 4)), float(rng.uniform(4.0, 30.0))
            batch.append(punch(worker, at, place, fixes, accuracy_m, keys[month_of(at)]))
            if len(batch) == BATCH or number == PUNCHES - 1:
                await settle_append(connection, batch, await send_append(connection, batch))
                batch.clear()


async def _key(connection: Connection, data_keys: DataKeys, project_id: UUID, at: datetime) -> MonthKey:
    return await obtain_data_key(connection, data_keys, project_id, at, key_id=None, wrapped=None)


@dataclass(frozen=True)
class Measured:
    """How long each simulation of one fence took (seconds, in order), its vertices, and whom it changed."""

    took: list[float]
    vertices: int
    newly_counted: int
    no_longer_counted: int

    @property
    def median(self) -> float:
        """Half of the simulations were faster."""
        return statistics.median(self.took)


async def measure(url: str, keys: Path, shape: Shape) -> Measured:
    """Fill a site with punches and time simulations of a version 10 m beside its fence."""
    workers = fill_site(url, shape, PEOPLE)
    project_id = workers[0].site.project_id
    clock = SystemClock()
    data_keys = DataKeys(FileKeyRing(keys, SERVER_PURPOSES), clock.now)
    database = Database(url, max_size=2)
    async with database.opened():
        await record(database, data_keys, workers, shape)
        with psycopg.connect(url, autocommit=True) as connection:
            row = connection.execute(DRAFT, [project_id]).fetchone()
            if row is None:
                msg = "the site has a fence"
                raise RuntimeError(msg)
            fence_id, account_id = row
            connection.execute(GRANT, [account_id])
            connection.execute("VACUUM ANALYZE")
            connection.execute("CHECKPOINT")
        actor = Actor(
            account_id=account_id, person_id=None, family_id=uuid4(), roles=frozenset({"city"}), scopes=frozenset()
        )
        tools = SimulationTools(database, data_keys, Workbench(), clock)
        took: list[float] = []
        found: Simulation | None = None
        for _ in range(ROUNDS):
            began = time.perf_counter()
            found = await simulate(tools, actor, project_id, fence_id, 2, days=DAYS)
            took.append(time.perf_counter() - began)
        tools.workbench.close()
    if found is None or found.result.simulated != PUNCHES:
        msg = "every punch is simulated"
        raise RuntimeError(msg)
    vertices = len(shapely.get_coordinates(materialise(shape).area))
    return Measured(took, vertices, found.result.newly_counted, found.result.no_longer_counted)


def measure_on_new_database(shape: Shape) -> Measured:
    """Measure one fence on an empty database of the benchmark's cluster, in a process that is set up like a server."""
    collect_less()
    warm_up()
    keep_what_is_there()
    with held("bench") as url, tempfile.TemporaryDirectory() as folder:
        keys = Path(folder) / "keys"
        init_keys(keys)
        recreate(url)
        migrate(url, datetime.now(UTC).date())
        return asyncio.run(measure(url, keys, shape))


def measure_simulation() -> dict[str, float]:
    """Return the figures of the fence of 2 000 vertices, in seconds."""
    with step("simulating 50 000 punches"):
        measured = measure_on_new_database(site(2_000))
    return {"simulation_first_s": round(measured.took[0], 2), "simulation_s": round(measured.median, 2)}


def main() -> None:
    """Print one line per fence: first, median and slowest of five simulations, in seconds."""
    chosen = sys.argv[1:] or ["site", "road"]
    print(f"{'fence':20}{'vertices':>10}{'newly':>8}{'lost':>8}{'first s':>9}{'p50 s':>9}{'max s':>9}")
    for name, shape in (("site", site(2_000)), ("road", road(667))):
        if name in chosen:
            one = measure_on_new_database(shape)
            told = f"{name:20}{one.vertices:10}{one.newly_counted:8}{one.no_longer_counted:8}"
            print(f"{told}{one.took[0]:9.2f}{one.median:9.2f}{max(one.took):9.2f}")


if __name__ == "__main__":
    main()
