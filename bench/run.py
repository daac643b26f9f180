"""Measures check-ins and gate batches against plain SQL, and what else has a bar; `make bench` runs it.

`--record` also puts the figures into docs/performance.md. The exit status is 1 when a figure misses its bar.
"""

import argparse
import os
import platform
import shutil
import signal
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from backend.kit.keyfiles import FileKeyRing, init_keys
from backend.kit.keyring import SERVER_PURPOSES, KeyRing
from backend.migrate import migrate
from bench.alerts import measure_alerts
from bench.batches import measure_batches, prepare_mirror
from bench.bulletins import measure_bulletins
from bench.faces import measure_faces
from bench.fence_scale import measure_fences
from bench.figures import Measured, missed_bars, record, write_json
from bench.loads import HERE, Taken, find_wrk, run_pgbench, run_sql, run_wrk
from bench.pages import measure_pages
from bench.queue_world import fill_queues
from bench.queues import PHONES, drain, draw_key, measure_checking, write_calls
from bench.rates import measure_rates
from bench.seals import measure_seals
from bench.server import Server, serving
from bench.simulation import measure_simulation
from bench.taps import issue_tokens, write_taps
from bench.terminals import measure_terminals
from bench.uploads import measure_uploads
from bench.world import World, fill
from tools.house import LOCAL, ROOT
from tools.newcomer import recreate
from tools.postgres import held
from tools.say import say, step, told
from tools.servers import find_server

FOLDER = LOCAL / "bench"
ROUNDS = 5
YARDSTICK_CLIENTS, YARDSTICK_S = 16, 6
# As many phones at once as a rush hour has: what arrives together is written together.
CHECK_IN_CLIENTS, CHECK_IN_S = 64, 8
WARM_UP_S = 4
MOST_PER_SECOND = 4000


def measure(rounds: int, phones: int) -> Measured:
    """Measure everything once; yardstick and load take turns, so that a slow minute of the machine hits both."""
    measured = Measured(load_before=os.getloadavg()[0])
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    with held("bench") as url:
        with step("making a database with 10 000 people on 6 sites"):
            recreate(url)
            migrate(url, datetime.now(UTC).date())
            run_sql(url, "-f", str(HERE / "yardstick_tables.sql"))
            init_keys(FOLDER / "keys")
            keys = FileKeyRing(FOLDER / "keys", SERVER_PURPOSES)
            world = fill(url, keys)
            prepare_mirror(url, world)
        with serving(url, FOLDER / "keys", FOLDER) as server:
            _measure_check_ins(url, server, world, keys, measured, rounds)
            _measure_batches(url, server, world, measured, rounds)
            _measure_queues(url, server, world, keys, measured, phones)
            measured.server_rss_mb = server.peak_rss_mb()
            measured.pages = measure_pages(server.address)
            numbers = [number for group in world.gate.groups for number in group]
            measured.terminals = measure_terminals(url, server, world.gate.project_id, numbers).figures()
    return measured


def _measure_check_ins(url: str, server: Server, world: World, keys: KeyRing, measured: Measured, rounds: int) -> None:
    tokens = issue_tokens(world.workers, keys)
    with step("warming up"):
        _load(server, world, tokens, WARM_UP_S)
        run_pgbench(url, "yardstick.sql", "-c", str(YARDSTICK_CLIENTS), "-j", "2", "-T", str(WARM_UP_S))
        run_sql(url, "-c", "CHECKPOINT")
    begun = datetime.now(UTC)
    for number in range(1, rounds + 1):
        tps = run_pgbench(url, "yardstick.sql", "-c", str(YARDSTICK_CLIENTS), "-j", "2", "-T", str(YARDSTICK_S))
        taken, cpu_ms = _load(server, world, tokens, CHECK_IN_S)
        measured.yardstick_tps.append(tps)
        measured.check_ins.append(taken)
        measured.cpu_ms.append(cpu_ms)
        say(
            f"round {number} of {rounds}: yardstick {tps:.0f}/s, check-ins {taken.rate:.0f}/s, {cpu_ms:.2f} ms CPU each"
        )
    measured.counted_share = _counted_share(url, begun)


def _load(server: Server, world: World, tokens: Sequence[str], seconds: int) -> tuple[Taken, float]:
    """Send check-ins for some seconds; return what was taken, and the server's CPU milliseconds for each."""
    taps, prepared = FOLDER / "taps", seconds * MOST_PER_SECOND
    write_taps(taps, f"127.0.0.1:{server.port}", world.workers, tokens, prepared)
    before = server.cpu_s()
    taken = run_wrk(taps, server.address, clients=CHECK_IN_CLIENTS, seconds=seconds, prepared=prepared)
    return taken, (server.cpu_s() - before) * 1000 / taken.answers


def _measure_batches(url: str, server: Server, world: World, measured: Measured, rounds: int) -> None:
    with step("warming up for gate batches"):
        measure_batches(url, server.port, world)
    for number in range(1, rounds + 1):
        one = measure_batches(url, server.port, world)
        measured.batches.append(one)
        say(f"round {number} of {rounds}: a gate batch takes {one.http_ms:.1f} ms, its plain SQL {one.sql_ms:.1f} ms")


def _measure_queues(url: str, server: Server, world: World, keys: KeyRing, measured: Measured, phones: int) -> None:
    with step(f"giving {phones} phones keys and queues"):
        measured.item_check_ms = measure_checking()
        workers = fill_queues(url, world, phones, draw_key)
        calls = FOLDER / "queues"
        places = write_calls(calls, f"127.0.0.1:{server.port}", workers, keys)
        run_sql(url, "-c", "CHECKPOINT")
    measured.drained = drain(calls, places, server.port)
    say(f"{measured.drained.items} queued punches in {measured.drained.seconds:.0f} s: {measured.drained.rate:.0f}/s")


def _counted_share(url: str, since: datetime) -> float:
    """Return which part of the phones' punches since an instant were counted; the load means nine of ten to be."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT avg((outcome = 'counted')::integer)::float8 FROM punch_status WHERE received_at >= %s", [since]
        ).fetchone()
    return row[0] if row and row[0] is not None else 0.0


def machine() -> str:
    """Return a line about the machine, its software and the moment."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    cpu = next((line.partition(":")[2].strip() for line in lines if "model name" in line), platform.machine())
    memory_gb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return (
        f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC, {os.cpu_count()} processors ({cpu}), {memory_gb:.0f} GB, "
        f"{platform.system()} {platform.release().partition('-')[0]}, Python {platform.python_version()}, "
        f"PostgreSQL {find_server().major}."
    )


def main() -> int:
    """Run everything, print one figure a line, write bench.json."""
    parser = argparse.ArgumentParser(prog="make bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--record", action="store_true", help="put the figures into docs/performance.md")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"rounds of each measurement ({ROUNDS})")
    parser.add_argument("--phones", type=int, default=PHONES, help=f"phones that come back at once ({PHONES})")
    arguments = parser.parse_args()
    # Ended from outside, it stops what it started like after Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    find_wrk()
    measured = measure(arguments.rounds, arguments.phones).figures()
    figures = measured | measure_uploads() | measure_alerts() | measure_fences() | measure_simulation()
    figures |= measure_bulletins() | measure_faces() | measure_rates() | measure_seals()
    for name, value in figures.items():
        print(f"{name} {value}")
    write_json(ROOT / "bench.json", figures)
    if arguments.record:
        record(ROOT / "docs/performance.md", figures, machine())
    missed = missed_bars(figures)
    for sentence in missed:
        say(sentence)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(told(main))
