"""Whom an entry of the inbox was told to: who has read it, and what became of the messages on the way to each."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import and_, exists, func, select, true
from sqlalchemy.orm import aliased

from backend.alerts.channels.tables import AlertAttempt, AlertAttemptOutcome, AlertDelivery
from backend.alerts.errors import AlertUnknown
from backend.alerts.inbox_queries import find_group, sees_alert
from backend.alerts.recipients import HANDLE
from backend.alerts.tables import Alert, AlertInbox, AlertOutbox, AlertRecipient
from backend.identity.tables import Account
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Wire

DeliveryState = Literal["waiting", "delivered", "dead_address", "failed", "given_up", "dropped"]


class DeliveryOut(Wire, frozen=True, kw_only=True):
    """A message on its way to one address: `at` is what was last heard of it, `reason` why it did not arrive."""

    channel: str
    state: DeliveryState
    at: datetime
    attempts: int
    reason: str | None


class ToldOut(Wire, frozen=True, kw_only=True):
    """Somebody in whose inbox the entry lies, since when; `stands_in_for` names whom he was told instead of."""

    name: str
    stands_in_for: str | None
    told_at: datetime
    read_at: datetime | None
    acknowledged_at: datetime | None
    deliveries: list[DeliveryOut]


async def list_told(tx: Tx, actor: Actor, group_id: UUID) -> list[ToldOut]:
    """Return everybody who was told of what the actor may handle of an entry, first told first; raises AlertUnknown."""
    seen = and_(
        AlertRecipient.group_id == group_id,
        exists(
            select(Alert.id).where(
                Alert.project_id == AlertRecipient.project_id,
                Alert.id == AlertRecipient.alert_id,
                sees_alert(actor, HANDLE),
            )
        ),
    )
    instead = aliased(Account)
    people = await tx.execute(
        select(
            AlertInbox.account_id,
            Account.display_name,
            func.min(instead.display_name).label("stands_in_for"),
            AlertInbox.added_at,
            AlertInbox.read_at,
            AlertInbox.acknowledged_at,
        )
        .join(Account, Account.id == AlertInbox.account_id)
        .join(AlertRecipient, and_(AlertRecipient.account_id == AlertInbox.account_id, seen))
        .outerjoin(instead, instead.id == AlertRecipient.for_account_id)
        .where(AlertInbox.group_id == group_id)
        .group_by(AlertInbox.account_id, AlertInbox.group_id, Account.id)
        .order_by(AlertInbox.added_at, Account.display_name, AlertInbox.account_id)
    )
    found = people.all()
    if not found or await find_group(tx, actor, group_id) is None:
        raise AlertUnknown
    messages = await _deliveries(tx, group_id)
    return [
        ToldOut(
            name=row.display_name,
            stands_in_for=row.stands_in_for,
            told_at=row.added_at,
            read_at=row.read_at,
            acknowledged_at=row.acknowledged_at,
            deliveries=messages.get(row.account_id, []),
        )
        for row in found
    ]


async def _deliveries(tx: Tx, group_id: UUID) -> dict[UUID, list[DeliveryOut]]:
    last = (
        select(AlertAttempt.begun_at, AlertAttemptOutcome.at, AlertAttemptOutcome.reason)
        .outerjoin(
            AlertAttemptOutcome,
            and_(AlertAttemptOutcome.delivery_id == AlertAttempt.delivery_id, AlertAttemptOutcome.n == AlertAttempt.n),
        )
        .where(AlertAttempt.delivery_id == AlertDelivery.id)
        .order_by(AlertAttempt.n.desc())
        .limit(1)
        .lateral("last")
    )
    rows = await tx.execute(
        select(
            AlertOutbox.account_id,
            AlertDelivery.channel,
            AlertDelivery.state,
            AlertDelivery.attempts,
            func.coalesce(last.c.at, last.c.begun_at, AlertDelivery.created_at).label("heard_at"),
            last.c.reason,
        )
        .join(AlertDelivery, AlertDelivery.outbox_id == AlertOutbox.id)
        .outerjoin(last, true())
        .where(AlertOutbox.group_id == group_id)
        .order_by(AlertDelivery.created_at, AlertDelivery.id)
    )
    of_account: dict[UUID, list[DeliveryOut]] = {}
    for row in rows:
        of_account.setdefault(row.account_id, []).append(
            DeliveryOut(
                channel=row.channel,
                state=row.state,
                at=row.heard_at,
                attempts=row.attempts,
                reason=None if row.state == "delivered" else row.reason,
            )
        )
    return of_account
