"""Finds the fact or site on which a rule fails, sets it aside, and tries it again later, so that the others go on.

A rule that failed `CAREFUL_AFTER` times over takes its next step carefully: what is new to it is judged in halves, each
in a savepoint, until what fails stands alone. That is kept in `alert_set_aside`, announced (`facts.failed`) and tried
again, later each time; once it is judged it is announced again (`facts.restored`). A rule that fails whatever it looks
at is no matter of a fact: that stays the rule's own failure.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias
from uuid import UUID

import structlog
from sqlalchemy import select, text

from backend.alerts.fact_queries import numbers_of
from backend.alerts.recording import record_endings, record_findings
from backend.alerts.tables import AlertSetAside
from backend.alerts.watching import Look, Rule
from backend.kit.announcements import announce
from backend.kit.db import AnyRow, Tx
from backend.kit.errors import DatabaseAway
from backend.kit.guards import Actor
from backend.sites.queries import city_wide

log = structlog.get_logger()

CAREFUL_AFTER: Final = 2
"""Failures in a row after which a step is taken carefully; the third would be told as the rule's own."""
MOST: Final = 20
"""If more than these fail, it is the rule that fails."""
TRIED_AT_ONCE: Final = 20
FIRST_RETRY: Final = timedelta(minutes=10)
LAST_RETRY: Final = timedelta(hours=6)

Unit: TypeAlias = int | UUID
"""A fact's number, or the project of a site."""
Counts: TypeAlias = tuple[int, int]
"""Alerts opened, and groups ended."""

SITES: Final = "SELECT id FROM project ORDER BY id"
WAITING: Final = "SELECT DISTINCT rule FROM alert_set_aside WHERE settled_at IS NULL AND retry_at <= :now"
ASIDE: Final = "SELECT unit FROM alert_set_aside WHERE rule = :rule AND kind = 'site' AND settled_at IS NULL"
SET_ASIDE: Final = """
INSERT INTO alert_set_aside (rule, kind, unit, looked_at, set_aside_at, attempts, error, retry_at)
VALUES (:rule, :kind, :unit, :looked_at, :now, 1, :error, :retry_at)
ON CONFLICT (rule, kind, unit) DO UPDATE SET looked_at = :looked_at, set_aside_at = :now, attempts = 1,
  error = :error, retry_at = :retry_at, settled_at = NULL
"""
DUE: Final = """
SELECT kind, unit, looked_at, attempts FROM alert_set_aside
WHERE rule = :rule AND settled_at IS NULL AND retry_at <= :now
ORDER BY retry_at, kind, unit LIMIT :limit FOR UPDATE SKIP LOCKED
"""
AGAIN: Final = """
UPDATE alert_set_aside SET attempts = attempts + 1, error = :error, retry_at = :retry_at
WHERE rule = :rule AND kind = :kind AND unit = :unit
"""
SETTLED: Final = """
UPDATE alert_set_aside SET settled_at = :now, retry_at = NULL WHERE rule = :rule AND kind = :kind AND unit = :unit
"""
SHOWN: Final = 200


@dataclass(frozen=True, slots=True)
class _Failing:
    """What stands alone with its failure."""

    unit: Unit
    error: str

    @property
    def kind(self) -> Literal["fact", "site"]:
        return "fact" if isinstance(self.unit, int) else "site"


class TooManyFail(Exception):
    """A rule fails on so many facts or sites that none of them is to blame."""


async def rules_waiting(tx: Tx, now: datetime) -> set[str]:
    """Return the rules of which something is to be tried again."""
    return set((await tx.execute(text(WAITING), {"now": now})).scalars())


async def sites_aside(tx: Tx, rule: Rule) -> frozenset[UUID]:
    """Return the sites that a rule leaves out, since it fails on them."""
    return frozenset(UUID(row[0]) for row in await tx.execute(text(ASIDE), {"rule": rule.kind}))


async def step_carefully(rule: Rule, look: Look) -> Counts:
    """Judge and record what is new in halves, setting aside what fails alone; return alerts opened and groups ended.

    Raises what the rule raises when there is nothing at all for it to look at, and TooManyFail.
    """
    tx = look.tx
    counted = (0, 0)

    async def judge(units: Sequence[Unit]) -> None:
        nonlocal counted
        counted = _sum(counted, await record(rule, _narrowed(look, units)))

    await judge(())
    failing: list[_Failing] = []
    if rule.every is not None:
        await _halve(tx, list((await tx.execute(text(SITES))).scalars()), judge, failing)
    if rule.source is not None:
        await _halve(tx, await numbers_of(tx, rule.source, look.span), judge, failing)
    for one in failing:
        await _set_aside(tx, rule, one, look)
    return counted


