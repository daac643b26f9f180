"""Confirms new phones, locks lost ones, lists a person's phones; what was held back counts once one is confirmed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, cast
from uuid import UUID

from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.orm import aliased

from backend.decision.afterwards import UNCONFIRMED, reconsider
from backend.decision.ruling import Ruling
from backend.identity.audit import record_act
from backend.identity.phone_bindings import Awaits, EndReason, end_bindings
from backend.identity.tables import Account, Phone, PhoneBinding, PhoneKeyRow, SessionFamily
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.ledger.append import Connection, DayFolder
from backend.sites.errors import ProjectUnknown
from backend.sites.queries import find_project
from backend.sites.tables import Assignment
from mobile_api.errors import NothingToConfirm, OwnPhone, PhoneUnknown, WitnessUnfit
from mobile_api.ruling_again import RuledPunch, rule_again

SCOPE: Final = "sites.write"
MOST: Final = 2_000
"""Punches that one confirmation lets count; more than a phone makes in half a year."""

HELD = """
SELECT s.project_id, s.punch_id
FROM punch_status s
JOIN punch u ON u.project_id = s.project_id AND u.received_at = s.received_at AND u.punch_id = s.punch_id
JOIN ruling r ON r.project_id = s.project_id AND r.punch_id = s.punch_id AND r.ruling_id = s.ruling_id
WHERE s.person_id = %(person_id)s AND s.source = 'phone' AND s.outcome IN ('review', 'refused')
  AND s.occurred_at >= %(since)s::timestamptz - interval '1 day' AND u.source_id = %(phone_id)s AND r.ruled_by IS NULL
  AND r.reasons @> '[{"code": "decision.phone_unconfirmed"}]'
ORDER BY s.project_id, s.punch_id LIMIT %(most)s
"""


@dataclass(frozen=True, slots=True)
class PhoneOf:
    """A phone of a person with its newest binding."""

    id: UUID
    account_id: UUID
    person_id: UUID
    platform: Literal["android", "ios", "web"]
    locked_at: datetime | None
    binding_id: UUID
    bound_at: datetime
    ended_at: datetime | None
    end_reason: EndReason | None
    awaits: Awaits | None
    confirmed_at: datetime | None
    confirmed_how: Literal["admin", "witness"] | None
    has_key: bool


def _phones() -> Any:  # noqa: ANN401 - a SELECT
    later = aliased(PhoneBinding)
    newest = ~exists(
        select(later.id).where(
            later.phone_id == PhoneBinding.phone_id,
            or_(
                later.bound_at > PhoneBinding.bound_at,
                and_(later.bound_at == PhoneBinding.bound_at, later.id > PhoneBinding.id),
            ),
        )
    )
    has_key = exists(select(PhoneKeyRow.id).where(PhoneKeyRow.phone_id == Phone.id, PhoneKeyRow.ended_at.is_(None)))
    return (
        select(
            Phone.id,
            Phone.account_id,
            Account.person_id,
            Phone.platform,
            Phone.locked_at,
            PhoneBinding.id,
            PhoneBinding.bound_at,
            PhoneBinding.ended_at,
            PhoneBinding.end_reason,
            PhoneBinding.awaits,
            PhoneBinding.confirmed_at,
            PhoneBinding.confirmed_how,
            has_key,
        )
        .join(Account, Account.id == Phone.account_id)
        .join(PhoneBinding, PhoneBinding.phone_id == Phone.id)
        .where(newest)
        .order_by(PhoneBinding.bound_at.desc(), Phone.id)
    )


async def list_phones(tx: Tx, actor: Actor, project_id: UUID, person_id: UUID) -> list[PhoneOf]:
    """Return a person's phones, latest bound first; raises ProjectUnknown, or PhoneUnknown for who has no post here."""
    if await find_project(tx, actor, project_id, scope=SCOPE) is None:
        raise ProjectUnknown
    posted = select(Assignment.id).where(Assignment.project_id == project_id, Assignment.person_id == person_id)
    if (await tx.execute(posted.limit(1))).first() is None:
        raise PhoneUnknown
    return [PhoneOf(*row) for row in await tx.execute(_phones().where(Account.person_id == person_id).limit(100))]


async def _one(tx: Tx, actor: Actor, project_id: UUID, person_id: UUID, phone_id: UUID) -> PhoneOf:
    found = next((one for one in await list_phones(tx, actor, project_id, person_id) if one.id == phone_id), None)
    if found is None:
        raise PhoneUnknown
    # Acts on one account queue up.
    await tx.execute(select(Account.id).where(Account.id == found.account_id).with_for_update())
    return next(PhoneOf(*row) for row in await tx.execute(_phones().where(Phone.id == phone_id)))


async def confirm_phone(  # the path's three ids
    tx: Tx, actor: Actor, project_id: UUID, person_id: UUID, phone_id: UUID, *, clock: Clock, fold: DayFolder
) -> PhoneOf:
    """Confirm a new phone of a person; what it was held back for counts, by new rulings.

    Raises ProjectUnknown, PhoneUnknown, OwnPhone or NothingToConfirm.
    """
    phone = await _one(tx, actor, project_id, person_id, phone_id)
    if actor.person_id == phone.person_id:
        raise OwnPhone
    return await _confirm(tx, actor, phone, "admin", clock=clock, fold=fold)


