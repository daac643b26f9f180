"""Log-in by password and administration over HTTP."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import jwt
import pytest
from litestar import Litestar
from sqlalchemy import func, select, update
from sqlalchemy.exc import DBAPIError

from backend.identity import session_queries
from backend.identity.errors import CredentialsWrong
from backend.identity.grants import Grant
from backend.identity.log_in import PasswordLogIn, log_in_with_password
from backend.identity.passwords import PasswordCheck, Passwords
from backend.identity.roles import Role
from backend.identity.tables import Account, SessionFamily
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from tests.integration.identity.caller import Caller, bearer, problem, watched
from tests.integration.identity.registry import PASSWORD, Committed
from tests.support.factories import draw_phone


async def test_staff_log_in_and_their_hash_is_brought_up_to_date(
    caller: Caller, committed: Committed, database: Database
) -> None:
    staff = await committed.staff(Grant(Role.OPERATOR))
    async with database.transaction() as tx:
        before = await session_queries.find_by_username(tx, staff.username)
    answer = await caller.log_in(staff.username.upper())
    assert answer.status_code == 201, answer.text
    body = answer.json()
    assert (body["roles"], body["person_id"], body["phone_id"]) == (["operator"], None, None)
    assert "identity.accounts.write" in body["scopes"]
    async with database.transaction() as tx:
        after = await session_queries.find_by_username(tx, staff.username)
    # The tests hash with small parameters, the application with real ones.
    assert before is not None
    assert after is not None
    assert "m=64," in (before.password_hash or "")
    assert "m=19456," in (after.password_hash or "")
    assert (await caller.log_in(staff.username)).status_code == 201


async def test_wrong_unknown_and_disabled_get_one_answer_and_one_work(
    caller: Caller, committed: Committed, app: Litestar, database: Database
) -> None:
    staff, disabled = await committed.staff(), await committed.staff()
    async with database.transaction() as tx:
        await tx.execute(update(Account).where(Account.id == disabled.account_id).values(state="disabled"))
    seen: list[tuple[Any, ...]] = []
    for username, password in (
        (staff.username, "wrong password"),
        (disabled.username, PASSWORD),
        (f"nobody-{secrets.token_hex(4)}", PASSWORD),
    ):
        answer, statements = await watched(app, lambda name=username, word=password: caller.log_in(name, word))
        members = {key: value for key, value in answer.json().items() if key != "request_id"}
        seen.append((answer.status_code, members, statements))
    assert seen[0][0] == 401
    assert seen[0][1]["code"] == "identity.credentials_wrong"
    assert seen[0] == seen[1] == seen[2]


async def test_ten_failures_pause_a_name_known_or_not(caller: Caller, committed: Committed, clock: ManualClock) -> None:
    staff = await committed.staff()
    for username in (staff.username, f"nobody-{secrets.token_hex(4)}"):
        for _ in range(10):
            assert problem(await caller.log_in(username, "wrong password")) == "identity.credentials_wrong"
        paused = await caller.log_in(username)
        assert (paused.status_code, problem(paused)) == (429, "identity.too_many_attempts")
    clock.advance(timedelta(minutes=15))
    assert (await caller.log_in(staff.username)).status_code == 201


class _Overtaken(Passwords):
    """Passwords whose check is overtaken by something that happens right after it."""

    def __init__(self, meanwhile: Callable[[], Awaitable[object]]) -> None:
        super().__init__(memory_kib=64, passes=1)
        self._meanwhile: Callable[[], Awaitable[object]] | None = meanwhile

    async def check(self, stored: str | None, password: str) -> PasswordCheck:
        found = await super().check(stored, password)
        if self._meanwhile is not None:
            meanwhile, self._meanwhile = self._meanwhile, None
            await meanwhile()
        return found


async def test_a_password_that_is_reset_while_it_is_checked_opens_nothing(
    committed: Committed, database: Database, clock: ManualClock
) -> None:
    staff = await committed.staff()

    async def change(password: str) -> None:
        hashed = await committed.services.passwords.hash(password)
        async with database.transaction() as tx:
            await tx.execute(update(Account).where(Account.id == staff.account_id).values(password_hash=hashed))

    attempt = PasswordLogIn(staff.username, PASSWORD, None)
    reset = replace(committed.services, passwords=_Overtaken(lambda: change("quite another phrase")))
    with pytest.raises(CredentialsWrong):
        await log_in_with_password(database, attempt, clock=clock, services=reset)
    async with database.transaction() as tx:
        families = select(func.count()).where(SessionFamily.account_id == staff.account_id)
        assert await tx.scalar(families) == 0

    await change(PASSWORD)
    rehashed = replace(committed.services, passwords=_Overtaken(lambda: change(PASSWORD)))
    session = await log_in_with_password(database, attempt, clock=clock, services=rehashed)
    assert session.account_id == staff.account_id


async def test_successes_are_not_counted_against_anybody(caller: Caller, committed: Committed) -> None:
    staff = await committed.staff()
    for _ in range(12):
        assert (await caller.log_in(staff.username)).status_code == 201


async def test_staff_refresh_log_out_and_change_their_password(caller: Caller, committed: Committed) -> None:
    staff = await committed.staff(Grant(Role.CITY))
    session = (await caller.log_in(staff.username)).json()
    fresh = (await caller.post("/admin/v1/session/refresh", {"refresh_token": session["refresh_token"]})).json()
    changed = await caller.client.put(
        "/admin/v1/me/password",
        json={"current": PASSWORD, "new": "quite another phrase"},
        headers=bearer(fresh),
    )
    assert changed.status_code == 204, changed.text
    assert problem(await caller.log_in(staff.username)) == "identity.credentials_wrong"
    gone = await caller.post("/admin/v1/session/refresh", {"refresh_token": fresh["refresh_token"]})
    assert problem(gone) == "identity.session_ended"
    again = (await caller.log_in(staff.username, "quite another phrase")).json()
    assert (await caller.client.delete("/admin/v1/session", headers=bearer(again))).status_code == 204
    ended = await caller.post("/admin/v1/session/refresh", {"refresh_token": again["refresh_token"]})
    assert problem(ended) == "identity.session_ended"


async def test_an_operator_administers_over_http(caller: Caller, committed: Committed) -> None:
    operator = bearer((await caller.log_in((await committed.staff(Grant(Role.OPERATOR))).username)).json())
    name = f"clerk-{secrets.token_hex(4)}"
    opened = await caller.post("/admin/v1/accounts", {"username": name, "display_name": "新来的"}, **operator)
    assert opened.status_code == 201, opened.text
    account = f"/admin/v1/accounts/{opened.json()['account']['id']}"
    granted = await caller.post(f"{account}/grants", {"role": "auditor"}, **operator)
    assert granted.status_code == 201
    [grant] = granted.json()["grants"]
    assert (await caller.log_in(name, opened.json()["first_password"])).json()["roles"] == ["auditor"]
    drawn = await caller.post(f"{account}/password", None, **operator)
    assert drawn.headers["cache-control"] == "no-store"
    auditor = bearer((await caller.log_in(name, drawn.json()["password"])).json())
    assert (await caller.client.get("/admin/v1/audit-events", headers=auditor)).status_code == 200
    refused = await caller.post("/admin/v1/accounts", {"username": "x-y", "display_name": "某"}, **auditor)
    assert (refused.status_code, problem(refused)) == (403, "request.scope_missing")
    taken = await caller.client.delete(f"{account}/grants/{grant['id']}", headers=operator)
    assert taken.status_code == 204
    assert (await caller.client.get("/admin/v1/audit-events", headers=auditor)).json()["items"] == []
    assert (await caller.post(f"{account}/disable", None, **operator)).json()["state"] == "disabled"
    assert problem(await caller.log_in(name, drawn.json()["password"])) == "identity.credentials_wrong"
    assert (await caller.post(f"{account}/enable", None, **operator)).json()["state"] == "active"
    acts = await caller.client.get(
        "/admin/v1/audit-events", params={"object_id": opened.json()["account"]["id"]}, headers=operator
    )
    actions = [item["action"] for item in acts.json()["items"]]
    assert sorted(actions) == [
        "account.disabled",
        "account.enabled",
        "account.opened",
        "password.reset",
        "role.granted",
        "role.revoked",
    ]
    assert all(item["request_id"] for item in acts.json()["items"])
    listed = await caller.client.get("/admin/v1/accounts", params={"role": "operator"}, headers=operator)
    assert listed.status_code == 200
    worker = await committed.worker()
    moved = await caller.client.put(
        f"/admin/v1/accounts/{worker.account_id}/phone-number", json={"phone_number": draw_phone()}, headers=operator
    )
    assert moved.status_code == 200
    assert moved.json()["kind"] == "person"
    unknown = await caller.client.get(f"/admin/v1/accounts/{uuid4()}", headers=operator)
    assert (unknown.status_code, problem(unknown)) == (404, "identity.account_unknown")


async def test_the_key_set_is_public_and_verifies_tokens(caller: Caller, committed: Committed) -> None:
    session = (await caller.log_in((await committed.staff()).username)).json()
    keys = await caller.client.get("/.well-known/jwks.json")
    assert keys.status_code == 200
    by_id = {key["kid"]: jwt.PyJWK(key) for key in keys.json()["keys"]}
    key = by_id[jwt.get_unverified_header(session["access_token"])["kid"]]
    options: Any = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(session["access_token"], key, algorithms=["EdDSA"], audience="daogang", options=options)
    assert claims["sub"] == session["account_id"]


async def test_text_that_the_database_cannot_hold_is_bad_input(caller: Caller, committed: Committed) -> None:
    operator = bearer((await caller.log_in((await committed.staff(Grant(Role.OPERATOR))).username)).json())
    body = {"username": f"clerk-{secrets.token_hex(4)}", "display_name": "新\x00来"}
    for answer in (
        await caller.log_in("a\x00b"),
        await caller.post("/admin/v1/accounts", body, **operator),
        await caller.client.get("/admin/v1/audit-events?object_id=a%00b", headers=operator),
    ):
        assert (answer.status_code, problem(answer)) == (422, "request.invalid")


async def test_a_fault_s_log_holds_no_values(database: Database) -> None:
    with pytest.raises(DBAPIError) as caught:
        async with database.transaction() as tx:
            await tx.execute(select(Account.id).where(Account.username == "name\x00of-somebody"))
    assert "of-somebody" not in str(caught.value)


async def test_lists_take_as_many_statements_for_many_rows_as_for_few(
    caller: Caller, committed: Committed, app: Litestar
) -> None:
    operator = bearer((await caller.log_in((await committed.staff(Grant(Role.OPERATOR))).username)).json())
    for _ in range(3):
        await committed.staff(Grant(Role.AUDITOR))
    for path in ("/admin/v1/accounts", "/admin/v1/audit-events"):
        few, few_work = await watched(app, lambda at=path: caller.client.get(f"{at}?limit=1", headers=operator))
        many, many_work = await watched(app, lambda at=path: caller.client.get(f"{at}?limit=200", headers=operator))
        assert len(few.json()["items"]) == 1
        assert few.json()["next"] is not None
        assert len(many.json()["items"]) > 3
        assert len(few_work) == len(many_work) <= 2
