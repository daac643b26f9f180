import base64
from datetime import timedelta
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select, update

from backend.identity.delivery_addresses import (
    NewAddress,
    address_ids_of,
    drop_own_address,
    end_dead_addresses,
    live_addresses,
    name_own_address,
    own_address_kind,
    purge_delivery_addresses,
    set_address,
)
from backend.identity.errors import AddressPresent, SessionEnded
from backend.identity.grants import Grant
from backend.identity.refresh import Lifetimes
from backend.identity.roles import Role
from backend.identity.sessions import end_session, start_session
from backend.identity.tables import Account, DeliveryAddress, SessionFamily
from backend.kit.guards import Actor
from backend.kit.keyring import MemoryKeyRing, Purpose
from tests.integration.identity.caller import Caller, bearer, problem
from tests.integration.identity.registry import Committed, Registry

PUSH = NewAddress("fcm_token", {"to": "token-1"})
LIFE = Lifetimes(idle=timedelta(days=1), whole=timedelta(days=2))


@pytest.fixture
async def somebody(registry: Registry) -> Actor:
    return await logged_in(registry)


async def logged_in(registry: Registry) -> Actor:
    """Give a staff account a session and speak for it."""
    account_id = (await registry.staff()).account_id
    session = await start_session(
        registry.tx, account_id, None, None, LIFE, clock=registry.clock, services=registry.services
    )
    return registry.services.access.verify(session.access_token, registry.clock.now())


async def addresses_of(registry: Registry, actor: Actor) -> list[UUID]:
    found = await address_ids_of(registry.tx, [actor.account_id], registry.clock.now())
    return [address_id for address_id, _ in found.get(actor.account_id, [])]


async def name(registry: Registry, actor: Actor, address: NewAddress = PUSH) -> None:
    await name_own_address(registry.tx, actor, address, clock=registry.clock, services=registry.services)


async def test_an_address_is_kept_encrypted_and_read_again(registry: Registry, somebody: Actor) -> None:
    await name(registry, somebody)
    (address_id,) = await addresses_of(registry, somebody)
    live = await live_addresses(registry.tx, [address_id], registry.clock.now(), registry.services)
    assert live[address_id].parts == {"to": "token-1"}
    stored = await registry.tx.scalar(select(DeliveryAddress.target).where(DeliveryAddress.id == address_id))
    assert stored is not None
    assert b"token-1" not in stored


async def test_the_same_again_changes_nothing_and_another_replaces_it(registry: Registry, somebody: Actor) -> None:
    await name(registry, somebody)
    first = await addresses_of(registry, somebody)
    await name(registry, somebody)
    assert await addresses_of(registry, somebody) == first
    await name(registry, somebody, NewAddress("fcm_token", {"to": "token-2"}))
    second = await addresses_of(registry, somebody)
    assert len(second) == 1
    assert second != first


async def test_who_logs_in_on_the_same_phone_takes_its_address(registry: Registry, somebody: Actor) -> None:
    other = await logged_in(registry)
    await name(registry, somebody)
    await name(registry, other)
    assert await addresses_of(registry, somebody) == []
    assert len(await addresses_of(registry, other)) == 1


async def test_nothing_of_it_is_kept_when_it_ends(registry: Registry, somebody: Actor) -> None:
    await name(registry, somebody)
    (address_id,) = await addresses_of(registry, somebody)
    await end_session(registry.tx, somebody, clock=registry.clock)
    row = await registry.tx.execute(
        select(DeliveryAddress.target, DeliveryAddress.end_reason).where(DeliveryAddress.id == address_id)
    )
    assert tuple(row.one()) == (None, "logged_out")
    assert await addresses_of(registry, somebody) == []
    with pytest.raises(SessionEnded):
        await name(registry, somebody)


async def test_a_session_that_is_over_is_not_pushed_to_and_purged_later(registry: Registry, somebody: Actor) -> None:
    await name(registry, somebody)
    (address_id,) = await addresses_of(registry, somebody)
    later = registry.clock.now() + LIFE.whole
    assert await live_addresses(registry.tx, [address_id], later, registry.services) == {}
    await purge_delivery_addresses(registry.tx, later)
    assert (await registry.tx.scalar(select(DeliveryAddress.end_reason).where(DeliveryAddress.id == address_id))) == (
        "session_over"
    )


