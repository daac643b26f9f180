"""Refresh tokens in the database: rotation, retry, reuse, and twenty at once."""

import asyncio
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select

from backend.identity import accounts, session_queries
from backend.identity.errors import RefreshExhausted, SessionEnded, SessionRevoked
from backend.identity.grants import Grant
from backend.identity.refresh import MOST_CHILDREN, PHONE_LIFETIMES, STAFF_LIFETIMES, hash_secret
from backend.identity.roles import Role
from backend.identity.sessions import Session, end_all_sessions, end_session, refresh_session, start_session
from backend.identity.tables import AuditEvent, RefreshToken, SessionFamily
from backend.kit.db import Database, Tx
from backend.kit.errors import DaogangError
from tests.integration.identity.registry import Committed, Registry


async def started(registry: Registry) -> Session:
    worker = await registry.worker()
    return await start_session(
        registry.tx,
        worker.account_id,
        worker.person_id,
        None,
        PHONE_LIFETIMES,
        clock=registry.clock,
        services=registry.services,
    )


async def refreshed(registry: Registry, token: str) -> Session:
    outcome = await refresh_session(registry.tx, token, clock=registry.clock, services=registry.services)
    assert isinstance(outcome, Session), outcome
    return outcome


async def refused(registry: Registry, token: str) -> type[DaogangError]:
    outcome = await refresh_session(registry.tx, token, clock=registry.clock, services=registry.services)
    assert isinstance(outcome, DaogangError)
    return type(outcome)


async def test_a_session_names_person_and_role_and_keeps_only_digests(registry: Registry) -> None:
    session = await started(registry)
    assert session.roles == {"key_person"}
    actor = registry.services.access.verify(session.access_token, registry.clock.now())
    assert (actor.account_id, actor.person_id) == (session.account_id, session.person_id)
    stored = await registry.tx.scalar(select(RefreshToken.secret_hash).where(RefreshToken.family_id == actor.family_id))
    assert stored == hash_secret(session.refresh_token)


async def test_each_token_is_exchanged_for_the_next(registry: Registry) -> None:
    session = await started(registry)
    seen = {session.refresh_token}
    for _ in range(5):
        registry.clock.advance(timedelta(minutes=15))
        session = await refreshed(registry, session.refresh_token)
        assert session.refresh_token not in seen
        assert session.refresh_expires_at == registry.clock.now() + PHONE_LIFETIMES.idle
        seen.add(session.refresh_token)


async def test_a_lost_answer_is_retried_until_the_new_token_is_used(registry: Registry) -> None:
    first = await started(registry)
    lost = await refreshed(registry, first.refresh_token)
    second = await refreshed(registry, first.refresh_token)
    assert second.refresh_token != lost.refresh_token
    third = await refreshed(registry, second.refresh_token)
    # The token whose answer was lost was never used by us: whoever shows it now is somebody else.
    assert await refused(registry, lost.refresh_token) is SessionRevoked
    assert await refused(registry, third.refresh_token) is SessionEnded


async def test_an_old_token_after_its_child_was_used_ends_the_session(registry: Registry) -> None:
    first = await started(registry)
    second = await refreshed(registry, first.refresh_token)
    third = await refreshed(registry, second.refresh_token)
    assert await refused(registry, first.refresh_token) is SessionRevoked
    for token in (first.refresh_token, second.refresh_token, third.refresh_token):
        assert await refused(registry, token) is SessionEnded
    reason = select(SessionFamily.revoke_reason).where(SessionFamily.account_id == first.account_id)
    assert await registry.tx.scalar(reason) == "refresh_reused"
    acts = select(AuditEvent.action).where(AuditEvent.object_id == str(first.account_id))
    assert "session.revoked" in set(await registry.tx.scalars(acts))


async def test_retries_are_bounded_and_leave_the_session_alive(registry: Registry) -> None:
    first = await started(registry)
    last = first
    for _ in range(MOST_CHILDREN):
        last = await refreshed(registry, first.refresh_token)
    assert await refused(registry, first.refresh_token) is RefreshExhausted
    await refreshed(registry, last.refresh_token)


