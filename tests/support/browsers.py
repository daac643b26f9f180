"""One Chromium that plays journeys of web/tests/journeys, and the demo's world on a real server to play them in."""

import asyncio
import json
import os
import subprocess
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from backend.demo.line import metro_line
from backend.demo.people import PEOPLE, install_id_of
from geofences.coordinates import coordinate_system, from_wgs84
from tests.support import processes
from tests.support.databases import Databases
from tools import web

PLAYS_AT_MOST_S = 900 if "JOURNEYS_STRAIN" in os.environ else 120
"""A journey that takes longer has come to a halt; under a strain (`web/tests/strain.mjs`) everything takes longer."""
LINE_BYTES = 2**24


@dataclass(frozen=True)
class DemoHouse:
    """A server on the demo's world, after its day."""

    base_url: str
    url: str
    folder: Path
    _lent: dict[str, str] = field(default_factory=dict)

    def phone(self, name: str) -> dict[str, Any]:
        """Return what the journeys need of a person of the demo: the number, and the phone that is known.

        Each person is for one journey: a second code within the minute is refused, and punches would meet others.
        """
        journey = os.environ.get("PYTEST_CURRENT_TEST", "").partition(" ")[0]
        assert self._lent.setdefault(name, journey) == journey, f"{name} is on the journey {self._lent[name]}"
        person = PEOPLE[name]
        return {
            "base_url": self.base_url,
            "number": person.phone_number,
            "install_id": str(install_id_of(name)),
            "outbox": str(self.folder / "sms.ndjson"),
        }

    @property
    def played_on(self) -> str:
        """Return the day that the demo played, as `2026-03-16`."""
        told: str = json.loads((self.folder / "demo-accounts.json").read_text())["played_on"]
        return told

    def staff(self, username: str) -> dict[str, Any]:
        """Return what the journeys need of a staff account."""
        accounts = json.loads((self.folder / "demo-accounts.json").read_text())["accounts"]
        password = next(one["password"] for one in accounts if one["username"] == username)
        return {"base_url": self.base_url, "username": username, "password": password}


def place(chainage_m: float, offset_m: float, accuracy_m: float = 8) -> dict[str, float]:
    """Return a place of the demo's line as a browser is told it; `offset_m` to the left of the line."""
    lon, lat = metro_line().at(chainage_m, offset_m)
    return {"longitude": lon, "latitude": lat, "accuracy": accuracy_m}


def gcj02_line(from_m: int, to_m: int) -> list[list[float]]:
    """Return a stretch of the demo's line in the coordinates of AMap, a point every 250 m, as (lon, lat) in GCJ-02."""
    line = [metro_line().at(chainage_m, 0) for chainage_m in range(from_m, to_m + 1, 250)]
    moved = [from_wgs84(coordinate_system("gcj02"), lon, lat) for lon, lat in line]
    return [[round(float(lon), 7), round(float(lat), 7)] for lon, lat in moved]


def lay_alignment(house: DemoHouse, project_name: str) -> None:
    """Make the demo's line an alignment of its project, if no journey before did."""
    staff = house.staff("line11")
    with httpx.Client(base_url=house.base_url, trust_env=False) as client:
        told = {"username": staff["username"], "password": staff["password"]}
        token = client.post("/admin/v1/session", json=told).raise_for_status().json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        projects = client.get("/admin/v1/projects").raise_for_status().json()["items"]
        project = next(one["id"] for one in projects if project_name in one["name"])
        path = f"/admin/v1/projects/{project}/alignments"
        if client.get(path).raise_for_status().json()["alignments"]:
            return
        line = [list(at) for at in metro_line().path]
        body = {"name": "左线", "prefix": "K", "crs": "wgs84", "coordinates": line, "start": "K0+000"}
        client.post(path, json=body).raise_for_status()


@contextmanager
def demo_house(databases: Databases, folder: Path) -> Generator[DemoHouse]:
    """Load the demo into a database of its own and run a server on it."""
    assert web.is_built(web.source_digest()), "web/dist is of other sources: run `python3 -m tools.web`"
    with databases.clone("demo") as url:
        settings = processes.environment(url, folder, DAOGANG_ENV="development")
        command = [*processes.DAOGANG, "demo"]
        told = subprocess.run(command, env=settings, check=False, capture_output=True, text=True)
        assert told.returncode == 0, told.stderr[-3000:]
        with processes.server(url, folder, DAOGANG_ENV="development") as server:
            # Passkeys are made for a name, never for a number.
            yield DemoHouse(server.base_url.replace("127.0.0.1", "localhost"), url, folder)
            assert "Traceback" not in processes.said(server)


def is_sound(seen: dict[str, Any]) -> None:
    """Hold what holds for every journey: no error in the console, nothing that shuts people out."""
    assert seen["heard"] == []
    faults = seen["faults"]
    found = faults if isinstance(faults, list) else {name: one for name, one in faults.items() if one}
    assert not found, json.dumps(found, ensure_ascii=False, indent=1)


class Browser:
    """A Chromium that plays one journey after the other, each with storage of its own."""

    def __init__(self, driver: asyncio.subprocess.Process) -> None:
        """Take over a running driver."""
        self._driver = driver
        self._turn = asyncio.Lock()

    async def play(self, journey: str, about: dict[str, Any]) -> dict[str, Any]:
        """Play a journey and return what it saw; AssertionError with what the page showed when it came to a halt."""
        assert self._driver.stdin
        assert self._driver.stdout
        async with self._turn:
            self._driver.stdin.write(json.dumps({"journey": journey, "about": about}).encode() + b"\n")
            await self._driver.stdin.drain()
            line = await asyncio.wait_for(self._driver.stdout.readline(), PLAYS_AT_MOST_S)
        answer: dict[str, Any] = json.loads(line)
        said = answer.get("trouble", "")
        assert "trouble" not in answer, f"{said}\npicture: {answer.get('picture')}\n{answer.get('text')}"
        return answer["seen"]


@asynccontextmanager
async def running_browser(pictures: Path) -> AsyncGenerator[Browser]:
    """Run the driver with its Chromium; pictures of what failed go to a folder."""
    chromium = web.browser()
    assert chromium, "no Chromium: run `python3 -m tools.web`"
    driver = await asyncio.create_subprocess_exec(
        "node",
        "tests/driver.mjs",
        chromium,
        str(pictures),
        cwd=web.WEB,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=LINE_BYTES,
    )
    try:
        yield Browser(driver)
        assert driver.stdin
        driver.stdin.close()
        await asyncio.wait_for(driver.wait(), 30)
    finally:
        if driver.returncode is None:
            driver.kill()
            await driver.wait()
