"""Bound phones over HTTP: re-keyed, shared, refreshed, logged out."""

from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import select

from backend.identity.tables import AuditEvent, Phone
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


async def test_several_phones_and_several_people_are_noted_not_refused(
    caller: Caller, committed: Committed, clock: ManualClock
) -> None:
    one, two, install = await committed.worker(), await committed.worker(), str(uuid4())
    await log_in_by_phone(caller, one, clock, install_id=install)
    second_phone = await log_in_by_phone(caller, one, clock)
    assert (second_phone["other_phones"], second_phone["other_accounts"]) == (1, 0)
    shared = await log_in_by_phone(caller, two, clock, install_id=install)
    assert (shared["other_phones"], shared["other_accounts"]) == (0, 1)


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
