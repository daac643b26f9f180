"""Alarms of phones' keys, for those who look after a project: somebody else may have such a key."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, exists, or_, select

from backend.identity.tables import Account, Phone, PhoneKeyRow
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.errors import ProjectUnknown
from backend.sites.queries import find_project
from backend.sites.tables import Assignment, Person
from mobile_api.offline.tables import PhoneItem, PhoneKeyAlarm
from mobile_api.phone_care import SCOPE


@dataclass(frozen=True, slots=True)
class KeyAlarm:
    """A counter that stands twice in the chain of a key, with whose it is and the punches that share it."""

    id: UUID
    raised_at: datetime
    person_id: UUID
    person_name: str
    phone_id: UUID
    key_id: str
    counter: int
    locked_at: datetime | None
    punch_ids: list[UUID]


async def list_key_alarms(
    tx: Tx, actor: Actor, project_id: UUID, *, before: tuple[datetime, UUID] | None, limit: int
) -> list[KeyAlarm]:
    """Return the alarms of the keys of people posted on a project, latest first; raises ProjectUnknown.

    Punches of other projects are not named.
    """
    if await find_project(tx, actor, project_id, scope=SCOPE) is None:
        raise ProjectUnknown
    posted = exists(
        select(Assignment.id).where(Assignment.project_id == project_id, Assignment.person_id == Account.person_id)
    )
    query = (
        select(
            PhoneKeyAlarm.id,
            PhoneKeyAlarm.raised_at,
            Person.id.label("person_id"),
            Person.name.label("person_name"),
            Phone.id.label("phone_id"),
            PhoneKeyAlarm.key_id,
            PhoneKeyAlarm.counter,
            Phone.locked_at,
        )
        .join(PhoneKeyRow, PhoneKeyRow.id == PhoneKeyAlarm.key_id)
        .join(Phone, Phone.id == PhoneKeyRow.phone_id)
        .join(Account, Account.id == Phone.account_id)
        .join(Person, Person.id == Account.person_id)
        .where(posted)
        .order_by(PhoneKeyAlarm.raised_at.desc(), PhoneKeyAlarm.id.desc())
        .limit(limit)
    )
    if before is not None:
        at, alarm_id = before
        query = query.where(
            or_(
                PhoneKeyAlarm.raised_at < at,
                and_(PhoneKeyAlarm.raised_at == at, PhoneKeyAlarm.id < alarm_id),
            )
        )
    rows = (await tx.execute(query)).all()
    shared: dict[tuple[str, int], list[UUID]] = {}
    if rows:
        items = select(PhoneItem.key_id, PhoneItem.counter, PhoneItem.punch_id).where(
            PhoneItem.project_id == project_id,
            or_(*(and_(PhoneItem.key_id == row.key_id, PhoneItem.counter == row.counter) for row in rows)),
        )
        for key_id, counter, punch_id in await tx.execute(items.order_by(PhoneItem.received_at)):
            shared.setdefault((key_id, counter), []).append(punch_id)
    return [KeyAlarm(*row, punch_ids=shared.get((row.key_id, row.counter), [])) for row in rows]
