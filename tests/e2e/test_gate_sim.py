"""The reference client as a process of its own, against a real server: an outage, a burst and a wrong clock."""

import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import httpx
import psycopg

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyfiles import FileKeyRing
from backend.kit.keyring import SERVER_PURPOSES
from tests.integration.gates.gate_site import Device, make_device
from tests.support import processes
from tests.support.phones import make_ground
from tools.house import ROOT

LASTS_S = 6


async def gate_on(url: str, folder: Path) -> tuple[Device, str]:
    """Make a ground with a gate on the server's database; return the device and whom it lets pass."""
    keys, database = FileKeyRing(folder / "keys", SERVER_PURPOSES), Database(url)
    clock = ManualClock(datetime.now(UTC))
    async with database.opened():
        ground = await make_ground(database, keys, clock.now())
        async with database.transaction() as tx, httpx.AsyncClient() as nobody:
            paired_at = clock.now() - timedelta(days=1)
            project_id, by = ground.project.id, ground.staff_id
            ring = cast("Any", keys)
            device = await make_device(tx, nobody, clock, ring, project_id, by, paired_at=paired_at)
    return device, str(ground.owner.person_id)


async def test_all_that_a_simulated_gate_recorded_arrives_once(fresh_database: str, tmp_path: Path) -> None:
    """Two hours of clock fault, two seconds of outage, a burst of 250: nothing is lost, nothing stands twice."""
    with processes.server(fresh_database, tmp_path) as server:
        device, person = await gate_on(fresh_database, tmp_path)
        options = {
            "--url": server.base_url,
            "--key": device.key_id,
            "--people": person,
            "--kind": "person",
            "--per-minute": "300",
            "--lasts": str(LASTS_S),
            "--outage": "1-3",
            "--burst": "250",
            "--clock-off": "-7200",
            "--queue": str(tmp_path / "gate.sqlite"),
        }
        ran = subprocess.run(  # noqa: ASYNC221 - nothing else goes on here
            [*processes.DAOGANG, "gate-sim", *(word for option in options.items() for word in option)],
            cwd=ROOT,
            env={**processes.environment(fresh_database, tmp_path), "DAOGANG_GATE_SECRET": device.secret},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    last = ran.stdout.splitlines()[-1]
    recorded = int(last.split()[0])
    assert last == f"{recorded} recorded, 0 waiting, 0 set aside"
    assert recorded > 250
    with psycopg.connect(fresh_database) as connection:
        found = connection.execute(
            "SELECT count(*), count(DISTINCT event_key), min(received_at - occurred_at) > interval '119 minutes' "
            "FROM punch WHERE source_id = %s",
            (device.id,),
        ).fetchone()
    assert found == (recorded, recorded, True)


def test_without_its_secret_it_says_what_is_missing(tmp_path: Path) -> None:
    ran = subprocess.run(
        [*processes.DAOGANG, "gate-sim", "--key", "0" * 32, "--queue", str(tmp_path / "gate.sqlite")],
        cwd=ROOT,
        env={name: value for name, value in processes.environment("", tmp_path).items() if "SECRET" not in name},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ran.returncode, "DAOGANG_GATE_SECRET" in ran.stdout) == (2, True)
