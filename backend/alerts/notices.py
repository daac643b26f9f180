"""Composes what a channel tells one account of one group, with the rights that the account has at that moment."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from backend.alerts.inbox_queries import actor_of, list_alerts
from backend.alerts.recipients import read_preferences
from backend.alerts.wording import Shown, gravest, word_group
from backend.kit.db import AnyRow, Tx

# Whether what it told of is settled, and whether the account ever heard of it.
HEARD = """
SELECT EXISTS (SELECT FROM alert_outbox WHERE account_id = :account_id AND group_id = :group_id AND outcome = 'sent')
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What is told: `group_id` is the tag by which a later notice replaces this one."""

    account_id: UUID
    group_id: UUID
    kind: str
    severity: str
    language: str
    title: str
    body: str
    alerts: int
    unresolved: int
    occurred_at: datetime


async def compose_notice(tx: Tx, account_id: UUID, group_id: UUID) -> Notice | None:
    """Return what to tell an account of a group now; None when there is nothing to tell.

    That is so when the account is disabled, sees nothing of it any more, or everything of it is settled
    and the account never heard of it. Only what the account may see now is counted, named and worded.
    """
    actor = await actor_of(tx, account_id)
    if actor is None:
        return None
    rows = await list_alerts(tx, actor, [group_id])
    if not rows:
        return None
    shown = [shown_of(row) for row in rows]
    unresolved = sum(one.state != "resolved" for one in shown)
    if not unresolved:
        heard = await tx.execute(text(HEARD), {"account_id": account_id, "group_id": group_id})
        if not heard.scalar_one():
            return None
    language = (await read_preferences(tx, {account_id}))[account_id].language
    message = word_group(language, shown)
    return Notice(
        account_id=account_id,
        group_id=group_id,
        kind=shown[0].kind,
        severity=gravest(shown),
        language=language,
        title=message.title,
        body=message.advice,
        alerts=len(shown),
        unresolved=unresolved,
        occurred_at=rows[0].occurred_at,
    )


def shown_of(row: AnyRow) -> Shown:
    """Return an alert's row as its words need it."""
    return Shown(
        kind=row.kind,
        fact_key=row.fact_key,
        words=row.words,
        numbers=row.numbers,
        severity=row.severity,
        state=row.state,
        project_name=row.project_name,
    )
