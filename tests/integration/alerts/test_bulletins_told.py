"""Bulletins that are issued come to those whom they are for, once, and a reissue says that it is one."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from backend.alerts.inbox_queries import actor_of, list_alerts
from backend.alerts.notices import compose_notice
from backend.kit.clock import ManualClock
from backend.reports.bulletins.composing import compose
from backend.reports.bulletins.facts import DistrictFacts
from backend.reports.bulletins.issuing import keep_edition, publish
from tests.support.bulletins import MONDAY, facts, site
from tests.support.cities import City
from tests.support.factories import make_officer
from tests.support.liveness import actor_of as acting

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


async def told(city: City, account_id: UUID, group_id: UUID) -> Any:  # noqa: ANN401 - a notice or none
    async with city.database.transaction() as tx:
        return await compose_notice(tx, account_id, group_id)


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
    notice = await told(city, officer, entry["group_id"])
    assert notice.title == "示例区关键岗位人员到岗日通报已发布（2026-03-09）"
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
    assert "更正发布，第2版" in (await told(city, officer, second["group_id"])).title
    assert await city.rows(OUTBOX, group_id=second["group_id"]) == [{"account_id": officer, "kind": "first", "seq": 0}]


async def test_the_city_s_bulletin_is_for_the_city(city: City) -> None:
    mayor = await make_officer(city.database, "city")
    await issue(city, None)
    assert await city.follow() == (1, 0)
    (entry,) = await city.inbox(mayor)
    assert (await told(city, mayor, entry["group_id"])).title == "全市关键岗位人员到岗日通报已发布（2026-03-09）"
    for supervisor in city.supervisors.values():
        assert await city.inbox(supervisor) == []