async def confirm_as_witness(tx: Tx, actor: Actor, binding_id: UUID, *, clock: Clock, fold: DayFolder) -> PhoneOf:
    """Confirm a colleague's new phone, whose code the witness has read off it.

    Raises OwnPhone, WitnessUnfit or NothingToConfirm.
    """
    row = (await tx.execute(_phones().where(PhoneBinding.id == binding_id))).one_or_none()
    if row is None:
        raise NothingToConfirm
    phone = PhoneOf(*row)
    if actor.person_id == phone.person_id:
        raise OwnPhone
    today = clock.now().date()
    mine, theirs = aliased(Assignment), aliased(Assignment)
    shared = exists(
        select(mine.id)
        .join(theirs, theirs.project_id == mine.project_id)
        .where(
            mine.person_id == actor.person_id,
            theirs.person_id == phone.person_id,
            *(
                condition
                for one in (mine, theirs)
                for condition in (one.from_on <= today, or_(one.to_on.is_(None), one.to_on >= today))
            ),
        )
    )
    trusted = exists(
        select(SessionFamily.id)
        .join(PhoneBinding, PhoneBinding.phone_id == SessionFamily.phone_id)
        .where(
            SessionFamily.id == actor.family_id,
            SessionFamily.account_id == actor.account_id,
            SessionFamily.revoked_at.is_(None),
            PhoneBinding.ended_at.is_(None),
            or_(PhoneBinding.awaits.is_(None), PhoneBinding.confirmed_at.is_not(None)),
        )
    )
    # A number that may be somebody else's by now is for the admin, who knows the person, not for whoever stands by.
    if phone.awaits == "dormant" or not (await tx.execute(select(and_(shared, trusted)))).scalar_one():
        raise WitnessUnfit
    await tx.execute(select(Account.id).where(Account.id == phone.account_id).with_for_update())
    again = PhoneOf(*(await tx.execute(_phones().where(Phone.id == phone.id))).one())
    return await _confirm(tx, actor, again, "witness", clock=clock, fold=fold)


async def _confirm(
    tx: Tx, actor: Actor, phone: PhoneOf, how: Literal["admin", "witness"], *, clock: Clock, fold: DayFolder
) -> PhoneOf:
    now = clock.now()
    if phone.awaits is None or phone.confirmed_at is not None or phone.ended_at is not None:
        raise NothingToConfirm
    if phone.awaits == "dormant":
        others = await tx.scalars(
            select(Phone.id)
            .join(PhoneBinding, PhoneBinding.phone_id == Phone.id)
            .where(Phone.account_id == phone.account_id, Phone.id != phone.id, PhoneBinding.ended_at.is_(None))
        )
        await end_bindings(tx, list(others), "replaced", now)
    await tx.execute(
        update(PhoneBinding)
        .where(PhoneBinding.id == phone.binding_id)
        .values(confirmed_at=now, confirmed_by=actor.account_id, confirmed_how=how)
    )
    counted = await _rule_anew(tx, phone, now, fold)
    detail = {"account_id": phone.account_id, "how": how, "awaited": phone.awaits, "ruled_again": counted}
    await record_act(tx, actor, "phone.confirmed", "phone", phone.id, detail, clock=clock)
    return PhoneOf(*(await tx.execute(_phones().where(Phone.id == phone.id))).one())


async def _rule_anew(tx: Tx, phone: PhoneOf, now: datetime, fold: DayFolder) -> int:
    """Write new rulings for the punches that were held back for the phone alone; fold their days."""
    connection = cast("Connection", (await tx.get_raw_connection()).driver_connection)
    values = {"person_id": phone.person_id, "phone_id": phone.id, "since": phone.bound_at, "most": MOST}
    held = await (await connection.execute(HELD, values)).fetchall()

    def confirmed(punch: RuledPunch) -> Ruling | None:
        return reconsider(punch.reasons, punch.policy, without=UNCONFIRMED)

    return await rule_again(connection, [(row[0], row[1]) for row in held], confirmed, now, fold)


async def lock_phone(  # the path's three ids
    tx: Tx, actor: Actor, project_id: UUID, person_id: UUID, phone_id: UUID, reason: str, *, clock: Clock
) -> PhoneOf:
    """Lock a lost phone: its sessions end, nobody logs in with it, and what it signs from now on is in review.

    Locking it again changes nothing. Raises ProjectUnknown or PhoneUnknown.
    """
    phone = await _one(tx, actor, project_id, person_id, phone_id)
    if phone.locked_at is None:
        now = clock.now()
        await tx.execute(update(Phone).where(Phone.id == phone_id).values(locked_at=now, locked_by=actor.account_id))
        await end_bindings(tx, [phone_id], "locked", now)
        detail = {"account_id": phone.account_id, "reason": reason}
        await record_act(tx, actor, "phone.locked", "phone", phone_id, detail, clock=clock)
    return PhoneOf(*(await tx.execute(_phones().where(Phone.id == phone_id))).one())


async def unlock_phone(
    tx: Tx, actor: Actor, project_id: UUID, person_id: UUID, phone_id: UUID, *, clock: Clock
) -> PhoneOf:
    """Let a phone log in again; it is bound anew by that. Raises ProjectUnknown or PhoneUnknown."""
    phone = await _one(tx, actor, project_id, person_id, phone_id)
    if phone.locked_at is not None:
        await tx.execute(update(Phone).where(Phone.id == phone_id).values(locked_at=None, locked_by=None))
        detail = {"account_id": phone.account_id}
        await record_act(tx, actor, "phone.unlocked", "phone", phone_id, detail, clock=clock)
    return PhoneOf(*(await tx.execute(_phones().where(Phone.id == phone_id))).one())
