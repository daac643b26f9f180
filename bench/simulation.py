"""Measures a simulation: 50 000 recorded punches of 30 days, sealed, against fences of about 2 000 vertices.

Run it with `.venv/bin/python -m bench.simulation`; docs/geometry.md quotes what it prints.
"""

import asyncio
import shutil
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import numpy as np
import psycopg
import shapely

from backend.kit.canonical import canonical_bytes
from backend.kit.clock import SystemClock
from backend.kit.crypto import DataKeys
from backend.kit.db import Database
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
from bench.world import Worker, fill_site
from geofences.materialise import materialise
from geofences.shapes import Shape
from geofences.simulation import Simulation, SimulationTools, simulate
from geofences.workbench import Workbench
from tools.house import LOCAL
from tools.newcomer import recreate
from tools.postgres import held

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


async def measure(url: str, name: str, shape: Shape) -> None:
    """Fill a site with punches and print how long simulations of a version 10 m beside its fence take."""
    workers = fill_site(url, shape, PEOPLE)
    project_id = workers[0].site.project_id
    clock = SystemClock()
    data_keys = DataKeys(FileKeyRing(LOCAL / "bench" / "keys", SERVER_PURPOSES), clock.now)
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
    result, vertices = found.result, len(shapely.get_coordinates(materialise(shape).area))
    told = f"{name:20}{vertices:10}{result.simulated:10}{result.newly_counted:8}{result.no_longer_counted:8}"
    print(f"{told}{took[0]:9.2f}{statistics.median(took):9.2f}{max(took):9.2f}")


def main() -> None:
    """Print one line per fence: first, median and slowest of five simulations, in seconds."""
    folder = LOCAL / "bench"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    init_keys(folder / "keys")
    print(f"{'fence':20}{'vertices':>10}{'punches':>10}{'newly':>8}{'lost':>8}{'first s':>9}{'p50 s':>9}{'max s':>9}")
    chosen = sys.argv[1:] or ["site", "road"]
    with held("bench") as url:
        for name, shape in (("site", site(2_000)), ("road", road(667))):
            if name in chosen:
                recreate(url)
                migrate(url, datetime.now(UTC).date())
                asyncio.run(measure(url, name, shape))


if __name__ == "__main__":
    main()
