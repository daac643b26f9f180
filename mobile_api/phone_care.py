"""Confirms new phones, locks lost ones, lists a person's phones; what was held back counts once one is confirmed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal, LiteralString, cast
from uuid import UUID

import msgspec
from sqlalchemy import and_, exists, or_, select, update
from sqlalchemy.orm import aliased

from backend.decision.confirmation import reconsider_confirmed
from backend.decision.policy import DEFAULT_POLICY, SitePolicy
from backend.identity.audit import record_act
from backend.identity.phone_bindings import Awaits, EndReason, end_bindings
from backend.identity.tables import Account, Phone, PhoneBinding, PhoneKeyRow, SessionFamily
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.ledger.append import Connection, DayFolder
from backend.ledger.model import DayKey, is_dated
from backend.sites.errors import ProjectUnknown
from backend.sites.model import day_bounds, work_on
from backend.sites.queries import find_project
from backend.sites.tables import Assignment
from mobile_api.errors import NothingToConfirm, OwnPhone, PhoneUnknown, WitnessUnfit

SCOPE: Final = "sites.write"
MOST: Final = 2_000
"""Punches that one confirmation lets count; more than a phone makes in half a year."""

HELD: LiteralString = """
SELECT s.project_id, s.punch_id, s.seq, r.reasons::text, r.policy_version, pol.body, p.time_zone, p.cutover
FROM punch_status s
JOIN punch u ON u.project_id = s.project_id AND u.received_at = s.received_at AND u.punch_id = s.punch_id
JOIN ruling r ON r.project_id = s.project_id AND r.punch_id = s.punch_id AND r.ruling_id = s.ruling_id
JOIN project p ON p.id = s.project_id
LEFT JOIN site_policy pol ON pol.project_id = s.project_id AND pol.version = r.policy_version
WHERE s.person_id = %(person_id)s AND s.source = 'phone' AND s.outcome IN ('review', 'refused')
  AND s.occurred_at >= %(since)s::timestamptz - interval '1 day' AND u.source_id = %(phone_id)s AND r.ruled_by IS NULL
  AND r.reasons @> '[{"code": "decision.phone_unconfirmed"}]'
ORDER BY s.project_id, s.punch_id LIMIT %(most)s
"""

# A ruling that somebody made in the meantime stands: the state is no longer at the seq that was looked at.
RULE: LiteralString = """
WITH given AS MATERIALIZED (
  SELECT * FROM json_to_recordset(%(given)s::text::json) AS g (project_id uuid, punch_id uuid, seq integer,
    ruling_id uuid, outcome text, reasons jsonb, policy_version integer)
), moved AS (
  UPDATE punch_status s SET ruling_id = g.ruling_id, seq = s.seq + 1, outcome = g.outcome
  FROM given g WHERE s.project_id = g.project_id AND s.punch_id = g.punch_id AND s.seq = g.seq
  RETURNING s.project_id, s.punch_id, s.seq, s.person_id, s.occurred_at, s.ruling_id
), ruled AS (
  INSERT INTO ruling (project_id, ruled_at, ruling_id, punch_id, seq, outcome, reasons, policy_version)
  SELECT m.project_id, %(now)s, m.ruling_id, m.punch_id, m.seq, g.outcome, g.reasons, g.policy_version
  FROM moved m JOIN given g USING (project_id, punch_id)
), told AS (
  INSERT INTO ledger_outbox (project_id, kind, entry_id, recorded_at)
  SELECT project_id, 'ruling', ruling_id, %(now)s FROM moved ORDER BY ruling_id
)
SELECT m.project_id, m.person_id, m.occurred_at, p.time_zone, p.cutover
FROM moved m JOIN project p ON p.id = m.project_id
"""

_encoder = msgspec.json.Encoder()
_reasons = msgspec.json.Decoder(list[dict[str, Any]])


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
    given: list[dict[str, Any]] = []
    for project_id, punch_id, seq, reasons, version, body, *_ in await (
        await connection.execute(HELD, values)
    ).fetchall():
        policy = DEFAULT_POLICY if body is None else msgspec.convert(body, SitePolicy)
        ruling = reconsider_confirmed(_reasons.decode(reasons), policy)
        if ruling is not None:
            given.append(
                {
                    "project_id": project_id,
                    "punch_id": punch_id,
                    "seq": seq,
                    "ruling_id": new_id(now),
                    "outcome": ruling.outcome,
                    "reasons": [reason.wire() for reason in ruling.reasons],
                    "policy_version": version,
                }
            )
    if not given:
        return 0
    ruled = await connection.execute(RULE, {"given": _encoder.encode(given).decode(), "now": now})
    moved = await ruled.fetchall()
    if keys := _days_of(moved):
        await fold(connection, keys, now)
    return len(moved)


def _days_of(moved: Sequence[Sequence[Any]]) -> list[DayKey]:
    keys: set[DayKey] = set()
    for project_id, person_id, occurred_at, time_zone, cutover in moved:
        # A time outside of the ledger's years belongs to no day.
        if is_dated(occurred_at):
            day = work_on(occurred_at, time_zone, cutover)
            keys.add(DayKey(project_id, person_id, day, *day_bounds(day, time_zone, cutover)))
    return sorted(keys)


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
