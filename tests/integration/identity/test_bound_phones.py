"""Bound phones over HTTP: re-keyed, shared, refreshed, logged out."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from backend.identity.tables import AuditEvent, Phone, PhoneBinding
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from tests.integration.identity.caller import Caller, bearer, log_in_by_phone, problem
from tests.integration.identity.registry import Committed
from tests.support.queues import Signing


async def register_key(caller: Caller, session: dict[str, Any], signing: Signing) -> dict[str, Any]:
    """Show the server that a phone has a key."""
    asked = await caller.post("/mobile/v1/phone/key-challenges", {}, **bearer(session))
    body = signing.prove(asked.json()["challenge"])
    return (await caller.post("/mobile/v1/phone/keys", body, **bearer(session))).json()


async def test_a_rekeyed_phone_is_the_same_phone(
    caller: Caller, committed: Committed, clock: ManualClock, database: Database
) -> None:
    worker, install = await committed.worker(), str(uuid4())
    first = await log_in_by_phone(caller, worker, clock, install_id=install)
    assert not first["phone_has_key"]
    await register_key(caller, first, Signing())
    again = await log_in_by_phone(caller, worker, clock, install_id=install)
    assert (again["phone_id"], again["phone_has_key"]) == (first["phone_id"], True)
    assert (await register_key(caller, again, Signing()))["rekeyed"]
    assert await acts_on(database, first["phone_id"]) == ["phone.bound", "phone.key_registered", "phone.rekeyed"]


async def acts_on(database: Database, phone_id: str) -> list[str]:
    async with database.transaction() as tx:
        return sorted(await tx.scalars(select(AuditEvent.action).where(AuditEvent.object_id == phone_id)))


@pytest.fixture
def browser(caller: Caller) -> Caller:
    """Speak over TLS: a browser keeps the cookie for nothing else."""
    caller.client.base_url = "https://daogang.test"
    return caller


async def test_cleared_storage_is_a_new_key_and_not_a_new_phone(
    browser: Caller, committed: Committed, clock: ManualClock, database: Database
) -> None:
    worker = await committed.worker()
    first = await log_in_by_phone(browser, worker, clock)
    await register_key(browser, first, Signing())
    # Install id, key and session are gone; the cookie that scripts cannot reach is not.
    again = await log_in_by_phone(browser, worker, clock)
    assert (again["phone_id"], again["awaits_confirmation"]) == (first["phone_id"], False)
    assert (await register_key(browser, again, Signing()))["rekeyed"]
    assert await acts_on(database, first["phone_id"]) == [
        "phone.bound",
        "phone.key_registered",
        "phone.recognised",
        "phone.rekeyed",
    ]
    # Without the cookie too, the app that says who it is by its install id is the same phone, and gets another one.
    install = str(uuid4())
    named = await log_in_by_phone(browser, worker, clock, install_id=install)
    browser.client.cookies.clear()
    assert (await log_in_by_phone(browser, worker, clock, install_id=install))["phone_id"] == named["phone_id"]
    browser.client.cookies.clear()
    other = await log_in_by_phone(browser, worker, clock)
    assert (other["phone_id"] != first["phone_id"], other["awaits_confirmation"]) == (True, True)


async def test_the_cookie_that_tells_installations_apart(
    caller: Caller, committed: Committed, clock: ManualClock
) -> None:
    worker = await committed.worker()
    set_cookie: list[str] = []

    async def log_in(shown: str) -> str:
        clock.advance(timedelta(seconds=61))
        await caller.ask_code(worker.phone_number)
        claim = {"install_id": str(UUID(int=7)), "platform": "web"}
        body = {"phone_number": worker.phone_number, "code": caller.sent(worker.phone_number)[-1], "phone": claim}
        caller.client.cookies.clear()
        answer = await caller.post("/mobile/v1/session", body, Cookie=f"daogang_installation={shown}")
        assert answer.status_code == 201, answer.text
        set_cookie.append(answer.headers["set-cookie"])
        return set_cookie[-1].split(";")[0].split("=")[1]

    given = await log_in("")
    parts = {part.strip().lower() for part in set_cookie[0].split(";")[1:]}
    assert {"httponly", "secure", "samesite=strict", "path=/mobile/v1/session", "max-age=34560000"} <= parts
    assert await log_in(given) == given
    # What nobody was given is not taken up, whatever it is.
    for made_up in ("A" * 43, "short", "x" * 4000):
        replaced = await log_in(made_up)
        assert (len(replaced), replaced != made_up) == (43, True)


async def test_cleared_storage_hides_neither_a_lock_nor_another_person(
    browser: Caller, committed: Committed, clock: ManualClock, database: Database
) -> None:
    one, two = await committed.worker(), await committed.worker()
    mine = await log_in_by_phone(browser, one, clock)
    theirs = await log_in_by_phone(browser, two, clock)
    assert (theirs["other_accounts"], theirs["awaits_confirmation"]) == (1, True)
    async with database.transaction() as tx:
        lock = update(Phone).values(locked_at=clock.now(), locked_by=one.account_id)
        await tx.execute(lock.where(Phone.id == UUID(mine["phone_id"])))
    clock.advance(timedelta(seconds=61))
    await browser.ask_code(one.phone_number)
    refused = await browser.redeem(one.phone_number, browser.sent(one.phone_number)[-1])
    assert (refused.status_code, problem(refused)) == (403, "identity.phone_locked")


async def alive(caller: Caller, session: dict[str, Any]) -> bool:
    """Tell whether a session can still be renewed."""
    answer = await caller.post("/mobile/v1/session/refresh", {"refresh_token": session["refresh_token"]})
    return answer.status_code == 200


async def test_one_phone_for_each_person(caller: Caller, committed: Committed, clock: ManualClock) -> None:
    worker, first, second = await committed.worker(), str(uuid4()), str(uuid4())
    old = await log_in_by_phone(caller, worker, clock, install_id=first)
    assert not old["awaits_confirmation"]
    new = await log_in_by_phone(caller, worker, clock, install_id=second)
    assert (new["other_phones"], new["other_accounts"], new["awaits_confirmation"]) == (1, 0, True)
    assert not await alive(caller, old)
    assert await alive(caller, new)
    # The same phone again waits on; the one that was confirmed by being the first comes back without.
    assert (await log_in_by_phone(caller, worker, clock, install_id=second))["awaits_confirmation"]
    assert not (await log_in_by_phone(caller, worker, clock, install_id=first))["awaits_confirmation"]
    assert (await log_in_by_phone(caller, worker, clock, install_id=second))["awaits_confirmation"]


async def test_one_person_for_each_phone(caller: Caller, committed: Committed, clock: ManualClock) -> None:
    one, two, install = await committed.worker(), await committed.worker(), str(uuid4())
    mine = await log_in_by_phone(caller, one, clock, install_id=install)
    theirs = await log_in_by_phone(caller, two, clock, install_id=install)
    assert (theirs["other_phones"], theirs["other_accounts"], theirs["awaits_confirmation"]) == (0, 1, True)
    assert not await alive(caller, mine)
    assert (await log_in_by_phone(caller, one, clock, install_id=install))["awaits_confirmation"]


async def test_a_number_that_slept_opens_nothing_on_a_new_phone(
    caller: Caller, committed: Committed, clock: ManualClock, database: Database
) -> None:
    worker, install = await committed.worker(), str(uuid4())
    await log_in_by_phone(caller, worker, clock, install_id=install)
    clock.advance(timedelta(days=61))
    assert (await caller.ask_code(worker.phone_number)).status_code == 202
    held = await caller.redeem(worker.phone_number, caller.sent(worker.phone_number)[-1])
    assert (held.status_code, problem(held)) == (403, "identity.phone_held")
    # Whoever has the phone that the person had is the person.
    assert not (await log_in_by_phone(caller, worker, clock, install_id=install))["awaits_confirmation"]
    async with database.transaction() as tx:
        waiting = list(
            await tx.scalars(
                select(PhoneBinding.awaits)
                .join(Phone, Phone.id == PhoneBinding.phone_id)
                .where(Phone.account_id == worker.account_id, PhoneBinding.ended_at.is_(None))
            )
        )
    assert sorted(waiting, key=str) == [None, "dormant"]


async def test_a_locked_phone_opens_nothing(
    caller: Caller, committed: Committed, clock: ManualClock, database: Database
) -> None:
    worker, install = await committed.worker(), str(uuid4())
    session = await log_in_by_phone(caller, worker, clock, install_id=install)
    async with database.transaction() as tx:
        await tx.execute(
            update(Phone)
            .where(Phone.id == UUID(session["phone_id"]))
            .values(locked_at=clock.now(), locked_by=worker.account_id)
        )
    clock.advance(timedelta(seconds=61))
    await caller.ask_code(worker.phone_number)
    answer = await caller.redeem(worker.phone_number, caller.sent(worker.phone_number)[-1], install_id=install)
    assert (answer.status_code, problem(answer)) == (403, "identity.phone_locked")


async def test_a_phone_refreshes_and_logs_out(caller: Caller, committed: Committed, clock: ManualClock) -> None:
    session = await log_in_by_phone(caller, await committed.worker(), clock)
    clock.advance(timedelta(minutes=15))
    expired = await caller.client.get("/admin/v1/me", headers=bearer(session))
    assert (expired.status_code, problem(expired)) == (401, "identity.token_expired")
    assert expired.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    fresh = await caller.post("/mobile/v1/session/refresh", {"refresh_token": session["refresh_token"]})
    assert fresh.status_code == 200
    assert fresh.json()["phone_id"] == session["phone_id"]
    assert (await caller.client.get("/admin/v1/me", headers=bearer(fresh.json()))).status_code == 200
    ended = await caller.client.delete("/mobile/v1/session", headers=bearer(fresh.json()))
    assert ended.status_code == 204
    refused = await caller.post("/mobile/v1/session/refresh", {"refresh_token": fresh.json()["refresh_token"]})
    assert (refused.status_code, problem(refused)) == (401, "identity.session_ended")


async def test_reuse_over_http_ends_the_session_although_the_answer_is_a_refusal(
    caller: Caller, committed: Committed, clock: ManualClock
) -> None:
    session = await log_in_by_phone(caller, await committed.worker(), clock)
    tokens = [session["refresh_token"]]
    for _ in range(2):
        answer = await caller.post("/mobile/v1/session/refresh", {"refresh_token": tokens[-1]})
        tokens.append(answer.json()["refresh_token"])
    reused = await caller.post("/mobile/v1/session/refresh", {"refresh_token": tokens[0]})
    assert (reused.status_code, problem(reused)) == (401, "identity.refresh_reused")
    last = await caller.post("/mobile/v1/session/refresh", {"refresh_token": tokens[-1]})
    assert (last.status_code, problem(last)) == (401, "identity.session_ended")
