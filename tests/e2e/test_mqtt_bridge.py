"""The bridge as a real process beside a real broker: killed, stopped, started anew, and nothing lost or doubled."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import func, insert

from backend.gates.dialects.mqtt.broker_files import hash_password
from backend.gates.dialects.mqtt.tables import GateBrokerLogin
from backend.gates.tables import GateDevice
from backend.kit.db import Database
from tests.support import processes
from tests.support.brokers import Broker, Terminal, broker, terminal
from tests.support.databases import url_of
from tests.support.factories import draw_code, make_project, make_staff

PASSWORD = "a terminal's password"


async def make_terminal(url: str) -> str:
    """Make a project with an active terminal that has a login; return its name."""
    name, now = f"SN{draw_code(12)}", datetime.now(UTC)
    database = Database(url, max_size=1)
    async with database.opened(), database.transaction() as tx:
        project, staff, device = await make_project(tx), await make_staff(tx), uuid4()
        await tx.execute(
            insert(GateDevice).values(
                project_id=project.id,
                id=device,
                serial_no=name,
                vendor="mqtt",
                name="1号门",
                entrance="东门",
                lane="1",
                default_direction="in",
                place=func.ST_SetSRID(func.ST_MakePoint(114.5, 30.5), 4326),
                state="active",
                heartbeat_interval_s=30,
                created_at=now - timedelta(days=60),
                paired_at=now - timedelta(days=60),
            )
        )
        login = {"id": uuid4(), "issued_at": now, "issued_by": staff, "password_hash": hash_password(PASSWORD)}
        await tx.execute(insert(GateBrokerLogin).values(project_id=project.id, device_id=device, **login))
    return name


def events(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("SELECT event_key FROM punch ORDER BY event_key").fetchall()]


async def push(line: Terminal, number: int) -> None:
    at = datetime.now(UTC) + timedelta(hours=8)
    told = f"{at:%Y-%m-%d} 08:00:{number:02}"
    await line.push("Rec", "RecPush", RecordID=number, customId="E1", VerifyStatus="1", time=told)


async def answered(line: Terminal) -> int:
    return int((await line.heard())["info"]["SnapOrRecordID"])


async def test_a_killed_bridge_loses_no_record_and_doubles_none(fresh_database: str, tmp_path: Path) -> None:
    name = await make_terminal(fresh_database)
    with broker(tmp_path / "mqtt", {name: PASSWORD}) as made:
        settings = settings_of(fresh_database, tmp_path, made)
        log = tmp_path / "bridge.log"
        with processes.started("mqtt-bridge", settings, log) as bridge:
            processes.wait_for_line(bridge, "bridge.ready")
            # The bridge wrote the terminal's login and told the broker.
            processes.wait_for_line(bridge, "mqtt.logins_written")
            async with terminal(made, name, PASSWORD) as line:
                await push(line, 1)
                assert await answered(line) == 1
            bridge.kill()
        async with terminal(made, name, PASSWORD) as line:
            # What is sent while nobody bridges waits at the broker; what was answered is repeated by the terminal.
            await push(line, 2)
            await push(line, 1)
            with processes.started("mqtt-bridge", settings, log) as bridge:
                assert {await answered(line), await answered(line)} == {1, 2}
                assert bridge.stop() == 0
    assert len(events(fresh_database)) == 2


async def test_without_a_database_nothing_is_acknowledged_and_with_it_all_is(
    fresh_database: str, tmp_path: Path
) -> None:
    name = await make_terminal(fresh_database)
    database = urlsplit(fresh_database).path.removeprefix("/")
    with broker(tmp_path / "mqtt", {name: PASSWORD}) as made:
        settings = settings_of(fresh_database, tmp_path, made)
        with processes.started("mqtt-bridge", settings, tmp_path / "bridge.log") as bridge:
            processes.wait_for_line(bridge, "bridge.ready")
            processes.wait_for_line(bridge, "mqtt.logins_written")
            async with terminal(made, name, PASSWORD) as line:
                with psycopg.connect(url_of(fresh_database, "postgres"), autocommit=True) as admin:
                    admin.execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS false").format(Identifier(database)))
                    admin.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [database]
                    )
                    await push(line, 1)
                    await asyncio.to_thread(processes.wait_for_line, bridge, "mqtt.database_away")
                    assert len(line.client.messages) == 0
                    admin.execute(SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(Identifier(database)))
                assert await answered(line) == 1
            assert bridge.stop() == 0
    assert len(events(fresh_database)) == 1


def settings_of(url: str, folder: Path, made: Broker) -> dict[str, str]:
    more = {"DAOGANG_MQTT_DIR": str(made.folder), "DAOGANG_MQTT_PORT": str(made.port)}
    return processes.environment(url, folder, **more)
