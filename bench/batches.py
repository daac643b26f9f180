"""Measures gate batches: over HTTP, signed, one after the other; and the same rows written once more in plain SQL."""

import http.client
import socket
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

import msgspec

from backend.gates.signature import signed_headers
from bench.loads import run_pgbench, run_sql
from bench.server import HOST
from bench.world import GATE_GROUP, World
from tools.say import Trouble

HERE = Path(__file__).resolve().parent
PATH = "/gates/v1/events"
_seqs = count(1)


@dataclass(frozen=True)
class Batches:
    """One round: milliseconds per batch over HTTP (median), and of the same writes in plain SQL (mean)."""

    http_ms: float
    sql_ms: float


class _Result(msgspec.Struct):
    status: str


class _Answer(msgspec.Struct):
    results: list[_Result]


def prepare_mirror(url: str, world: World) -> None:
    """Make the table that plain SQL takes its rows from."""
    run_sql(url, "-v", f"mirror={world.mirror_id}", "-f", str(HERE / "gate_batch_tables.sql"))


def measure_batches(url: str, port: int, world: World) -> Batches:
    """Send one batch for each group of people, then write the same rows for the mirror project in plain SQL."""
    since = datetime.now(UTC)
    http_ms = median(_send_all(port, world))
    names = {"mirror": world.mirror_id, "gate": world.gate.project_id, "since": since.isoformat()}
    settings = [word for name, value in names.items() for word in ("-v", f"{name}={value}")]
    copied = int(run_sql(url, *settings, "-f", str(HERE / "gate_batch_mirror.sql")))
    if copied != GATE_GROUP * len(world.gate.groups):
        what = f"the gate's batches left {copied} rows instead of {GATE_GROUP * len(world.gate.groups)}"
        raise Trouble(what, "compare bench/gate_batch_mirror.sql with the migrations.")
    rate = run_pgbench(url, "gate_batch.sql", "-c", "1", "-t", str(len(world.gate.groups)), "-D", "batch=0")
    return Batches(http_ms, 1000 / rate)


def _send_all(port: int, world: World) -> list[float]:
    """Return the milliseconds from the first byte sent to the last one received, batch by batch."""
    connection = http.client.HTTPConnection(HOST, port, timeout=60)
    connection.connect()
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    taken: list[float] = []
    for group in world.gate.groups:
        body, headers = _batch(world, list(group))
        begun = perf_counter()
        connection.request("POST", PATH, body, headers)
        answer = connection.getresponse()
        said = answer.read()
        taken.append((perf_counter() - begun) * 1000)
        _require_accepted(answer.status, said)
    connection.close()
    return taken


def _batch(world: World, numbers: list[str]) -> tuple[bytes, dict[str, str]]:
    now, gate = datetime.now(UTC), world.gate
    items: list[dict[str, Any]] = []
    for place, number in enumerate(numbers):
        at = now - timedelta(seconds=60) + timedelta(milliseconds=100 * place)
        seq = next(_seqs)
        items.append(
            {
                "device_event_id": f"{gate.key_id[:8]}-{seq}",
                "seq": seq,
                "occurred_at": at.isoformat(timespec="milliseconds"),
                "person": {"kind": "pin", "value": number},
                "live": True,
                "direction": "in",
                "granted": True,
                "method": "face",
            }
        )
    body = msgspec.json.encode({"clock_now": now, "items": items})
    signed = signed_headers(gate.key_id, gate.secret, method="POST", path=PATH, body=body, at=now)
    return body, signed | {"Content-Type": "application/json"}


def _require_accepted(status: int, said: bytes) -> None:
    if status == http.client.OK:
        statuses = [one.status for one in msgspec.json.decode(said, type=_Answer).results]
        if statuses == ["accepted"] * GATE_GROUP:
            return
    what = f"a gate batch was answered with {status}: {said[:300].decode(errors='replace')}"
    raise Trouble(what, "read .local/bench/server.log.")
