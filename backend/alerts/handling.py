"""What people do with the alerts in their inbox: read, acknowledge, snooze, resolve with a note."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal
from uuid import UUID

import msgspec
from sqlalchemy import func, text, update

from backend.alerts import inbox_queries as queries
from backend.alerts.errors import AlertResolved, AlertUnknown, SpanInvalid
from backend.alerts.inbox_queries import shown_of
from backend.alerts.schemas import (
    AlertOut,
    EvidenceOut,
    GroupDetail,
    GroupOut,
    InboxPage,
    StepOut,
)
from backend.alerts.tables import AlertInbox
from backend.alerts.wording import gravest, state_of, word_alert, word_group
from backend.kit import messages
from backend.kit.clock import Clock
from backend.kit.cursors import read_cursor, write_cursor
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page

LONGEST_SNOOZE: Final = timedelta(days=7)
Act = Literal["acknowledged", "snoozed", "resolved"]
_FROM: Final = {
    "acknowledged": frozenset({"open", "snoozed"}),
    "snoozed": frozenset({"open", "acknowledged", "snoozed"}),
    "resolved": frozenset({"open", "acknowledged", "snoozed"}),
}

STEP = """
WITH given AS (
  SELECT * FROM json_to_recordset(CAST(:given AS json)) AS g (project_id uuid, alert_id uuid, seq integer)
), stepped AS (
  INSERT INTO alert_step (project_id, alert_id, seq, kind, at, account_id, until_at, note)
  SELECT project_id, alert_id, seq, :kind, :now, :account_id, CAST(:until_at AS timestamptz), CAST(:note AS text)
  FROM given
)
UPDATE alert_state t SET state = :kind, seq = g.seq, next_at = CAST(:until_at AS timestamptz), changed_at = :now
FROM given g WHERE t.project_id = g.project_id AND t.alert_id = g.alert_id
"""

_encoder = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Handling:
    """What somebody does with a group: with all that he sees of it, or with some alerts of it alone."""

    act: Act
    alert_ids: frozenset[UUID] | None = None
    until_at: datetime | None = None
    note: str | None = None


async def list_inbox(
    tx: Tx, actor: Actor, *, language: str, only_open: bool, after: str | None, limit: int
) -> InboxPage:
    """Return one page of the actor's inbox, latest first; of each group what he may see now."""
    cursor = None if after is None else read_cursor(after)
    rows = await queries.list_groups(tx, actor, only_open=only_open, after=cursor, limit=limit + 1)
    alerts = await _alerts_of(tx, actor, [row.group_id for row in rows[:limit]])
    items = [_group(row, alerts[row.group_id], language) for row in rows[:limit] if alerts.get(row.group_id)]
    last = rows[limit - 1] if len(rows) > limit else None
    return InboxPage(
        items=items,
        unread=await queries.count_unread(tx, actor),
        next=None if last is None else write_cursor(last.added_at, last.group_id),
    )


async def show_group(tx: Tx, actor: Actor, group_id: UUID, *, language: str) -> GroupDetail:
    """Return a group with its alerts and what became of each; raises AlertUnknown."""
    row = await queries.find_group(tx, actor, group_id)
    alerts = (await _alerts_of(tx, actor, [group_id])).get(group_id)
    if row is None or not alerts:
        raise AlertUnknown
    steps: dict[UUID, list[StepOut]] = {}
    for step in await queries.list_steps(tx, actor, group_id):
        steps.setdefault(step.alert_id, []).append(_step(step, language))
    return GroupDetail(
        group=_group(row, alerts, language),
        alerts=[_alert(one, language, steps.get(one.id, [])) for one in alerts],
    )


async def mark_read(tx: Tx, actor: Actor, group_id: UUID, *, language: str, clock: Clock) -> GroupDetail:
    """Note that the actor has read a group as it stands; raises AlertUnknown."""
    await show_group(tx, actor, group_id, language=language)
    now = clock.now()
    await tx.execute(
        update(AlertInbox)
        .where(AlertInbox.account_id == actor.account_id, AlertInbox.group_id == group_id)
        .values(read_at=func.coalesce(AlertInbox.read_at, now))
    )
    return await show_group(tx, actor, group_id, language=language)


