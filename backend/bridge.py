"""The process of the MQTT bridge: keeps the broker's files true to the registry, and stays connected to the broker."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from backend.gates.dialects.mqtt.bridge import Bridge, BrokerAddress, run_bridge
from backend.gates.dialects.mqtt.broker_files import BRIDGE_LOGIN, bridge_password, reload_broker, write_broker_files
from backend.gates.dialects.mqtt.logins import list_broker_logins
from backend.gates.dialects.mqtt.records import LedgerRecords
from backend.gates.tools import GateTools
from backend.kit.clock import SystemClock
from backend.kit.db import Database
from backend.kit.errors import Contended, DatabaseAway
from backend.kit.logs import configure_logs
from backend.settings import Settings
from backend.wiring import wire

log = structlog.get_logger()

REFRESH_S = 5.0
"""So long a terminal may wait for its new login, and a blocked one stays on the line, seconds."""


async def refresh_broker(database: Database, folder: Path) -> bool:
    """Bring the broker's files to the registry and have it read them; tell whether anything had changed."""
    async with database.transaction() as tx:
        logins = await list_broker_logins(tx)
    changed = write_broker_files(folder, logins)
    if changed:
        told = reload_broker(folder)
        log.info("mqtt.logins_written", logins=len(logins), broker_told=told)
    return changed


def write_files(settings: Settings) -> None:
    """Write the broker's files once, for a broker that is about to start."""

    async def run() -> None:
        database = Database(settings.database_url, max_size=1)
        async with database.opened():
            await refresh_broker(database, settings.mqtt_dir)

    asyncio.run(run())


def run_mqtt_bridge(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; what is in hand without an answer comes again."""
    configure_logs(settings.log_format)
    asyncio.run(_run(settings))


async def _run(settings: Settings) -> None:
    clock = SystemClock()
    wiring = wire(settings, clock)
    database = Database(settings.database_url, max_size=4)
    tools = GateTools(
        database,
        wiring.gate_secrets,
        wiring.data_keys,
        wiring.fingerprints,
        wiring.fold_days,
        wiring.read_place,
        clock,
        wiring.blobs,
    )
    folder = settings.mqtt_dir
    address = BrokerAddress(settings.mqtt_host, settings.mqtt_port, BRIDGE_LOGIN, bridge_password(folder))
    loop = asyncio.get_running_loop()
    async with database.opened():
        works = asyncio.gather(
            run_bridge(Bridge(LedgerRecords(tools), clock), address, lambda: log.info("bridge.ready")),
            _keep_doing(lambda: refresh_broker(database, folder), REFRESH_S),
        )
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, works.cancel)
        with contextlib.suppress(asyncio.CancelledError):
            await works
    log.info("bridge.stopped")


async def _keep_doing(work: Callable[[], Awaitable[object]], every_s: float) -> None:
    while True:
        try:
            await work()
        except (DatabaseAway, Contended) as error:
            log.warning("mqtt.logins_not_read", code=error.code)
        except OSError:  # a full disk; the files that are there go on serving
            log.exception("mqtt.logins_not_written")
        await asyncio.sleep(every_s)
