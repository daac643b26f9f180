import asyncio
import base64
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import pytest
from httpx import AsyncClient
from sqlalchemy import text

from backend.alerts.channels.attempts import Attempt, resume_attempts, settle_attempts, take_attempts
from backend.alerts.channels.digests import make_digests
from backend.alerts.channels.draining import run_drain
from backend.alerts.channels.fcm import FcmChannel
from backend.alerts.channels.model import DELIVERED, KEEP_TRYING, ChannelName, Outcome, dead, failed, retry
from backend.alerts.channels.planning import plan_due
from backend.alerts.channels.standing import TELL_AFTER, note_channel, read_standings
from backend.alerts.telling_times import Preferences
from backend.identity.services import IdentityServices, make_identity_services
from backend.identity.sessions import end_session
from backend.kit.keyring import MemoryKeyRing, Purpose
from tests.support.channels import Remembering, give_app, give_mail, tools_of
from tests.support.cities import City, CitySite
from tests.support.fcm import local_fcm
from tests.support.streams import until

FCM, EMAIL = ChannelName.FCM, ChannelName.EMAIL
ABLE = (FCM, EMAIL)


@pytest.fixture
def services(keys: MemoryKeyRing, city: City) -> IdentityServices:
    return make_identity_services(keys, city.clock, None)


@pytest.fixture
def site(city: City) -> CitySite:
    return city.sites[0]


@pytest.fixture
def supervisor(city: City, site: CitySite) -> UUID:
    return city.supervisors[site.district_id]


async def fall_silent(city: City, *sites: CitySite) -> None:
    """Let gates fall silent at 08:00, after the quiet hours, and the rules see it."""
    city.clock.advance(timedelta(hours=2))
    await city.gate_down(*sites)
    await city.follow()


async def plan(city: City) -> int:
    async with city.database.transaction() as tx:
        return await plan_due(tx, ABLE, city.clock.now())


async def take(city: City, services: IdentityServices, channel: ChannelName = FCM) -> list[Attempt]:
    async with city.database.transaction() as tx:
        return (await take_attempts(tx, channel, 100, city.clock.now(), services))[0]


async def settle(city: City, attempts: Sequence[Attempt], outcome: Outcome) -> None:
    async with city.database.transaction() as tx:
        now = city.clock.now()
        free_at = now + timedelta(seconds=5) if outcome.whole else None
        await settle_attempts(tx, attempts, [outcome for _ in attempts], now, free_at)


async def named(city: City, supervisor: UUID, services: IdentityServices) -> None:
    async with city.database.transaction() as tx:
        await give_app(tx, supervisor, "token-1", city.clock, services)


async def states(city: City) -> list[str]:
    return [row["state"] for row in await city.rows("SELECT state FROM alert_delivery ORDER BY created_at, id")]


async def test_a_notice_is_told_at_each_address_and_every_attempt_is_a_row(
    city: City, site: CitySite, supervisor: UUID, services: IdentityServices
) -> None:
    await named(city, supervisor, services)
    async with city.database.transaction() as tx:
        await give_mail(tx, supervisor, "zhang@daogang.test", city.clock, services)
    await fall_silent(city, site)
    assert await plan(city) == 1
    assert await plan(city) == 0
    (push,) = await take(city, services)
    (group,) = await city.inbox(supervisor)
    assert push.message.tag == str(group["group_id"])
    assert push.message.address.parts == {"to": "token-1"}
    assert push.message.title
    assert not push.message.repeat
    assert await take(city, services) == []
    await settle(city, [push], DELIVERED)
    (mail,) = await take(city, services, EMAIL)
    await settle(city, [mail], failed("smtp_554"))
    rows = await city.rows(
        "SELECT n, outcome, reason FROM alert_attempt JOIN alert_attempt_outcome o USING (delivery_id, n)"
    )
    assert sorted((row["n"], row["outcome"], row["reason"]) for row in rows) == [
        (1, "delivered", ""),
        (1, "failed", "smtp_554"),
    ]
    assert sorted(await states(city)) == ["delivered", "failed"]


async def test_what_was_cut_off_is_tried_again_and_marked(
    city: City, site: CitySite, supervisor: UUID, services: IdentityServices
) -> None:
    await named(city, supervisor, services)
    await fall_silent(city, site)
    await plan(city)
    assert len(await take(city, services)) == 1
    async with city.database.transaction() as tx:
        assert await resume_attempts(tx, city.clock.now()) == 1
    (again,) = await take(city, services)
    assert (again.n, again.message.repeat) == (2, True)
    await settle(city, [again], DELIVERED)
    async with city.database.transaction() as tx:
        assert await resume_attempts(tx, city.clock.now()) == 0
    assert await states(city) == ["delivered"]