async def record(rule: Rule, look: Look) -> Counts:
    """Judge what a look sees and write what the rule finds; return alerts opened and groups ended."""
    found = await rule.judge(look)
    opened = await record_findings(look.tx, found.findings, look.book, look.calendar, look.now)
    return opened, await record_endings(look.tx, found.endings, look.calendar, look.now)


async def try_again(rule: Rule, look: Look) -> Counts:
    """Judge what was set aside of a rule and is due, each by itself."""
    tx, now = look.tx, look.now
    counted = (0, 0)
    for row in (await tx.execute(text(DUE), {"rule": rule.kind, "now": now, "limit": TRIED_AT_ONCE})).all():
        unit: Unit = int(row.unit) if row.kind == "fact" else UUID(row.unit)
        named = {"rule": rule.kind, "kind": row.kind, "unit": row.unit}
        try:
            async with tx.begin_nested():
                narrowed = replace(_narrowed(look, [unit]), looked_at=row.looked_at, aside=frozenset[UUID]())
                counted = _sum(counted, await record(rule, narrowed))
        except DatabaseAway:
            raise
        except Exception as error:  # it stays aside, whatever it is
            log.exception("alerts.fact_failed_again", **named)
            retry_at = now + min(LAST_RETRY, FIRST_RETRY * 2 ** min(row.attempts, 16))
            await tx.execute(text(AGAIN), {**named, "error": type(error).__name__, "retry_at": retry_at})
        else:
            await tx.execute(text(SETTLED), {**named, "now": now})
            await announce(tx, "facts.restored", _subject(rule, row.kind, row.unit), occurred_at=now, now=now)
            log.info("alerts.fact_judged_after_all", **named)
    return counted


async def list_set_aside(tx: Tx, actor: Actor, scope: str) -> Sequence[AnyRow]:
    """Return what is set aside now, latest first; nothing for those whose rows are not the whole city."""
    statement = (
        select(
            AlertSetAside.rule,
            AlertSetAside.kind,
            AlertSetAside.unit,
            AlertSetAside.set_aside_at,
            AlertSetAside.attempts,
            AlertSetAside.error,
            AlertSetAside.retry_at,
        )
        .where(AlertSetAside.settled_at.is_(None), city_wide(actor, scope))
        .order_by(AlertSetAside.set_aside_at.desc(), AlertSetAside.rule, AlertSetAside.kind, AlertSetAside.unit)
        .limit(SHOWN)
    )
    return (await tx.execute(statement)).all()


async def _halve(
    tx: Tx, units: Sequence[Unit], judge: Callable[[Sequence[Unit]], Awaitable[None]], failing: list[_Failing]
) -> None:
    """Judge all units, those that fail together in halves, and add to `failing` those that fail alone."""
    if not units:
        return
    fault: Exception | None = None
    try:
        async with tx.begin_nested():
            await judge(units)
    except DatabaseAway:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, it is found out below whose it is, and told there
        fault = error
    if fault is None:
        return
    if len(units) > 1:
        middle = len(units) // 2
        await _halve(tx, units[:middle], judge, failing)
        await _halve(tx, units[middle:], judge, failing)
        return
    log.error("alerts.fact_failed", unit=str(units[0]), exc_info=fault)
    failing.append(_Failing(units[0], type(fault).__name__))
    if len(failing) > MOST:
        raise TooManyFail from fault


async def _set_aside(tx: Tx, rule: Rule, failing: _Failing, look: Look) -> None:
    unit = str(failing.unit)
    values = {
        "rule": rule.kind,
        "kind": failing.kind,
        "unit": unit,
        "looked_at": look.looked_at,
        "now": look.now,
        "error": failing.error,
        "retry_at": look.now + FIRST_RETRY,
    }
    await tx.execute(text(SET_ASIDE), values)
    subject, detail = _subject(rule, failing.kind, unit), {"reason": failing.error}
    await announce(tx, "facts.failed", subject, occurred_at=look.now, now=look.now, detail=detail)


def _narrowed(look: Look, units: Sequence[Unit]) -> Look:
    """Return a look that sees these units alone: their facts, or their sites."""
    facts = frozenset(unit for unit in units if isinstance(unit, int))
    sites = frozenset(unit for unit in units if isinstance(unit, UUID))
    return replace(look, only_facts=facts, only_sites=None if facts else sites)


def _subject(rule: Rule, kind: str, unit: str) -> str:
    return f"{rule.kind}.{kind}.{unit}"


def _sum(one: Counts, other: Counts) -> Counts:
    return one[0] + other[0], one[1] + other[1]
