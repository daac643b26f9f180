"""Bulletins that are issued come to those whom they are for, once, and a reissue says that it is one."""

from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import update

from backend.alerts.channels.attempts import Attempt, take_attempts
from backend.alerts.channels.composing import Wanted, compose_many
from backend.alerts.channels.model import ChannelName, Enclosure
from backend.alerts.channels.planning import plan_due
from backend.alerts.inbox_queries import actor_of, list_alerts
from backend.identity.services import IdentityServices, make_identity_services
from backend.identity.tables import RoleGrant
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from backend.reports.bulletins.composing import compose
from backend.reports.bulletins.enclosing import BulletinPrints
from backend.reports.bulletins.facts import DistrictFacts
from backend.reports.bulletins.issuing import keep_edition, publish
from backend.reports.rendering.document import Document
from backend.reports.rendering.errors import RenderingFailed
from backend.reports.rendering.limits import Form
from backend.reports.rendering.renderer import Renderer
from tests.support.bulletins import MONDAY, facts, site
from tests.support.channels import give_mail
from tests.support.cities import City
from tests.support.factories import make_officer
from tests.support.liveness import actor_of as acting
from tests.support.pdfs import pages_of

OUTBOX = "SELECT account_id, kind, seq FROM alert_outbox WHERE group_id = :group_id ORDER BY account_id"


async def issue(city: City, district_id: UUID | None, *, again: tuple[UUID, UUID] | None = None) -> UUID:
    """Publish Monday's bulletin of a district or of the city; or (the bulletin, who does it) its second edition."""
    own = DistrictFacts(district_id=district_id or UUID(int=0xD1), code="999999", name="示例区")
    sites = [site(number, own) for number in range(1 if again is None else 2)]
    period = facts([own], sites, [], kind="daily", from_on=MONDAY, to_on=MONDAY)
    content = compose(period, None if district_id is None else own, None)
    async with city.database.transaction() as tx:
        if again is None:
            return await publish(tx, content, None, None, city.clock)
        bulletin_id, by = again
        await keep_edition(tx, bulletin_id, 2, content, acting(by), None, city.clock, reason="补录闸机数据")
        return bulletin_id


async def told(city: City, account_id: UUID, group_id: UUID) -> str | None:
    one = Wanted(delivery_id=uuid4(), outbox_id=None, digest_id=None, account_id=account_id, group_id=group_id)
    async with city.database.transaction() as tx:
        found = await compose_many(tx, [one])
    return found[one.delivery_id].title if found else None


async def test_a_district_s_bulletin_is_for_its_own_office_once(city: City, clock: ManualClock) -> None:
    home, away = sorted(city.supervisors)[:2]
    officer, other = city.supervisors[home], city.supervisors[away]
    mayor = await make_officer(city.database, "city")
    bulletin_id = await issue(city, home)
    assert await city.follow() == (1, 0)
    assert await city.follow() == (0, 0)
    ((entry,), others) = (await city.inbox(officer), await city.inbox(other))
    assert (entry["kind"], entry["alerts"], entry["severity"]) == ("bulletin_issued", 1, "info")
    assert others == await city.inbox(mayor) == [], "the city finds it in the list, and hears of its own"
    assert await city.rows(OUTBOX, group_id=entry["group_id"]) == [{"account_id": officer, "kind": "first", "seq": 0}]
    assert await told(city, officer, entry["group_id"]) == "示例区关键岗位人员到岗日通报已发布（2026-03-09）"
    assert await told(city, other, entry["group_id"]) is None
    async with city.database.transaction() as tx:
        reader = await actor_of(tx, officer)
        assert reader is not None
        (seen,) = await list_alerts(tx, reader, [entry["group_id"]])
    assert seen.evidence[0] == {"path": f"/admin/v1/bulletins/{bulletin_id}?edition=1"}

    clock.advance(timedelta(minutes=5))
    await issue(city, home, again=(bulletin_id, officer))
    assert await city.follow() == (1, 0)
    first, second = await city.inbox(officer)
    assert first["group_id"] == entry["group_id"]
    assert "更正发布，第2版" in str(await told(city, officer, second["group_id"]))
    assert await city.rows(OUTBOX, group_id=second["group_id"]) == [{"account_id": officer, "kind": "first", "seq": 0}]