@pytest.mark.parametrize(("uncertain", "repeat"), [(True, True), (False, False)])
async def test_only_what_may_have_arrived_is_marked(
    city: City, site: CitySite, supervisor: UUID, services: IdentityServices, *, uncertain: bool, repeat: bool
) -> None:
    await named(city, supervisor, services)
    await fall_silent(city, site)
    await plan(city)
    await settle(city, await take(city, services), retry("timeout", uncertain=uncertain))
    assert await take(city, services) == []
    city.clock.advance(timedelta(seconds=8))
    (again,) = await take(city, services)
    assert again.message.repeat is repeat


async def test_a_dead_address_is_erased_and_the_next_notice_has_none(
    city: City, site: CitySite, supervisor: UUID, services: IdentityServices
) -> None:
    await named(city, supervisor, services)
    await fall_silent(city, site)
    await plan(city)
    await settle(city, await take(city, services), dead("unregistered"))
    assert await city.rows("SELECT target, end_reason FROM delivery_address") == [
        {"target": None, "end_reason": "dead"}
    ]
    await fall_silent(city, city.sites[1])
    await plan(city)
    assert await states(city) == ["dead_address"]


async def test_a_channel_that_fails_as_a_whole_costs_no_patience(
    city: City, site: CitySite, supervisor: UUID, services: IdentityServices
) -> None:
    await named(city, supervisor, services)
    await fall_silent(city, site)
    await plan(city)
    for _ in range(9):
        await settle(city, await take(city, services), retry("unreachable", whole=True))
        city.clock.advance(timedelta(seconds=5))
    (last,) = await take(city, services)
    assert last.n == 10


async def test_old_news_is_given_up(city: City, site: CitySite, supervisor: UUID, services: IdentityServices) -> None:
    await named(city, supervisor, services)
    await fall_silent(city, site)
    await plan(city)
    city.clock.advance(KEEP_TRYING)
    assert await take(city, services) == []
    assert await states(city) == ["given_up"]


@pytest.mark.parametrize("how", ["logged_out", "right_lost"])
async def test_nobody_is_told_what_he_may_not_see_or_where_he_is_no_more(
    city: City, site: CitySite, supervisor: UUID, services: IdentityServices, how: str
) -> None:
    async with city.database.transaction() as tx:
        actor = await give_app(tx, supervisor, "token-1", city.clock, services)
    await fall_silent(city, site)
    await plan(city)
    async with city.database.transaction() as tx:
        if how == "logged_out":
            await end_session(tx, actor, clock=city.clock)
        else:
            revoke = "UPDATE role_grant SET revoked_at = :now WHERE account_id = :account_id"
            await tx.execute(text(revoke), {"now": city.clock.now(), "account_id": supervisor})
    assert await take(city, services) == []
    assert await states(city) == ["dropped"]
    assert [row["outcome"] for row in await city.rows("SELECT outcome FROM alert_outbox")] == ["nothing"]
    assert await city.rows("SELECT * FROM alert_attempt") == []


async def test_who_has_no_address_has_his_inbox(city: City, site: CitySite, supervisor: UUID) -> None:
    await fall_silent(city, site)
    assert await plan(city) == 1
    assert [row["outcome"] for row in await city.rows("SELECT outcome FROM alert_outbox")] == ["no_address"]
    assert len(await city.inbox(supervisor)) == 1


async def test_a_summary_comes_once_and_says_what_there_was(
    city: City, site: CitySite, supervisor: UUID, services: IdentityServices
) -> None:
    await named(city, supervisor, services)
    async with city.database.transaction() as tx:
        wishes = msgspec.json.encode(Preferences(single=False, digest="daily")).decode()
        await tx.execute(
            text("INSERT INTO alert_preference (account_id, body, set_at) VALUES (:id, CAST(:body AS jsonb), :now)"),
            {"id": supervisor, "body": wishes, "now": city.clock.now()},
        )
    await fall_silent(city, site)
    assert await plan(city) == 0
    city.clock.advance(timedelta(hours=12, minutes=1))  # 20:01
    for expected in (1, 0):
        async with city.database.transaction() as tx:
            assert await make_digests(tx, ABLE, city.clock.now()) == expected
    (digest,) = await take(city, services)
    assert digest.message.title == "告警摘要：1 条，1 条未处理，0 条已解决"
    assert digest.message.body
    assert digest.message.path == "/alerts"


