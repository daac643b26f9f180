"""Runs the rules: each follows its facts by cursor in transactions of its own, and one that fails hurts no other.

A step reads what is new to one rule, writes what it finds and moves the rule's cursor, all in one transaction: after a
crash it is done again, and facts have one alert each. A rule that fails is tried again, later each time; a fact that it
keeps failing on is set aside (`setting_aside.py`), and if it is none of a fact's doing the platform tells so itself
after `TOLD_AFTER` failures. Nothing here is in the transaction of a punch or of a gate's batch.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

import structlog
from sqlalchemy import text

from backend.alerts import fact_queries as facts
from backend.alerts.escalating import escalate_due
from backend.alerts.rulebook import RuleBook
from backend.alerts.setting_aside import (
    CAREFUL_AFTER,
    record,
    rules_waiting,
    sites_aside,
    step_carefully,
    try_again,
)
from backend.alerts.watching import RULES, Look, Rule, Source
from backend.kit.announcements import announce
from backend.kit.clock import Clock
from backend.kit.db import Database, Tx
from backend.kit.errors import DatabaseAway
from backend.kit.horizon import Horizon, Settled, look_at_tables

log = structlog.get_logger()

PAUSE_S: Final = 0.25
AT_ONCE: Final = 1000
"""Numbers of one step."""
TOLD_AFTER: Final = 3
FIRST_RETRY: Final = timedelta(seconds=2)
LAST_RETRY: Final = timedelta(minutes=10)
AGAIN_AFTER: Final = timedelta(seconds=1)
"""How soon a rule is asked for again that failed, waits to be tried again, or that another process is at."""
ESCALATE_EVERY: Final = timedelta(seconds=5)
ASIDE_EVERY: Final = timedelta(seconds=15)
"""How often is asked whether something that was set aside is to be tried again."""
SOURCES: Final[tuple[Source, ...]] = ("gate_fact", "announced_fact", "ledger_outbox")

# A rule begins where the facts stand when it is first run: it tells nothing of the time before.
BEGIN = """
INSERT INTO alert_follower (name, fact_id, fact_xid, looked_at) VALUES (:name, :fact_id, :fact_xid, :now)
ON CONFLICT DO NOTHING
"""

LOCK = """
SELECT fact_id, fact_xid, looked_at, failures, retry_at, told FROM alert_follower WHERE name = :name
FOR UPDATE SKIP LOCKED
"""

MOVE = """
UPDATE alert_follower SET fact_id = :fact_id, fact_xid = :fact_xid, looked_at = :now, failures = 0, retry_at = NULL,
  error = NULL, told = false
