"""Measures terminals that push: a burst of 5 000 rows beside live ones, and a whole memory sent twice."""

import http.client
import shutil
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from secrets import token_hex
from statistics import quantiles
from threading import Event
from time import perf_counter
from typing import Any

import psycopg

from backend.kit.ids import new_id
from backend.kit.keyfiles import FileKeyRing, init_keys
from backend.kit.keyring import SERVER_PURPOSES
from backend.migrate import migrate
from bench.server import HOST, Server, serving
from bench.world import fill
from tools.house import LOCAL
from tools.newcomer import recreate
from tools.postgres import held
from tools.say import Trouble, say, step, told

FOLDER = LOCAL / "bench"
ZONE = timezone(timedelta(hours=8))
LIVE, LIVE_EVERY_S = 20, 0.25
BURST_ROWS = 5000
MEMORY_ROWS, BODY_ROWS = 200_000, 25_000
"""A body of so many rows is about as long as a terminal is asked to make it at most (1 MiB)."""

WARM_UP_ROUNDS = 8
BURSTS = 3

REGISTER = """
INSERT INTO gate_device (project_id, id, serial_no, name, entrance, lane, default_direction, place, state,
  heartbeat_interval_s, created_at, vendor)
VALUES (%s, %s, %s, %s, '1', '1', 'in', ST_SetSRID(ST_MakePoint(114.5, 30.5), 4326), 'active', 60, %s, 'zkteco')
"""


@dataclass(frozen=True)
class Pushed:
    """Seconds of the slowest burst, live events' milliseconds beside it, a memory's seconds first and again, memory."""

    burst_s: float
    live_p95_ms: float
    memory_s: float
    again_s: float
    again_new: int
    grown_mb: float

    def figures(self) -> dict[str, float]:
        """Return the figures by name."""
        return {
            "terminal_burst_s": round(self.burst_s, 2),
            "terminal_live_p95_ms": round(self.live_p95_ms, 1),
            "terminal_memory_s": round(self.memory_s, 1),
            "terminal_again_s": round(self.again_s, 1),
            "terminal_again_new": self.again_new,
            "terminal_again_grown_mb": round(self.grown_mb, 1),
        }


class Line:
    """A terminal's connection; every answer must be its acknowledgement."""

    def __init__(self, port: int, serial_no: str) -> None:
        """Connect."""
        self._serial_no = serial_no
        self._connection = http.client.HTTPConnection(HOST, port, timeout=300)
        self._connection.connect()
        self._connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def push(self, rows: list[str]) -> float:
        """Send rows in one body; return the seconds to the end of the answer."""
        body = "".join(f"{row}\r\n" for row in rows).encode()
        begun = perf_counter()
        self._connection.request("POST", f"/iclock/cdata?SN={self._serial_no}&table=ATTLOG&Stamp=9999", body)
        answer = self._connection.getresponse()
        said = answer.read()
        if (answer.status, said) != (http.client.OK, f"OK: {len(rows)}".encode()):
            what = f"a terminal's rows were answered with {answer.status}: {said[:200].decode(errors='replace')}"
            raise Trouble(what, "read .local/bench/server.log.")
        return perf_counter() - begun


def measure_terminals(url: str, server: Server, project_id: Any, numbers: list[str]) -> Pushed:  # noqa: ANN401 - UUID
    """Measure bursts beside live events, then a whole memory twice; `numbers` are bound to people of the project."""
    with psycopg.connect(url) as connection:
        serials = [_register(connection, project_id) for _ in range(LIVE + BURSTS + 1)]
    with step("warming up for terminals"):
        for serial in serials[:2]:
            line = Line(server.port, serial)
            for _ in range(WARM_UP_ROUNDS):
                line.push([_row("0", datetime.now(ZONE))])
    burst_s, live = 0.0, list[float]()
    for serial in serials[LIVE : LIVE + BURSTS]:
        seconds, beside = _burst(server.port, serial, serials[:LIVE], numbers)
        burst_s, live = max(burst_s, seconds), live + beside
    memory = [
        _row(numbers[place % len(numbers)], datetime.now(ZONE) - timedelta(days=60) + timedelta(seconds=20 * place))
        for place in range(MEMORY_ROWS)
    ]
    line = Line(server.port, serials[-1])
    memory_s = sum(line.push(memory[at : at + BODY_ROWS]) for at in range(0, MEMORY_ROWS, BODY_ROWS))
    rows, peak = _count(url, project_id), server.peak_rss_mb()
    # Cut elsewhere, so that only the ledger's keys can tell that all of it came before.
    line.push(memory[:10])
    again_s = sum(line.push(memory[at : at + BODY_ROWS]) for at in range(10, MEMORY_ROWS, BODY_ROWS))
    return Pushed(
        burst_s,
        quantiles(live, n=20)[-1] * 1000,
        memory_s,
        again_s,
        _count(url, project_id) - rows,
        server.peak_rss_mb() - peak,
    )


def _burst(port: int, serial: str, live: list[str], numbers: list[str]) -> tuple[float, list[float]]:
    """Send a burst while live terminals go on; return its seconds and theirs."""
    done = Event()

    def tap(serial_no: str, place: int) -> list[float]:
        line, taken = Line(port, serial_no), list[float]()
        done.wait(LIVE_EVERY_S * place / LIVE)
        while not done.is_set():
            taken.append(line.push([_row(numbers[place], datetime.now(ZONE))]))
            done.wait(LIVE_EVERY_S)
        return taken

    begin = datetime.now(ZONE) - timedelta(days=2)
    rows = [_row(numbers[at % len(numbers)], begin + timedelta(seconds=20 * at)) for at in range(BURST_ROWS)]
    with ThreadPoolExecutor(LIVE) as pool:
        taps = [pool.submit(tap, serial_no, place) for place, serial_no in enumerate(live)]
        line = Line(port, serial)
        done.wait(1)
        seconds = line.push(rows)
        done.set()
        return seconds, [one for tapped in taps for one in tapped.result()]


def _row(number: str, at: datetime) -> str:
    return f"{number}\t{at:%Y-%m-%d %H:%M:%S}\t0\t15\t\t0\t0\t"


def _register(connection: psycopg.Connection[Any], project_id: Any) -> str:  # noqa: ANN401 - UUID
    now, serial_no = datetime.now(UTC), f"BENCH{token_hex(6)}"
    connection.execute(REGISTER, (project_id, new_id(now), serial_no, serial_no, now))
    return serial_no


def _count(url: str, project_id: Any) -> int:  # noqa: ANN401 - UUID
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM punch WHERE project_id = %s", [project_id]).fetchone()
    return 0 if row is None else int(row[0])


def main() -> int:
    """Measure terminals alone, on a database of their own."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    with held("bench") as url:
        with step("making a database with 10 000 people on 6 sites"):
            recreate(url)
            migrate(url, datetime.now(UTC).date())
            init_keys(FOLDER / "keys")
            world = fill(url, FileKeyRing(FOLDER / "keys", SERVER_PURPOSES))
        with serving(url, FOLDER / "keys", FOLDER) as server:
            numbers = [number for group in world.gate.groups for number in group]
            pushed = measure_terminals(url, server, world.gate.project_id, numbers)
    for name, value in pushed.figures().items():
        say(f"{name} {value}")
    return 0


if __name__ == "__main__":
    sys.exit(told(main))