async def test_idle_and_whole_life_are_bounded(registry: Registry) -> None:
    session = await started(registry)
    began = registry.clock.now()
    registry.clock.advance(PHONE_LIFETIMES.idle)
    assert await refused(registry, session.refresh_token) is SessionEnded
    registry.clock.set(began)
    while registry.clock.now() + PHONE_LIFETIMES.idle < began + PHONE_LIFETIMES.whole:
        registry.clock.advance(PHONE_LIFETIMES.idle - timedelta(seconds=1))
        session = await refreshed(registry, session.refresh_token)
    assert session.refresh_expires_at == began + PHONE_LIFETIMES.whole


async def test_staff_sessions_are_shorter(registry: Registry) -> None:
    staff = await registry.staff()
    session = await start_session(
        registry.tx, staff.account_id, None, None, STAFF_LIFETIMES, clock=registry.clock, services=registry.services
    )
    assert session.refresh_expires_at == registry.clock.now() + timedelta(hours=12)


async def test_unknown_tokens_are_refused(registry: Registry) -> None:
    for token in ("", "dgr_unknown", "\ud800", "x" * 200):
        assert await refused(registry, token) is SessionEnded


async def test_logging_out_ends_one_session_and_disabling_all(registry: Registry) -> None:
    one, two = await started(registry), await started(registry)
    actor = registry.services.access.verify(one.access_token, registry.clock.now())
    await end_session(registry.tx, actor, clock=registry.clock)
    assert await refused(registry, one.refresh_token) is SessionEnded
    two = await refreshed(registry, two.refresh_token)
    assert await end_all_sessions(registry.tx, two.account_id, "test", clock=registry.clock) == 1
    assert await refused(registry, two.refresh_token) is SessionEnded


async def test_a_disabled_account_gets_no_new_token(registry: Registry) -> None:
    session = await started(registry)
    operator = await registry.actor(Grant(Role.OPERATOR))
    await accounts.disable_account(
        registry.tx, operator, session.account_id, clock=registry.clock, services=registry.services
    )
    assert await refused(registry, session.refresh_token) is SessionEnded
    await accounts.enable_account(
        registry.tx, operator, session.account_id, clock=registry.clock, services=registry.services
    )
    assert await refused(registry, session.refresh_token) is SessionEnded


async def commit_start(committed: Committed) -> Session:
    worker = await committed.worker()
    async with committed.database.transaction() as tx:
        return await start_session(
            tx,
            worker.account_id,
            worker.person_id,
            None,
            PHONE_LIFETIMES,
            clock=committed.clock,
            services=committed.services,
        )


async def commit_refresh(committed: Committed, token: str) -> Session | DaogangError:
    async with committed.database.transaction() as tx:
        return await refresh_session(tx, token, clock=committed.clock, services=committed.services)


async def family_of(database: Database, session: Session, committed: Committed) -> UUID:
    del database
    return committed.services.access.verify(session.access_token, committed.clock.now()).family_id


async def test_twenty_refreshes_at_once_give_one_rotation_and_four_retries(
    committed: Committed, database: Database
) -> None:
    session = await commit_start(committed)
    outcomes = await asyncio.gather(*(commit_refresh(committed, session.refresh_token) for _ in range(20)))
    issued = [outcome for outcome in outcomes if isinstance(outcome, Session)]
    assert len(issued) == MOST_CHILDREN
    assert len({one.refresh_token for one in issued}) == MOST_CHILDREN
    assert {type(outcome) for outcome in outcomes} == {Session, RefreshExhausted}
    family = await family_of(database, session, committed)
    async with database.transaction() as tx:
        assert (
            await tx.scalar(
                select(func.count()).where(RefreshToken.family_id == family, RefreshToken.used_at.is_not(None))
            )
            == 1
        )
        assert (await session_queries.lock_family(tx, family)).revoked_at is None


async def test_of_two_hands_at_once_one_wins_and_then_nobody(committed: Committed, tx: Tx) -> None:
    del tx
    session = await commit_start(committed)
    mine = await commit_refresh(committed, session.refresh_token)
    stolen = await commit_refresh(committed, session.refresh_token)
    assert isinstance(mine, Session)
    assert isinstance(stolen, Session)
    outcomes = await asyncio.gather(
        *(commit_refresh(committed, token) for token in (mine.refresh_token, stolen.refresh_token))
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Session", "SessionRevoked"]
    # The revocation was committed although its answer is a refusal: the winner's next refresh ends too.
    winner = next(outcome for outcome in outcomes if isinstance(outcome, Session))
    assert isinstance(await commit_refresh(committed, winner.refresh_token), SessionEnded)
