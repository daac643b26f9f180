"""Log-in by SMS code over HTTP, with limits, and without telling who exists."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest
from litestar import Litestar
from sqlalchemy import func, select, text, update

from backend.identity.log_in import purge_log_in_traces
from backend.identity.tables import Account, Phone, PhoneKeyRow, SessionFamily, SmsCode
from backend.kit.clock import ManualClock
from backend.kit.crypto import Looked
from backend.kit.db import Database
from tests.integration.identity.caller import (
    Caller,
    an_address,
    bearer,
    problem,
    watched,
    wrong,
)
from tests.integration.identity.registry import Committed
from tests.support.factories import draw_phone


async def test_a_code_opens_a_session_on_a_bound_phone(
    caller: Caller, committed: Committed, clock: ManualClock, database: Database
) -> None:
    worker = await committed.worker()
    asked = await caller.ask_code(worker.phone_number)
    assert asked.status_code == 202
    assert asked.json()["resend_after_s"] == 60
    [code] = caller.sent(worker.phone_number)
    # A key that nobody has proven is not looked at: apps of earlier versions send one.
    answer = await caller.redeem(f"+86 {worker.phone_number}", code, public_key="MFkw")
    assert answer.status_code == 201, answer.text
    assert answer.headers["cache-control"] == "no-store"
    body = answer.json()
    assert (body["account_id"], body["person_id"]) == (str(worker.account_id), str(worker.person_id))
    assert (body["roles"], body["phone_has_key"]) == (["key_person"], False)
    assert (body["other_phones"], body["other_accounts"]) == (0, 0)
    claims = jwt.decode(body["access_token"], options={"verify_signature": False})
    assert claims["exp"] - claims["iat"] == 900
    assert claims["iat"] == int(clock.now().timestamp())
    async with database.transaction() as tx:
        stored = (
            await tx.execute(select(Phone.id, Phone.public_key).where(Phone.account_id == worker.account_id))
        ).one()
        keys = await tx.scalar(select(func.count()).select_from(PhoneKeyRow).where(PhoneKeyRow.phone_id == stored[0]))
        family = await tx.scalar(select(SessionFamily.phone_id).where(SessionFamily.id == UUID(claims["fid"])))
    assert (*stored, keys) == (UUID(body["phone_id"]), None, 0)
    assert family == stored[0]
    me = await caller.client.get("/admin/v1/me", headers=bearer(body))
    assert me.json()["account"]["phone_number_masked"] == worker.phone_number[:3] + "****" + worker.phone_number[-4:]


async def test_a_code_works_once(caller: Caller, committed: Committed) -> None:
    worker = await committed.worker()
    await caller.ask_code(worker.phone_number)
    [code] = caller.sent(worker.phone_number)
    assert (await caller.redeem(worker.phone_number, code)).status_code == 201
    again = await caller.redeem(worker.phone_number, code)
    assert (again.status_code, problem(again)) == (401, "identity.code_wrong")


async def test_a_number_that_is_being_taken_away_opens_no_session_after(
    caller: Caller, committed: Committed, database: Database
) -> None:
    worker = await committed.worker()
    await caller.ask_code(worker.phone_number)
    [code] = caller.sent(worker.phone_number)
    async with database.transaction() as tx:
        await tx.execute(update(Account).where(Account.id == worker.account_id).values(phone_blind=bytes(32)))
        redeeming = asyncio.create_task(caller.redeem(worker.phone_number, code))
        held = text(
            "SELECT count(*) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))"
        )
        async with asyncio.timeout(10):
            while not await tx.scalar(held):
                pass
    assert problem(await redeeming) == "identity.code_wrong"


async def test_a_code_lives_five_minutes(caller: Caller, committed: Committed, clock: ManualClock) -> None:
    worker = await committed.worker()
    await caller.ask_code(worker.phone_number)
    [code] = caller.sent(worker.phone_number)
    clock.advance(timedelta(minutes=5))
    assert problem(await caller.redeem(worker.phone_number, code)) == "identity.code_wrong"


async def test_five_wrong_attempts_void_a_code_although_each_was_refused(
    caller: Caller, committed: Committed, clock: ManualClock
) -> None:
    worker = await committed.worker()
    await caller.ask_code(worker.phone_number)
    [code] = caller.sent(worker.phone_number)
    for _ in range(5):
        assert problem(await caller.redeem(worker.phone_number, wrong(code))) == "identity.code_wrong"
    assert problem(await caller.redeem(worker.phone_number, code)) == "identity.code_exhausted"
    clock.advance(timedelta(seconds=61))
    await caller.ask_code(worker.phone_number)
    assert (await caller.redeem(worker.phone_number, caller.sent(worker.phone_number)[-1])).status_code == 201


async def test_a_newer_code_replaces_the_older(caller: Caller, committed: Committed, clock: ManualClock) -> None:
    worker = await committed.worker()
    await caller.ask_code(worker.phone_number)
    too_soon = await caller.ask_code(worker.phone_number)
    assert (too_soon.status_code, problem(too_soon)) == (429, "identity.code_too_soon")
    assert too_soon.headers["retry-after"] == "60"
    clock.advance(timedelta(seconds=60))
    assert (await caller.ask_code(worker.phone_number)).status_code == 202
    older, newer = caller.sent(worker.phone_number)
    if older != newer:
        assert problem(await caller.redeem(worker.phone_number, older)) == "identity.code_wrong"
    assert (await caller.redeem(worker.phone_number, newer)).status_code == 201


async def test_a_number_gets_so_many_codes_an_hour(caller: Caller, committed: Committed, clock: ManualClock) -> None:
    worker = await committed.worker()
    for _ in range(6):
        assert (await caller.ask_code(worker.phone_number)).status_code == 202
        clock.advance(timedelta(seconds=61))
    refused = await caller.ask_code(worker.phone_number)
    assert (refused.status_code, problem(refused)) == (429, "identity.too_many_codes")
    clock.advance(timedelta(seconds=int(refused.headers["retry-after"])))
    assert (await caller.ask_code(worker.phone_number)).status_code == 202


async def test_of_many_requests_at_once_one_code_is_made(caller: Caller, committed: Committed) -> None:
    worker = await committed.worker()
    answers = await asyncio.gather(*(caller.ask_code(worker.phone_number) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [202, 429, 429, 429]
    assert len(caller.sent(worker.phone_number)) == 1


async def test_of_many_redemptions_at_once_one_succeeds(caller: Caller, committed: Committed) -> None:
    worker = await committed.worker()
    await caller.ask_code(worker.phone_number)
    [code] = caller.sent(worker.phone_number)
    answers = await asyncio.gather(*(caller.redeem(worker.phone_number, code) for _ in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 401, 401, 401]


async def test_answers_and_work_do_not_tell_whether_a_number_is_known(
    caller: Caller, committed: Committed, app: Litestar
) -> None:
    worker, nobody = await committed.worker(), draw_phone()
    known, known_work = await watched(app, lambda: caller.ask_code(worker.phone_number))
    unknown, unknown_work = await watched(app, lambda: caller.ask_code(nobody))
    assert (known.status_code, known.json()) == (unknown.status_code, unknown.json())
    assert known_work == unknown_work
    assert len(caller.sent(worker.phone_number)) == 1
    assert caller.sent(nobody) == []
    [code] = caller.sent(worker.phone_number)
    for attempt in range(6):
        known, known_work = await watched(app, lambda: caller.redeem(worker.phone_number, wrong(code)))
        unknown, unknown_work = await watched(app, lambda: caller.redeem(nobody, wrong(code)))
        assert known_work == unknown_work
        assert known.status_code == unknown.status_code == 401
        assert (
            problem(known) == problem(unknown) == ("identity.code_wrong" if attempt < 5 else "identity.code_exhausted")
        )
    again = [await caller.ask_code(worker.phone_number), await caller.ask_code(nobody)]
    assert [problem(answer) for answer in again] == ["identity.code_too_soon"] * 2


async def test_the_right_code_of_a_number_that_nobody_has_opens_nothing(
    caller: Caller, committed: Committed, database: Database
) -> None:
    """Even who could read the code of an unknown number (or of a disabled account) gets nothing for it."""
    worker = await committed.worker()
    await caller.ask_code(worker.phone_number)
    [code] = caller.sent(worker.phone_number)
    async with database.transaction() as tx:
        await tx.execute(update(Account).where(Account.id == worker.account_id).values(state="disabled"))
    assert problem(await caller.redeem(worker.phone_number, code)) == "identity.code_wrong"


async def test_neither_number_nor_code_is_stored_readable(
    caller: Caller, committed: Committed, database: Database
) -> None:
    worker = await committed.worker()
    await caller.ask_code(worker.phone_number)
    [code] = caller.sent(worker.phone_number)
    digests = committed.services.index.whole_candidates(Looked.PHONE_NUMBER, worker.phone_number)
    async with database.transaction() as tx:
        row = (
            await tx.execute(select(SmsCode.phone_blind, SmsCode.code_hash).where(SmsCode.phone_blind.in_(digests)))
        ).one()
    for stored in row:
        assert len(stored) == 32
        assert code.encode() not in stored


async def test_an_address_is_limited_when_it_is_known(caller: Caller, committed: Committed) -> None:
    worker = await committed.worker()
    await caller.ask_code(worker.phone_number)
    there = Caller(caller.client, caller.litestar, {"X-Forwarded-For": f"1.1.1.1, {an_address()}"})
    elsewhere = Caller(caller.client, caller.litestar, {"X-Forwarded-For": an_address()})
    limit = committed.services.sms_policy.failures_per_address
    for _ in range(limit):
        assert problem(await there.redeem(draw_phone(), "000000")) == "identity.code_wrong"
    refused = await there.redeem(draw_phone(), "000000")
    assert (refused.status_code, problem(refused)) == (429, "identity.too_many_attempts")
    assert problem(await elsewhere.redeem(draw_phone(), "000000")) == "identity.code_wrong"


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("/mobile/v1/session/code", {"phone_number": "12345678901"}, "identity.phone_number_malformed"),
        ("/mobile/v1/session/code", {"phone_number": 19900000001}, "request.invalid"),
        ("/mobile/v1/session/code", {"phone_number": "19900000001", "more": 1}, "request.invalid"),
        ("/mobile/v1/session/code", {}, "request.invalid"),
        (
            "/mobile/v1/session",
            {
                "phone_number": "19900000001",
                "code": "00000x",
                "phone": {"install_id": str(UUID(int=1)), "platform": "web"},
            },
            "request.invalid",
        ),
        (
            "/mobile/v1/session",
            {
                "phone_number": "19900000001",
                "code": "000000",
                "phone": {"install_id": str(UUID(int=1)), "platform": "tv"},
            },
            "request.invalid",
        ),
        ("/admin/v1/session", {"username": "x", "password": ""}, "request.invalid"),
        ("/admin/v1/session/refresh", {"refresh_token": ""}, "request.invalid"),
    ],
)
async def test_bad_input_is_named(caller: Caller, path: str, body: dict[str, Any], code: str) -> None:
    answer = await caller.post(path, body)
    assert (answer.status_code, problem(answer)) == (422, code)


async def test_old_codes_and_counters_are_purged(
    caller: Caller, committed: Committed, clock: ManualClock, database: Database
) -> None:
    worker = await committed.worker()
    await caller.ask_code(worker.phone_number)
    digests = committed.services.index.whole_candidates(Looked.PHONE_NUMBER, worker.phone_number)
    mine = select(func.count()).where(SmsCode.phone_blind.in_(digests))
    clock.advance(timedelta(days=2))
    async with database.transaction() as tx:
        assert await tx.scalar(mine) == 1
        assert await purge_log_in_traces(tx, clock=clock) >= 2
        assert await tx.scalar(mine) == 0