@pytest.mark.parametrize("how", ["revoked", "disabled", "dead", "dropped"])
async def test_it_is_not_written_to_any_more(registry: Registry, somebody: Actor, how: str) -> None:
    await name(registry, somebody)
    (address_id,) = await addresses_of(registry, somebody)
    now = registry.clock.now()
    assert await own_address_kind(registry.tx, somebody, clock=registry.clock) == "fcm_token"
    match how:
        case "revoked":
            families = update(SessionFamily).where(SessionFamily.id == somebody.family_id)
            await registry.tx.execute(families.values(revoked_at=now, revoke_reason="phone_taken_over"))
        case "disabled":
            accounts = update(Account).where(Account.id == somebody.account_id)
            await registry.tx.execute(accounts.values(state="disabled", disabled_at=now))
        case "dead":
            assert await end_dead_addresses(registry.tx, [address_id], now) == 1
        case _:
            await drop_own_address(registry.tx, somebody, clock=registry.clock)
    assert await addresses_of(registry, somebody) == []
    assert await live_addresses(registry.tx, [address_id], now, registry.services) == {}
    assert await own_address_kind(registry.tx, somebody, clock=registry.clock) is None


async def test_a_session_is_told_of_its_own_address_only(registry: Registry, somebody: Actor) -> None:
    mail = NewAddress("email", {"to": "li@daogang.test"}, "办公室")
    mine = somebody.account_id
    await set_address(registry.tx, somebody, mine, mail, clock=registry.clock, services=registry.services)
    await name(registry, await logged_in(registry))
    assert await own_address_kind(registry.tx, somebody, clock=registry.clock) is None


async def test_what_was_set_stays_without_a_session(registry: Registry, somebody: Actor) -> None:
    mail = NewAddress("email", {"to": "zhang@daogang.test"}, "办公室")
    mine = somebody.account_id
    await set_address(registry.tx, somebody, mine, mail, clock=registry.clock, services=registry.services)
    later = registry.clock.now() + timedelta(days=400)
    assert len((await address_ids_of(registry.tx, [mine], later))[mine]) == 1
    async with registry.tx.begin_nested() as savepoint:
        with pytest.raises(AddressPresent):
            await set_address(registry.tx, somebody, mine, mail, clock=registry.clock, services=registry.services)
        await savepoint.rollback()


def a_subscription(keys: MemoryKeyRing, **changed: str) -> dict[str, str]:
    point = (
        ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    )
    return {
        "kind": "web_push",
        "endpoint": "https://updates.push.services.mozilla.com/wpush/v2/abc",
        "p256dh": base64.urlsafe_b64encode(point).rstrip(b"=").decode(),
        "auth": base64.urlsafe_b64encode(b"0123456789abcdef").rstrip(b"=").decode(),
        "key_id": keys.active(Purpose.WEB_PUSH).id,
        **changed,
    }


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({}, 204),
        ({"endpoint": "https://127.0.0.1/admin"}, 422),
        ({"endpoint": "http://updates.push.services.mozilla.com/"}, 422),
        ({"auth": "short"}, 422),
        ({"key_id": "unknown"}, 422),
    ],
)
async def test_a_browser_names_push_services_only(
    committed: Committed, caller: Caller, keys: MemoryKeyRing, changed: dict[str, str], status: int
) -> None:
    staff = await committed.staff(Grant(Role.AUDITOR))
    session = (await caller.log_in(staff.username)).json()
    answer = await caller.client.put(
        "/admin/v1/me/push-address", json=a_subscription(keys, **changed), headers=bearer(session)
    )
    assert answer.status_code == status, answer.text
    if status == 422:
        assert problem(answer) == "identity.address_not_allowed"


async def test_robots_are_for_operators(committed: Committed, caller: Caller) -> None:
    target = await committed.staff()
    robot = {"kind": "dingtalk", "access_token": "0123456789abcdef", "secret": "SEC1", "label": "一群"}
    path = f"/admin/v1/accounts/{target.account_id}/delivery-addresses"
    for role, status in ((Role.OPERATOR, 201), (Role.CITY, 403)):
        staff = await committed.staff(Grant(role))
        session = (await caller.log_in(staff.username)).json()
        answer = await caller.client.post(path, json=robot, headers=bearer(session))
        assert answer.status_code == status, answer.text
        listed = await caller.client.get(path, headers=bearer(session))
        assert [(one["kind"], one["label"]) for one in listed.json()["items"]] == [("dingtalk", "一群")]
        assert "0123456789abcdef" not in listed.text
