"""A worker that is killed while it tells people: everybody is told, and who cannot be told in place sees a mark."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from backend.identity.services import make_identity_services
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyfiles import FileKeyRing
from backend.kit.keyring import SERVER_PURPOSES
from tests.support import processes
from tests.support.alert_storms import lay_storm
from tests.support.channels import give_app, give_mail
from tests.support.cities import make_city
from tests.support.fcm import local_fcm
from tests.support.mail_servers import mail_server
from tests.support.streams import until

ALERTS = 300
KILLS = 2
MARK = "【可能重复】"


async def test_a_killed_worker_loses_nothing_and_repeats_nothing_unmarked(fresh_database: str, tmp_path: Path) -> None:
    with local_fcm(tmp_path) as fcm:
        async with mail_server() as post:
            settings = processes.environment(
                fresh_database,
                tmp_path,
                DAOGANG_FCM_CREDENTIALS=fcm.credentials_file,
                DAOGANG_FCM_ENDPOINT=fcm.endpoint,
                DAOGANG_SMTP_URL=f"smtp+plain://127.0.0.1:{post.port}",
                DAOGANG_SMTP_FROM="alerts@daogang.test",
            )
            fcm.after_s = 0.05
            groups = await lay(fresh_database, tmp_path)
            for enough in (40, 120):
                with processes.started("worker", settings, tmp_path / "worker.log") as worker:
                    await until(lambda enough=enough: len(fcm.messages) >= enough and len(post.mails) >= enough // 4)
                    worker.kill()
            with processes.started("worker", settings, tmp_path / "worker.log") as worker:
                await until(lambda: left(fresh_database) == 0)
                assert await asyncio.to_thread(worker.stop) == 0
    assert {message["data"]["tag"] for message in fcm.messages} == groups
    # Where one cannot take the other's place: the first one plain, a repeat marked, at most one for each crash.
    plain = Counter(mail["References"] for mail in post.mails if not mail["Subject"].startswith(MARK))
    marked = Counter(mail["References"] for mail in post.mails if mail["Subject"].startswith(MARK))
    assert set(plain | marked) == {f"<{group}@daogang.test>" for group in groups}
    assert max(plain.values()) == 1
    assert max(marked.values(), default=0) <= KILLS
    with psycopg.connect(fresh_database) as connection:
        counted = connection.execute(
            """
            SELECT (SELECT count(*) FROM alert_inbox), (SELECT count(*) FROM alert_delivery WHERE state = 'delivered'),
              (SELECT count(*) FROM alert_attempt), (SELECT sum(attempts) FROM alert_delivery)
            """
        ).fetchone()
    assert counted is not None
    assert counted[0] == ALERTS
    assert counted[1] == 2 * ALERTS
    assert counted[2] == counted[3]
    assert counted[2] >= len(post.mails) + len(fcm.messages)


async def lay(url: str, folder: Path) -> set[str]:
    """Lay alerts for one supervisor, who has an app and a mail address."""
    clock = ManualClock(datetime.now(UTC))
    services = make_identity_services(FileKeyRing(folder / "keys", SERVER_PURPOSES), clock, None)
    database = Database(url)
    async with database.opened():
        city = await make_city(database, clock, districts=1, sites=1)
        site = city.sites[0]
        supervisor = city.supervisors[site.district_id]
        async with database.transaction() as tx:
            await give_app(tx, supervisor, "token-1", clock, services)
            await give_mail(tx, supervisor, "zhang@daogang.test", clock, services)
            groups = await lay_storm(tx, site.id, [supervisor], ALERTS, clock.now())
    return {str(group) for group in groups}


def left(url: str) -> int:
    """Count what is still to be planned or told."""
    with psycopg.connect(url) as connection:
        row = connection.execute(
            """
            SELECT (SELECT count(*) FROM alert_outbox WHERE done_at IS NULL)
              + (SELECT count(*) FROM alert_delivery WHERE state = 'waiting')
            """
        ).fetchone()
    assert row is not None
    return int(row[0])
