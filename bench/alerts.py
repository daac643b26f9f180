"""Measures how fast alerts reach FCM: a storm drained, and single facts on an idle system.

`make bench` puts it beside the other figures; `.venv/bin/python -m bench.alerts` measures it alone.
"""

import asyncio
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from datetime import time as time_of_day
from statistics import quantiles
from uuid import UUID

import msgspec
import psycopg
from sqlalchemy import text

from backend.alerts.telling_times import Preferences
from backend.identity.services import make_identity_services
from backend.kit.clock import ManualClock
from backend.kit.db import Database, Tx
from backend.kit.keyfiles import FileKeyRing
from backend.kit.keyring import SERVER_PURPOSES
from backend.migrate import migrate
from tests.support import processes
from tests.support.alert_storms import lay_storm
from tests.support.channels import give_app
from tests.support.cities import make_city
from tests.support.fcm import local_fcm
from tests.support.http_services import Answer, Asked
from tools.house import LOCAL
from tools.newcomer import recreate
from tools.postgres import held
from tools.say import step

FOLDER = LOCAL / "bench-alerts"
ALERTS, RECIPIENTS, FACTS = int(os.environ.get("ALERTS", "10000")), 3, 40
ANSWERS_AFTER_S = 0.05
LAID = """
SELECT account_id, min(created_at) FROM alert_outbox
WHERE account_id = ANY(CAST(:accounts AS uuid[])) GROUP BY account_id
"""
LEFT = """
SELECT (SELECT count(*) FROM alert_outbox WHERE done_at IS NULL)
  + (SELECT count(*) FROM alert_delivery WHERE state = 'waiting')
"""


def serve_fcm() -> None:
    """Serve Firebase in this process; /log tells which token was written to when."""
    times: list[tuple[str, float]] = []
    with local_fcm(FOLDER) as fcm:
        fcm.after_s = ANSWERS_AFTER_S

        def reply(asked: Asked) -> Answer:
            if asked.path == "/log":
                return Answer(body=times)
            if asked.path != "/token":
                times.append((asked.content["message"]["token"], time.time()))
            return fcm.reply(asked)

        fcm.service.script = reply
        sys.stdout.write(f"{fcm.endpoint}\n{fcm.credentials_file}\n")
        sys.stdout.flush()
        sys.stdin.read()


@contextmanager
def fcm_process() -> Generator[tuple[str, str]]:
    """Run Firebase as a process; yield its address and the service account's file."""
    command = [sys.executable, "-m", "bench.alerts", "fcm"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        output = process.stdout
        if output is None:
            raise RuntimeError
        yield output.readline().strip(), output.readline().strip()
        process.terminate()


def arrivals(endpoint: str) -> list[tuple[str, float]]:
    """Return which token was written to when."""
    with urllib.request.urlopen(f"{endpoint}/log", timeout=20) as answer:  # noqa: S310 - our own server on loopback
        return [(token, at) for token, at in json.load(answer)]


async def measured(url: str, endpoint: str, credentials: str) -> dict[str, float]:
    """Lay a storm, wait until it is drained; then let gates fall silent one by one. Return the figures by name."""
    settings = processes.environment(url, FOLDER, DAOGANG_FCM_CREDENTIALS=credentials, DAOGANG_FCM_ENDPOINT=endpoint)
    clock = ManualClock(datetime.now(UTC))
    services = make_identity_services(FileKeyRing(FOLDER / "keys", SERVER_PURPOSES), clock, None)
    database = Database(url)
    async with database.opened():
        city = await make_city(database, clock, districts=FACTS + RECIPIENTS, sites=FACTS + RECIPIENTS, begun=False)
        supervisors = [city.supervisors[site.district_id] for site in city.sites]
        async with database.transaction() as tx:
            body = msgspec.json.encode(Preferences(quiet_from=time_of_day(0), quiet_to=time_of_day(0))).decode()
            for number, account_id in enumerate(supervisors):
                await give_app(tx, account_id, f"token-{number}", clock, services)
                await tx.execute(
                    text("INSERT INTO alert_preference VALUES (:id, CAST(:body AS jsonb), :now)"),
                    {"id": account_id, "body": body, "now": clock.now()},
                )
            await _reach(tx, supervisors[FACTS:])
        with processes.started("worker", settings, FOLDER / "worker.log") as worker:
            processes.wait_for_line(worker, "alerts.drain_begins")
            clock.set(datetime.now(UTC))
            async with database.transaction() as tx:
                await lay_storm(tx, city.sites[FACTS].id, supervisors[FACTS:], ALERTS, clock.now())
            began = time.monotonic()
            await until_told(url)
            took = time.monotonic() - began
            sent = len(arrivals(endpoint))
            if sent != ALERTS * RECIPIENTS:
                message = f"{sent} requests for {ALERTS * RECIPIENTS} messages"
                raise RuntimeError(message)
            facts: list[float] = []
            for site in city.sites[:FACTS]:
                clock.set(datetime.now(UTC))
                facts.append(time.time())
                await city.gate_down(site)
                # Not in step with the rules' looks, so that waits of every length occur.
                await asyncio.sleep(0.37)
            await until_told(url)
        async with database.transaction() as tx:
            rows = await tx.execute(text(LAID), {"accounts": supervisors[:FACTS]})
            laid = {account_id: at.timestamp() for account_id, at in rows}
    told = dict(arrivals(endpoint)[sent:])
    to_outbox = [laid[account_id] - fact for account_id, fact in zip(supervisors, facts, strict=False)]
    to_fcm = [told[f"token-{number}"] - fact for number, fact in enumerate(facts)]
    return {
        "alerts_drain_s": round(took, 1),
        "alerts_drain_rps": round(sent / took, 1),
        **_quantiles("alert_outbox", to_outbox),
        **_quantiles("alert_fcm", to_fcm),
    }


def _quantiles(name: str, waits: Sequence[float]) -> dict[str, float]:
    cuts = quantiles(waits, n=20)
    return {f"{name}_p50_s": round(cuts[9], 2), f"{name}_p95_s": round(cuts[18], 2)}


async def _reach(tx: Tx, accounts: Sequence[UUID]) -> None:
    """Let the accounts of the storm see its project, each by a grant over the city."""
    grant = """
    UPDATE role_grant SET role = 'city', district_id = NULL WHERE account_id = ANY(CAST(:accounts AS uuid[]))
    """
    await tx.execute(text(grant), {"accounts": list(accounts)})


async def until_told(url: str) -> None:
    """Wait until nothing is left to be told."""
    for _ in range(3000):
        if not left(url):
            return
        await asyncio.sleep(0.2)
    raise TimeoutError


def left(url: str) -> int:
    """Count what is still to be told."""
    with psycopg.connect(url) as connection:
        row = connection.execute(LEFT).fetchone()
    return 0 if row is None else int(row[0])


def measure_alerts() -> dict[str, float]:
    """Measure on a cluster that waits for its disk; return the figures by name."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    with held("bench") as url, step(f"telling {RECIPIENTS} people of {ALERTS} alerts"):
        recreate(url)
        migrate(url, datetime.now(UTC).date())
        with fcm_process() as (endpoint, credentials):
            return asyncio.run(measured(url, endpoint, credentials))


def main() -> None:
    """Measure alone, one figure a line."""
    for name, value in measure_alerts().items():
        print(f"{name} {value}")


if __name__ == "__main__":
    if sys.argv[1:] == ["fcm"]:
        serve_fcm()
    else:
        main()
