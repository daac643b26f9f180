"""Administration of accounts: who may do what to whom, and what every act leaves behind."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, select, text

from backend.identity import accounts, grants, queries, sessions
from backend.identity.errors import (
    AccountUnknown,
    CredentialsWrong,
    GrantBeyondOwn,
    GrantPresent,
    GrantRowsWrong,
    GrantTargetUnknown,
    GrantUnknown,
    NotStaffAccount,
    OwnAccount,
    PasswordTooWeak,
    PersonHasAccount,
    PhoneNumberTaken,
    UsernameTaken,
)
from backend.identity.grants import Grant
from backend.identity.roles import Role
from backend.identity.tables import AuditEvent, SessionFamily
from backend.kit.crypto import BlindIndex, FieldCipher
from backend.kit.errors import DaogangError
from backend.kit.guards import Actor
from backend.kit.keyring import MemoryKeyRing, Purpose
from backend.sites.queries import find_project
from tests.integration.identity.registry import PASSWORD, Registry
from tests.support.factories import draw_phone, make_district, make_project

OPERATOR, CITY = Grant(Role.OPERATOR), Grant(Role.CITY)


async def acts_on(registry: Registry, object_id: UUID) -> list[str]:
    statement = select(AuditEvent.action).where(AuditEvent.object_id == str(object_id))
    return sorted(await registry.tx.scalars(statement))


async def test_a_new_staff_account_can_do_nothing(registry: Registry) -> None:
    operator = await registry.actor(OPERATOR)
    opened = await accounts.open_staff_account(
        registry.tx,
        operator,
        accounts.StaffOpening("New.Clerk-1", "新来的"),
        clock=registry.clock,
        services=registry.services,
    )
    assert opened.first_password is not None
    view = await accounts.show_account(registry.tx, operator, opened.account_id, services=registry.services)
    assert (view.username, view.grants, view.phone_number_masked) == ("new.clerk-1", [], None)
    assert await queries.roles_of(registry.tx, opened.account_id, None) == frozenset()
    assert await acts_on(registry, opened.account_id) == ["account.opened"]


async def test_a_name_is_taken_in_any_case(registry: Registry) -> None:
    staff = await registry.staff()
    opening = accounts.StaffOpening(staff.username.upper(), "另一人", PASSWORD)
    with pytest.raises(UsernameTaken):
        await accounts.open_staff_account(registry.tx, None, opening, clock=registry.clock, services=registry.services)


async def test_a_weak_first_password_is_refused(registry: Registry) -> None:
    opening = accounts.StaffOpening("someone", "某人", "someone-1234")
    with pytest.raises(PasswordTooWeak):
        await accounts.open_staff_account(registry.tx, None, opening, clock=registry.clock, services=registry.services)


async def test_a_phone_number_is_stored_unreadable_and_shown_masked(registry: Registry) -> None:
    worker = await registry.worker()
    raw = (
        await registry.tx.execute(
            text("SELECT to_jsonb(a)::text FROM account a WHERE id = :id"), {"id": worker.account_id}
        )
    ).scalar_one()
    assert worker.phone_number not in raw
    operator = await registry.actor(OPERATOR)
    view = await accounts.show_account(registry.tx, operator, worker.account_id, services=registry.services)
    assert view.phone_number_masked == f"{worker.phone_number[:3]}****{worker.phone_number[-4:]}"


async def test_a_person_has_one_account_and_a_number_one_person(registry: Registry) -> None:
    one, two = await registry.worker(), await registry.worker()

    async def open_another(person_id: UUID, number: str) -> UUID:
        return await accounts.open_person_account(
            registry.tx, None, person_id, "某人", number, clock=registry.clock, services=registry.services
        )

    with pytest.raises(PhoneNumberTaken):
        await open_another(two.person_id, f"+86 {one.phone_number}")
    with pytest.raises(PersonHasAccount):
        await open_another(two.person_id, draw_phone())


async def test_a_taken_number_is_found_under_a_replaced_index_key(registry: Registry) -> None:
    ring = MemoryKeyRing(registry.clock.now())
    services = replace(
        registry.services, cipher=FieldCipher(ring, registry.clock.now), index=BlindIndex(ring, registry.clock.now)
    )
    registry = replace(registry, services=services)
    worker = await registry.worker()
    ring.rotate(Purpose.BLIND_INDEX, registry.clock.now())
    other = await registry.worker()
    operator = await registry.actor(OPERATOR)
    with pytest.raises(PhoneNumberTaken):
        await accounts.change_phone_number(
            registry.tx,
            operator,
            other.account_id,
            worker.phone_number,
            clock=registry.clock,
            services=registry.services,
        )


async def test_another_number_ends_sessions_and_phones(registry: Registry) -> None:
    worker, operator = await registry.worker(), await registry.actor(OPERATOR)
    number = draw_phone()
    view = await accounts.change_phone_number(
        registry.tx, operator, worker.account_id, number, clock=registry.clock, services=registry.services
    )
    assert view.phone_number_masked == f"{number[:3]}****{number[-4:]}"
    assert "phone_number.changed" in await acts_on(registry, worker.account_id)


@pytest.mark.parametrize(
    ("role", "rows"),
    [
        (Role.DISTRICT, "none"),
        (Role.PROJECT_ADMIN, "none"),
        (Role.PROJECT_ADMIN, "district"),
        (Role.CITY, "district"),
        (Role.OPERATOR, "project"),
        (Role.CONTRACTOR, "party without project"),
        (Role.DISTRICT, "district and project"),
        (Role.KEY_PERSON, "project"),
        (Role.KEY_PERSON, "none"),
    ],
)
async def test_a_grant_names_the_rows_its_role_needs(registry: Registry, role: Role, rows: str) -> None:
    staff, operator = await registry.staff(), await registry.actor(OPERATOR)
    anything = uuid4()
    grant = {
        "none": Grant(role),
        "district": Grant(role, district_id=anything),
        "project": Grant(role, project_id=anything),
        "party without project": Grant(role, party_id=anything),
        "district and project": Grant(role, district_id=anything, project_id=anything),
    }[rows]
    with pytest.raises(GrantRowsWrong):
        await grants.grant_role(registry.tx, operator, staff.account_id, grant, clock=registry.clock)


async def test_a_grant_is_given_once_shown_and_taken_back(registry: Registry) -> None:
    staff, operator = await registry.staff(), await registry.actor(OPERATOR)
    grant = Grant(Role.DISTRICT, district_id=await make_district(registry.tx))
    grant_id = await grants.grant_role(registry.tx, operator, staff.account_id, grant, clock=registry.clock)
    view = await accounts.show_account(registry.tx, operator, staff.account_id, services=registry.services)
    assert [(shown.id, shown.role, shown.district_id) for shown in view.grants] == [
        (grant_id, "district", grant.district_id)
    ]
    assert await queries.roles_of(registry.tx, staff.account_id, None) == {"district"}
    await grants.revoke_grant(registry.tx, operator, staff.account_id, grant_id, clock=registry.clock)
    assert await queries.roles_of(registry.tx, staff.account_id, None) == frozenset()
    with pytest.raises(GrantUnknown):
        await grants.revoke_grant(registry.tx, operator, staff.account_id, grant_id, clock=registry.clock)
    await grants.grant_role(registry.tx, operator, staff.account_id, grant, clock=registry.clock)
    assert await acts_on(registry, staff.account_id) == [
        "account.opened",
        "role.granted",
        "role.granted",
        "role.revoked",
    ]
    with pytest.raises(GrantPresent):
        await grants.grant_role(registry.tx, operator, staff.account_id, grant, clock=registry.clock)


async def test_a_grant_of_rows_that_are_not_there_is_refused(registry: Registry) -> None:
    staff, operator = await registry.staff(), await registry.actor(OPERATOR)
    with pytest.raises(GrantTargetUnknown):
        await grants.grant_role(
            registry.tx, operator, staff.account_id, Grant(Role.DISTRICT, district_id=uuid4()), clock=registry.clock
        )


async def test_persons_hold_no_office(registry: Registry) -> None:
    worker, operator = await registry.worker(), await registry.actor(OPERATOR)
    with pytest.raises(NotStaffAccount):
        await grants.grant_role(registry.tx, operator, worker.account_id, CITY, clock=registry.clock)
    with pytest.raises(NotStaffAccount):
        await accounts.reset_password(
            registry.tx, operator, worker.account_id, clock=registry.clock, services=registry.services
        )


async def attempts(registry: Registry, actor: Actor, account_id: UUID) -> list[type[DaogangError] | None]:
    """Try every administrative act on an account; return how each was refused."""
    tools: Any = {"clock": registry.clock, "services": registry.services}
    found: list[type[DaogangError] | None] = []
    for act in (
        grants.grant_role(registry.tx, actor, account_id, CITY, clock=registry.clock),
        grants.revoke_grant(registry.tx, actor, account_id, uuid4(), clock=registry.clock),
        accounts.disable_account(registry.tx, actor, account_id, **tools),
        accounts.enable_account(registry.tx, actor, account_id, **tools),
        accounts.reset_password(registry.tx, actor, account_id, **tools),
        accounts.change_phone_number(registry.tx, actor, account_id, draw_phone(), **tools),
    ):
        try:
            await act
        except DaogangError as refusal:
            found.append(type(refusal))
        else:
            found.append(None)
    return found


async def test_nobody_administers_himself(registry: Registry) -> None:
    operator = await registry.actor(OPERATOR)
    assert set(await attempts(registry, operator, operator.account_id)) == {OwnAccount}


async def test_the_city_does_not_touch_the_operator(registry: Registry) -> None:
    city, operator = await registry.actor(CITY), await registry.actor(OPERATOR)
    assert set(await attempts(registry, city, operator.account_id)) == {GrantBeyondOwn}
    staff = await registry.staff()
    with pytest.raises(GrantBeyondOwn):
        await grants.grant_role(registry.tx, city, staff.account_id, OPERATOR, clock=registry.clock)


async def test_a_token_that_outlived_its_office_is_worth_nothing(registry: Registry) -> None:
    """The scopes of a token hold for fifteen minutes; the authority over accounts does not."""
    staff = await registry.staff()
    former = await registry.actor(OPERATOR)
    first = await registry.actor(OPERATOR)
    [grant] = await queries.grants_of(registry.tx, [former.account_id])
    await grants.revoke_grant(registry.tx, first, former.account_id, grant.id, clock=registry.clock)
    assert "identity.accounts.write" in former.scopes
    assert set(await attempts(registry, former, staff.account_id)) <= {GrantBeyondOwn, AccountUnknown}


async def shut_out(registry: Registry, first: Actor, former: Actor, how: str) -> None:
    if how == "disabled":
        await accounts.disable_account(
            registry.tx, first, former.account_id, clock=registry.clock, services=registry.services
        )
        return
    session = {"id": former.family_id, "account_id": former.account_id, "created_at": registry.clock.now()}
    ends = {"expires_at": registry.clock.now() + timedelta(days=1)}
    await registry.tx.execute(insert(SessionFamily).values(**session, **ends))
    await sessions.end_session(registry.tx, former, clock=registry.clock)


@pytest.mark.parametrize("how", ["disabled", "logged out"])
async def test_who_is_shut_out_reaches_nothing_with_the_rest_of_his_token(registry: Registry, how: str) -> None:
    staff, former, first = await registry.staff(), await registry.actor(OPERATOR), await registry.actor(OPERATOR)
    project = await make_project(registry.tx)
    assert await find_project(registry.tx, former, project.id) is not None
    await shut_out(registry, first, former, how)
    assert set(await attempts(registry, former, staff.account_id)) <= {GrantBeyondOwn, AccountUnknown}
    opening = accounts.StaffOpening("back.door", "后门")
    with pytest.raises(GrantBeyondOwn):
        await accounts.open_staff_account(
            registry.tx, former, opening, clock=registry.clock, services=registry.services
        )
    assert await find_project(registry.tx, former, project.id) is None
    assert await queries.list_audit(registry.tx, former, limit=10) == []
    assert (
        await accounts.list_accounts(registry.tx, former, limit=10, after=None, role=None, services=registry.services)
        == []
    )


async def test_a_disabled_operator_is_still_above_the_city(registry: Registry) -> None:
    city, operator, first = [await registry.actor(grant) for grant in (CITY, OPERATOR, OPERATOR)]
    await accounts.disable_account(
        registry.tx, first, operator.account_id, clock=registry.clock, services=registry.services
    )
    with pytest.raises(GrantBeyondOwn):
        await accounts.enable_account(
            registry.tx, city, operator.account_id, clock=registry.clock, services=registry.services
        )


async def test_an_unknown_account_is_unknown(registry: Registry) -> None:
    assert set(await attempts(registry, await registry.actor(OPERATOR), uuid4())) == {AccountUnknown}


async def test_readers_of_one_project_see_its_staff_only(registry: Registry) -> None:
    project, other = (await make_project(registry.tx)).id, (await make_project(registry.tx)).id
    auditor = await registry.actor(Grant(Role.AUDITOR, project_id=project))
    admin = await registry.staff(Grant(Role.PROJECT_ADMIN, project_id=project))
    stranger = await registry.staff(Grant(Role.PROJECT_ADMIN, project_id=other))
    worker = await registry.worker()
    seen = await accounts.list_accounts(
        registry.tx, auditor, limit=200, after=None, role=None, services=registry.services
    )
    assert {view.id for view in seen} == {auditor.account_id, admin.account_id}
    for hidden in (stranger.account_id, worker.account_id):
        with pytest.raises(AccountUnknown):
            await accounts.show_account(registry.tx, auditor, hidden, services=registry.services)
    audit = await queries.list_audit(registry.tx, auditor, limit=200)
    assert {row.project_id for row in audit} == {project}


async def test_whoever_lost_the_grant_sees_nothing_at_once(registry: Registry) -> None:
    auditor, operator = await registry.actor(Grant(Role.AUDITOR)), await registry.actor(OPERATOR)
    assert await queries.list_audit(registry.tx, auditor, limit=5)
    [grant] = await queries.grants_of(registry.tx, [auditor.account_id])
    await grants.revoke_grant(registry.tx, operator, auditor.account_id, grant.id, clock=registry.clock)
    assert await queries.list_audit(registry.tx, auditor, limit=5) == []
    assert await queries.list_accounts(registry.tx, auditor, limit=5, after=None) == []


async def test_lists_are_paged_without_loss(registry: Registry) -> None:
    operator = await registry.actor(OPERATOR)
    made = [(await registry.staff(Grant(Role.AUDITOR))).account_id for _ in range(5)]
    found: list[UUID] = []
    after: UUID | None = None
    while page := await queries.list_accounts(registry.tx, operator, limit=2, after=after, role="auditor"):
        found += [row.id for row in page]
        after = found[-1]
    assert len(set(found)) == len(found)
    assert sorted(made) == [account_id for account_id in found if account_id in made]
    first = await queries.list_audit(registry.tx, operator, limit=3)
    rest = await queries.list_audit(registry.tx, operator, limit=3, before=first[-1].id)
    assert rest[0].id < first[-1].id


async def test_a_reset_password_replaces_the_old_one(registry: Registry) -> None:
    staff, operator = await registry.staff(), await registry.actor(OPERATOR)
    tools: Any = {"clock": registry.clock, "services": registry.services}
    drawn = await accounts.reset_password(registry.tx, operator, staff.account_id, **tools)
    himself = await registry.speak_for(staff.account_id)
    with pytest.raises(CredentialsWrong):
        await accounts.change_own_password(registry.tx, himself, PASSWORD, "another long phrase", **tools)
    await accounts.change_own_password(registry.tx, himself, drawn, "another long phrase", **tools)
    with pytest.raises(PasswordTooWeak):
        await accounts.change_own_password(registry.tx, himself, "another long phrase", "short", **tools)
    nobody = replace(himself, account_id=(await registry.worker()).account_id)
    with pytest.raises(NotStaffAccount):
        await accounts.change_own_password(registry.tx, nobody, PASSWORD, "another long phrase", **tools)
