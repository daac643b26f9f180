"""Bound phones over HTTP: re-keyed, shared, refreshed, logged out."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update

from backend.identity.tables import AuditEvent, Phone, PhoneBinding
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from tests.integration.identity.caller import Caller, a_key, bearer, log_in_by_phone, problem
from tests.integration.identity.registry import Committed


async def test_a_rekeyed_phone_is_the_same_phone(
    caller: Caller, committed: Committed, clock: ManualClock, database: Database
) -> None:
    worker, install = await committed.worker(), str(uuid4())
    (one, _), (two, second) = a_key(), a_key()
    first = await log_in_by_phone(caller, worker, clock, install_id=install, public_key=one)
    rekeyed = await log_in_by_phone(caller, worker, clock, install_id=install, public_key=two)
    without = await log_in_by_phone(caller, worker, clock, install_id=install)
    assert first["phone_id"] == rekeyed["phone_id"] == without["phone_id"]
    assert without["phone_has_key"]
    async with database.transaction() as tx:
        key = await tx.scalar(select(Phone.public_key).where(Phone.id == UUID(first["phone_id"])))
        acts = list(await tx.scalars(select(AuditEvent.action).where(AuditEvent.object_id == first["phone_id"])))
    assert key == second
    assert sorted(acts) == ["phone.bound", "phone.rekeyed"]


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