async def test_a_summary_of_nothing_is_not_sent(city: City, supervisor: UUID, services: IdentityServices) -> None:
    await named(city, supervisor, services)
    async with city.database.transaction() as tx:
        wishes = msgspec.json.encode(Preferences(digest="weekly")).decode()
        await tx.execute(
            text("INSERT INTO alert_preference (account_id, body, set_at) VALUES (:id, CAST(:body AS jsonb), :now)"),
            {"id": supervisor, "body": wishes, "now": city.clock.now()},
        )
        assert await make_digests(tx, ABLE, city.clock.now()) == 1  # it is Monday at 06:00
    assert await take(city, services) == []
    assert await states(city) == ["dropped"]


async def test_a_channel_that_fails_for_long_is_a_fact_and_so_is_its_end(city: City) -> None:
    async def note(failing: str | None) -> None:
        async with city.database.transaction() as tx:
            await note_channel(tx, FCM, city.clock.now(), delivered=failing is None, failing=failing)

    await note("no_token")
    city.clock.advance(TELL_AFTER)
    await note("no_token")
    await note("no_token")
    await note(None)
    kinds = [row["kind"] for row in await city.rows("SELECT kind FROM announced_fact ORDER BY id")]
    assert kinds == ["push.failed", "push.restored"]
    async with city.database.transaction() as tx:
        standing = {one.name: one for one in await read_standings(tx)}
    assert standing[FCM].failing_since is None
    assert standing[FCM].delivered_at == city.clock.now()
    assert standing[EMAIL].looked_at is None


async def test_the_drain_tells_through_firebase_while_another_channel_is_broken(
    city: City, site: CitySite, supervisor: UUID, services: IdentityServices, fresh_database: str, tmp_path: Path
) -> None:
    await named(city, supervisor, services)
    async with city.database.transaction() as tx:
        await give_mail(tx, supervisor, "zhang@daogang.test", city.clock, services)

    def broken(_: object) -> Outcome:
        raise RuntimeError

    mail = Remembering(EMAIL, broken)
    with local_fcm(tmp_path) as fcm:
        push = FcmChannel(fcm.credentials_file, endpoint=fcm.endpoint)
        drain = asyncio.create_task(
            run_drain(tools_of(city.database, fresh_database, city.clock, services, push, mail))
        )
        await fall_silent(city, site)
        await until(lambda: bool(fcm.messages and mail.sent))
        drain.cancel()
        await asyncio.gather(drain, return_exceptions=True)
        await push.aclose()
    assert [message["token"] for message in fcm.messages] == ["token-1"]


async def test_of_two_drains_one_drains(
    city: City, site: CitySite, supervisor: UUID, services: IdentityServices, fresh_database: str
) -> None:
    await named(city, supervisor, services)
    channels = [Remembering(FCM), Remembering(FCM)]
    drains = [
        asyncio.create_task(run_drain(tools_of(city.database, fresh_database, city.clock, services, channel)))
        for channel in channels
    ]
    await fall_silent(city, site)
    await until(lambda: any(channel.sent for channel in channels))
    first = next(number for number, channel in enumerate(channels) if channel.sent)
    # The other one takes over as soon as the first is gone.
    drains[first].cancel()
    await asyncio.gather(drains[first], return_exceptions=True)
    await fall_silent(city, *[one for one in city.sites if one.district_id == site.district_id][1:2])
    city.clock.advance(timedelta(hours=1))
    await until(lambda: bool(channels[1 - first].sent))
    drains[1 - first].cancel()
    await asyncio.gather(*drains, return_exceptions=True)
    assert len(channels[first].sent) == 1


async def test_what_is_not_configured_says_so(client: AsyncClient) -> None:
    ready = (await client.get("/health/ready")).json()
    assert ready["channels"]["fcm"] == "DAOGANG_FCM_CREDENTIALS"
    assert ready["channels"]["sms"] == "on"


async def test_browsers_find_the_key_to_subscribe_with(client: AsyncClient, keys: MemoryKeyRing) -> None:
    answer = (await client.get("/.well-known/web-push.json")).json()
    assert answer["key_id"] == keys.active(Purpose.WEB_PUSH).id
    assert len(base64.urlsafe_b64decode(answer["public_key"] + "=")) == 65