async def test_the_city_s_bulletin_is_for_the_city(city: City) -> None:
    mayor = await make_officer(city.database, "city")
    await issue(city, None)
    assert await city.follow() == (1, 0)
    (entry,) = await city.inbox(mayor)
    assert await told(city, mayor, entry["group_id"]) == "全市关键岗位人员到岗日通报已发布（2026-03-09）"
    for supervisor in city.supervisors.values():
        assert await city.inbox(supervisor) == []


class Printer(Renderer):
    """Counts what it renders; a connection of the one that there is must be free meanwhile."""

    def __init__(self, database: Database, made: bytes | None = None) -> None:
        super().__init__()
        self.prints = 0
        self._database = database
        self._made = made

    async def render(self, form: Form, document: Document) -> bytes:
        self.prints += 1
        async with self._database.transaction():
            pass
        if self._made == b"":
            raise RenderingFailed
        return self._made or await super().render(form, document)


async def mails(city: City, services: IdentityServices) -> list[Attempt]:
    async with city.database.transaction() as tx:
        await plan_due(tx, [ChannelName.EMAIL], city.clock.now())
        return (await take_attempts(tx, ChannelName.EMAIL, 50, city.clock.now(), services))[0]


async def test_the_print_goes_with_mails_made_once_and_outside_of_any_transaction(
    city: City, clock: ManualClock, keys: MemoryKeyRing, fresh_database: str
) -> None:
    services = make_identity_services(keys, city.clock, None)
    offices = [await make_officer(city.database, "city") for _ in range(2)]
    async with city.database.transaction() as tx:
        for number, account_id in enumerate(offices):
            await give_mail(tx, account_id, f"office{number}@daogang.test", clock, services)
    clock.advance(timedelta(hours=3))  # the quiet hours are over
    bulletin_id = await issue(city, None)
    await city.follow()
    attempts = await mails(city, services)
    wanted = [one.message.enclosure for one in attempts if one.message.enclosure is not None]
    assert sorted(wanted, key=str) == sorted(
        (Enclosure(f"{bulletin_id}:1", account_id, "zh-CN") for account_id in offices), key=str
    )
    ((digest,),) = [
        row.values()
        for row in await city.rows(
            "SELECT encode(digest, 'hex') FROM bulletin_edition WHERE bulletin_id = :id", id=bulletin_id
        )
    ]
    database = Database(fresh_database, min_size=1, max_size=1)
    async with database.opened():
        printer = Printer(database)
        prints = BulletinPrints(database, printer)
        first, second = (await prints.enclose(wanted)).values()
        again = await prints.enclose(wanted[:1])
        assert printer.prints == 1
        assert first is not None
        assert first.content is not None
        assert first == second == again[wanted[0]]
        assert (first.name, first.digest) == ("bulletin-daily-20260309-1.pdf", digest)
        assert digest in "".join(pages_of(first.content))
        # Another process makes the same file, to the byte.
        other = await BulletinPrints(database, printer).enclose(wanted[:1])
        assert other[wanted[0]] == first


async def test_a_print_is_for_whoever_may_read_bulletins_and_no_larger_than_mails_take(
    city: City, fresh_database: str
) -> None:
    home, away = sorted(city.supervisors)[:2]
    reader, other = city.supervisors[home], city.supervisors[away]
    mayor, shut_out = [await make_officer(city.database, "city") for _ in range(2)]
    async with city.database.transaction() as tx:
        await tx.execute(update(RoleGrant).where(RoleGrant.account_id == shut_out).values(revoked_at=city.clock.now()))
    bulletin_id = await issue(city, home)
    wanted = {
        name: Enclosure(f"{bulletin_id}:1", account_id, "en")
        for name, account_id in {"reader": reader, "other": other, "mayor": mayor, "shut_out": shut_out}.items()
    }
    database = Database(fresh_database, min_size=1, max_size=1)
    async with database.opened():
        printer = Printer(database, b"%PDF")
        found = await BulletinPrints(database, printer).enclose(wanted.values())
        assert {name: found[one] is not None for name, one in wanted.items()} == {
            "reader": True,
            "other": False,
            "mayor": True,
            "shut_out": False,
        }
        large = await BulletinPrints(database, printer, most_bytes=3).enclose([wanted["reader"]])
        failed = await BulletinPrints(database, Printer(database, b"")).enclose([wanted["reader"]])
        for answer, lacking in ((large, "too_large"), (failed, "not_made")):
            file = answer[wanted["reader"]]
            assert file is not None
            assert (file.content, file.lacking) == (None, lacking)
        # What it is too late to begin is left for the next call.
        assert await BulletinPrints(database, printer, begin_within_s=0).enclose([wanted["reader"]]) == {}