async def handle_group(
    tx: Tx, actor: Actor, group_id: UUID, handling: Handling, *, language: str, clock: Clock
) -> GroupDetail:
    """Take a step with the alerts of a group that the actor was told of and may see.

    What stands so already stays as it is, so that a repeated call changes nothing. Raises AlertUnknown, SpanInvalid, or
    AlertResolved when everything he names is resolved and he wants something else.
    """
    now = clock.now()
    until = handling.until_at
    if until is not None and not now < until <= now + LONGEST_SNOOZE:
        raise SpanInvalid
    rows = await queries.lock_states(tx, actor, group_id, handling.alert_ids)
    if not rows:
        raise AlertUnknown
    wanted = [row for row in rows if row.state in _FROM[handling.act]]
    if not wanted and handling.act != "resolved" and all(row.state == "resolved" for row in rows):
        raise AlertResolved
    if wanted:
        given = [{"project_id": row.project_id, "alert_id": row.alert_id, "seq": row.seq + 1} for row in wanted]
        values: dict[str, Any] = {
            "given": _encoder.encode(given).decode(),
            "kind": handling.act,
            "now": now,
            "account_id": actor.account_id,
            "until_at": until,
            "note": handling.note,
        }
        await tx.execute(text(STEP), values)
        await tx.execute(
            update(AlertInbox)
            .where(AlertInbox.group_id == group_id, AlertInbox.account_id != actor.account_id)
            .values(changed_at=now)
        )
    own = update(AlertInbox).where(AlertInbox.account_id == actor.account_id, AlertInbox.group_id == group_id)
    if handling.act == "snoozed":
        await tx.execute(own.values(read_at=func.coalesce(AlertInbox.read_at, now)))
    else:
        await tx.execute(
            own.values(
                read_at=func.coalesce(AlertInbox.read_at, now),
                acknowledged_at=func.coalesce(AlertInbox.acknowledged_at, now),
            )
        )
    return await show_group(tx, actor, group_id, language=language)


async def list_project_alerts(
    tx: Tx, actor: Actor, project_id: UUID, *, language: str, only_open: bool, after: str | None, limit: int
) -> Page[AlertOut]:
    """Return one page of a project's alerts that the actor may see, whoever was told, latest first."""
    cursor = None if after is None else read_cursor(after)
    rows = await queries.list_of_project(tx, actor, project_id, only_open=only_open, after=cursor, limit=limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    return Page(
        items=[_alert(row, language, []) for row in rows[:limit]],
        next=None if last is None else write_cursor(last.found_at, last.id),
    )


async def _alerts_of(tx: Tx, actor: Actor, groups: Collection[UUID]) -> dict[UUID, list[AnyRow]]:
    found: dict[UUID, list[AnyRow]] = {}
    if groups:
        for row in await queries.list_alerts(tx, actor, groups):
            found.setdefault(row.group_id, []).append(row)
    return found


def _group(row: AnyRow, alerts: Sequence[AnyRow], language: str) -> GroupOut:
    shown = [shown_of(one) for one in alerts]
    message = word_group(language, shown)
    states = [one.state for one in shown]
    return GroupOut(
        id=row.group_id,
        kind=row.kind,
        severity=gravest(shown),  # pyright: ignore[reportArgumentType] - the database's CHECK says so
        state=state_of(states),  # pyright: ignore[reportArgumentType] - likewise
        title=message.title,
        advice=message.advice,
        alerts=len(alerts),
        unresolved=sum(state != "resolved" for state in states),
        project_ids=sorted({one.project_id for one in alerts})[:50],
        added_at=row.added_at,
        changed_at=row.changed_at,
        read_at=row.read_at,
        acknowledged_at=row.acknowledged_at,
    )


def _alert(row: AnyRow, language: str, steps: list[StepOut]) -> AlertOut:
    message = word_alert(language, row.words, row.numbers)
    return AlertOut(
        id=row.id,
        group_id=row.group_id,
        project_id=row.project_id,
        project_name=row.project_name,
        kind=row.kind,
        severity=row.severity,
        state=row.state,
        title=message.title,
        advice=message.advice,
        person_id=row.person_id,
        gate_id=row.device_id,
        occurred_at=row.occurred_at,
        found_at=row.found_at,
        level=row.level,
        snoozed_until=row.next_at if row.state == "snoozed" else None,
        evidence=[EvidenceOut(path=one["path"]) for one in row.evidence],
        steps=steps,
    )


def _step(row: AnyRow, language: str) -> StepOut:
    return StepOut(
        kind=row.kind,
        at=row.at,
        by=row.display_name,
        until_at=row.until_at,
        level=row.level,
        note=row.note,
        cause=None if row.cause is None else messages.text(language, row.cause).title,
    )