WHERE name = :name
"""

FAILED = """
UPDATE alert_follower SET failures = failures + 1, error = :error, retry_at = :retry_at, told = told OR :tell
WHERE name = :name AND failures = :failures
RETURNING name
"""

STANDING = "SELECT name, failures, told FROM alert_follower WHERE name = :name"


@dataclass(slots=True)
class Following:
    """What one process remembers between looks: horizons of the tables, and where each rule stands."""

    horizons: dict[str, Horizon] = field(default_factory=lambda: {name: Horizon() for name in SOURCES})
    reached: dict[str, int] = field(default_factory=dict[str, int])
    looked: dict[str, datetime] = field(default_factory=dict[str, datetime])
    escalated_at: datetime | None = None
    asked_at: datetime | None = None
    waiting: set[str] = field(default_factory=set[str])
    """Rules of which something that was set aside is to be tried again."""


@dataclass(frozen=True, slots=True)
class Step:
    """What a step came to; `more` says that the rule has not reached its horizon."""

    opened: int = 0
    ended: int = 0
    more: bool = False


async def follow_once(
    database: Database, clock: Clock, state: Following, rules: Sequence[Rule] = RULES
) -> tuple[int, int]:
    """Run every rule that has something to look at, then what is to be escalated; returns alerts opened and ended."""
    async with database.connection() as connection:
        settled = await look_at_tables(connection, state.horizons)
    if state.asked_at is None or clock.now() - state.asked_at >= ASIDE_EVERY:
        async with database.transaction() as tx:
            state.waiting = await rules_waiting(tx, clock.now())
        state.asked_at = clock.now()
    opened = ended = 0
    for rule in rules:
        while _is_due(rule, settled, state, clock.now()):
            step = await _try_step(database, clock, rule, settled, state)
            opened, ended = opened + step.opened, ended + step.ended
            if not step.more:
                break
    now = clock.now()
    if state.escalated_at is None or now - state.escalated_at >= ESCALATE_EVERY:
        async with database.transaction() as tx:
            await escalate_due(tx, now)
        state.escalated_at = now
    return opened, ended


def _is_due(rule: Rule, settled: Mapping[str, Settled | None], state: Following, now: datetime) -> bool:
    if rule.source is not None and settled[rule.source] is None:
        return False
    looked = state.looked.get(rule.kind)
    reached = state.reached.get(rule.kind)
    if reached is None or looked is None:
        return looked is None or now - looked >= AGAIN_AFTER
    horizon = None if rule.source is None else settled[rule.source]
    if rule.kind in state.waiting or (horizon is not None and horizon.number > reached):
        return True
    return rule.every is not None and now - looked >= rule.every


async def _try_step(
    database: Database, clock: Clock, rule: Rule, settled: Mapping[str, Settled | None], state: Following
) -> Step:
    horizon = (None if rule.source is None else settled[rule.source]) or Settled(0, 0)
    now = clock.now()
    state.looked[rule.kind] = now
    state.waiting.discard(rule.kind)
    state.reached.pop(rule.kind, None)
    try:
        async with database.transaction() as tx:
            step, reached = await take_step(tx, rule, horizon, now)
    except DatabaseAway:
        raise
    except Exception as error:  # whatever it was, the other rules do not hang on it
        log.exception("alerts.rule_failed", rule=rule.kind)
        await _note_failure(database, rule, error, now)
        return Step()
    if reached is not None:
        state.reached[rule.kind] = reached
    return step


async def take_step(tx: Tx, rule: Rule, horizon: Settled, now: datetime) -> tuple[Step, int | None]:
    """Take a rule's next step in the caller's transaction, up to the horizon of its facts.

    Returns what came of it and the number it stands at now; None when another process is at it or it waits to be
    tried again.
    """
    await tx.execute(text(BEGIN), {"name": rule.kind, "fact_id": horizon.number, "fact_xid": horizon.xid, "now": now})
    row = (await tx.execute(text(LOCK), {"name": rule.kind})).one_or_none()
    if row is None or (row.retry_at is not None and row.retry_at > now):
        return Step(), None
    # Numbers that another process has reached are not gone back on.
    upto = Settled(max(row.fact_id, min(horizon.number, row.fact_id + AT_ONCE)), horizon.xid)
    look = Look(
        tx=tx,
        now=now,
        looked_at=row.looked_at,
        after=row.fact_id,
        after_xid=row.fact_xid,
        upto=upto,
        book=RuleBook(await facts.read_settings_at(tx, now), now),
        calendar=await facts.read_calendar(tx),
        aside=await sites_aside(tx, rule),
    )
    found = await (record(rule, look) if row.failures < CAREFUL_AFTER else step_carefully(rule, look))
    again = await try_again(rule, look)
    opened, ended = found[0] + again[0], found[1] + again[1]
    if row.told:
        await announce(tx, "rules.restored", rule.kind, occurred_at=now, now=now)
    values = {"name": rule.kind, "fact_id": upto.number, "fact_xid": upto.xid, "now": max(now, row.looked_at)}
    await tx.execute(text(MOVE), values)
    if opened or ended:
        log.info("alerts.found", rule=rule.kind, opened=opened, groups_ended=ended)
    return Step(opened, ended, more=upto.number < horizon.number), upto.number


async def _note_failure(database: Database, rule: Rule, error: Exception, now: datetime) -> None:
    """Have the rule tried again later, and tell of it once it has failed several times."""
    async with database.transaction() as tx:
        row = (await tx.execute(text(STANDING), {"name": rule.kind})).one_or_none()
        if row is None:
            return
        wait = min(LAST_RETRY, FIRST_RETRY * 2 ** min(row.failures, 16))
        tell = row.failures + 1 >= TOLD_AFTER and not row.told
        values = {
            "name": rule.kind,
            "failures": row.failures,
            "error": type(error).__name__,
            "retry_at": now + wait,
            "tell": tell,
        }
        noted = (await tx.execute(text(FAILED), values)).one_or_none()
        if noted is not None and tell:
            detail = {"reason": type(error).__name__, "failures": row.failures + 1}
            await announce(tx, "rules.failed", rule.kind, occurred_at=now, now=now, detail=detail)


async def follow(database: Database, clock: Clock, stopping: asyncio.Event) -> None:
    """Run the rules until told to stop; what fails as a whole (the database is away) is tried again."""
    state = Following()
    while not stopping.is_set():
        try:
            await follow_once(database, clock, state)
        except Exception:  # the next look may find the database again
            log.exception("alerts.following_failed")
            await _pause(stopping, 20 * PAUSE_S)
        await _pause(stopping, PAUSE_S)


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return
