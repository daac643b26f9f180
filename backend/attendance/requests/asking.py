"""The three things a person can ask for, each with its own checks: a make-up, an appeal, leave."""

from calendar import monthrange
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, cast
from uuid import UUID

from sqlalchemy import select

from backend.attendance.requests import errors, filing_queries, queries
from backend.attendance.requests.clocks import last_day
from backend.attendance.requests.commands import AppealBody, Claim, LeaveBody, MakeUpBody
from backend.attendance.requests.filing import (
    Desk,
    Draft,
    posts_on,
    require_photos,
    require_term,
    rule_of,
    write_filing,
)
from backend.attendance.requests.kinds import CHOSEN, DISTRICT_LEVEL, PARTY_LEVEL
from backend.attendance.requests.quotas import Taken, black_out_of, days_of, first_excess
from backend.attendance.requests.rules import AppealRule, LeaveRule, MakeUpRule, rule_in_force
from backend.kit.db import Tx
from backend.ledger.queries import CURRENT
from backend.ledger.tables import PunchStatus, Ruling
from backend.sites.errors import DatesReversed

_DAY: Final = timedelta(days=1)
_OLDEST: Final = timedelta(days=400)
"""Nothing older is looked at: no term is so long, and no calendar has to be asked about the year 1."""
_DISPUTED: Final = frozenset({"refused", "review"})


async def file_make_up(tx: Tx, desk: Desk, body: MakeUpBody) -> None:
    """Ask for a missing punch.

    Raises NoPostThen, NotYet, TermOver, MakeUpsUsed, ClaimTaken, PhotoMissing, PhotoUnknown or RequestIdTaken.
    """
    on = _past_day(desk, body.at)
    rule, rule_id = await rule_of(tx, desk, "make_up", on)
    rule = cast("MakeUpRule", rule)
    posts = await posts_on(tx, desk, on)
    require_term(desk, on, rule.file_within)
    first, last = on.replace(day=1), on.replace(day=monthrange(on.year, on.month)[1])
    used = await filing_queries.count_make_ups(tx, desk.site.id, desk.person_id, first, last)
    if used >= rule.per_month:
        raise errors.MakeUpsUsed(quota=rule.per_month, month=f"{on:%Y-%m}")
    await require_photos(tx, desk, body.photos, wanted=body.reason in rule.photo_for)
    draft = Draft(
        kind="make_up",
        reason=body.reason,
        first_on=on,
        last_on=on,
        posts=posts,
        rule_id=rule_id,
        due_on=last_day(desk.calendar, desk.today, rule.decide_within),
        claims=[Claim(direction=body.direction, at=body.at)],
    )
    await write_filing(tx, desk, body, draft)


async def file_appeal(tx: Tx, desk: Desk, body: AppealBody) -> None:
    """Dispute a ruling on one's punch, a day that is missing, or a refusal.

    Raises NothingToAppeal, ClaimInvalid, NoPostThen, NotYet, TermOver, AppealedAlready, ClaimTaken, PhotoUnknown or
    RequestIdTaken.
    """
    given = (body.punch_id is not None, bool(body.claims), body.decision_id is not None)
    if given != (body.against == "punch", body.against == "day", body.against == "decision"):
        raise errors.NothingToAppeal
    level = PARTY_LEVEL
    if body.punch_id is not None:
        subject = f"punch:{body.punch_id}"
        on, began_on = await _disputed_punch(tx, desk, body.punch_id)
    elif body.decision_id is not None:
        subject = f"decision:{body.decision_id}"
        on, began_on, level = await _disputed_decision(tx, desk, body.decision_id)
    else:
        on = began_on = _claimed_day(desk, body.claims)
        subject = f"day:{on}"
    rules = await filing_queries.list_rules(tx, desk.site)
    rule, rule_id = rule_in_force(rules, "appeal", desk.today)
    rule = cast("AppealRule", rule)
    # Whoever was told a last day is held to that one, whatever term began to hold since.
    told, _ = rule_in_force(rules, "appeal", began_on)
    require_term(desk, began_on, cast("AppealRule", told).file_within)
    posts = await posts_on(tx, desk, on)
    await require_photos(tx, desk, body.photos, wanted=False)
    draft = Draft(
        kind="appeal",
        reason=body.reason,
        first_on=on,
        last_on=on,
        posts=posts,
        rule_id=rule_id,
        due_on=last_day(desk.calendar, desk.today, rule.decide_within),
        level=level,
        claims=body.claims,
        against=body.against,
        punch_id=body.punch_id,
        decision_id=body.decision_id,
        subject=subject,
    )
    await write_filing(tx, desk, body, draft)


async def file_leave(tx: Tx, desk: Desk, body: LeaveBody) -> None:
    """Ask for days off.

    Raises DatesReversed, LeaveTooLong, LeaveTooLate, NoPostThen, LeaveBlackedOut, LeaveQuotaUsed, YearQuotaUsed,
    DeputyMissing, DeputyUnfit, LeaveOverlaps, PhotoMissing, PhotoUnknown or RequestIdTaken.
    """
    if body.last_on < body.first_on:
        raise DatesReversed
    rule, rule_id = await rule_of(tx, desk, "leave", desk.today)
    rule = cast("LeaveRule", rule)
    asked = Taken(body.kind, body.first_on, body.last_on)
    _require_leave_days(desk, rule, asked)
    held = await posts_on(tx, desk, body.first_on)
    posts = [kind for kind, _ in held]
    black_outs = await filing_queries.list_black_outs(tx, desk.site, body.first_on, body.last_on)
    if (out := black_out_of(black_outs, posts, asked)) is not None:
        raise errors.LeaveBlackedOut(name=out.name, first_on=out.first_on.isoformat(), last_on=out.last_on.isoformat())
    await _require_quota(tx, desk, rule, posts, asked)
    await _require_deputy(tx, desk, rule, held, body)
    await require_photos(tx, desk, body.photos, wanted=body.kind in rule.photo_for)
    draft = Draft(
        kind="leave",
        reason=body.kind,
        first_on=body.first_on,
        last_on=body.last_on,
        posts=held,
        rule_id=rule_id,
        due_on=last_day(desk.calendar, desk.today, rule.decide_within),
        deputy_id=body.deputy_id,
        counted_days=len(days_of(desk.calendar, rule, body.first_on, body.last_on)),
    )
    await write_filing(tx, desk, body, draft)


def _past_day(desk: Desk, at: datetime) -> date:
    """Return the site's day of an instant that is over and not out of all time."""
    if at > desk.now:
        raise errors.NotYet
    if at < desk.now - _OLDEST:
        raise errors.TermOver(until=(desk.today - _OLDEST).isoformat())
    return desk.day_of(at)


def _claimed_day(desk: Desk, claims: Sequence[Claim]) -> date:
    """Return the one day of the claims; in comes before out."""
    days = {_past_day(desk, claim.at) for claim in claims}
    by_way = {claim.direction: claim.at for claim in claims}
    reversed_ = len(by_way) > 1 and by_way["out"] <= by_way["in"]
    if len(days) != 1 or len(by_way) != len(claims) or reversed_:
        raise errors.ClaimInvalid
    return days.pop()


async def _disputed_punch(tx: Tx, desk: Desk, punch_id: UUID) -> tuple[date, date]:
    """Return the day of one's own punch that does not count, and the day of the ruling that says so."""
    row = (
        await tx.execute(
            select(PunchStatus.occurred_at, PunchStatus.outcome, Ruling.ruled_at)
            .join(Ruling, CURRENT)
            .where(
                PunchStatus.project_id == desk.site.id,
                PunchStatus.punch_id == punch_id,
                PunchStatus.person_id == desk.person_id,
                ~PunchStatus.quarantined,
            )
        )
    ).one_or_none()
    if row is None or row.outcome not in _DISPUTED:
        raise errors.NothingToAppeal
    return desk.day_of(row.occurred_at), desk.day_of(row.ruled_at)


async def _disputed_decision(tx: Tx, desk: Desk, decision_id: UUID) -> tuple[date, date, int]:
    """Return the first day of one's own refused request, the day of its refusal, and who decides on the dispute.

    Make-ups and leave are looked at anew by another party of the project, not by who refused them; a refused appeal
    goes one office up, and that of the city is the last.
    """
    row = await queries.find_request(tx, desk.site.id, decision_id)
    if row is None or row.person_id != desk.person_id or row.state != "rejected":
        raise errors.NothingToAppeal
    level = PARTY_LEVEL
    if row.kind == "appeal":
        level = row.level + 1
        if level > DISTRICT_LEVEL + 1:
            raise errors.NothingToAppeal
    return row.first_on, desk.day_of(row.changed_at), level


def _require_leave_days(desk: Desk, rule: LeaveRule, asked: Taken) -> None:
    if (asked.last_on - asked.first_on).days >= rule.longest_days:
        raise errors.LeaveTooLong(days=rule.longest_days)
    ahead = rule.notice_days if asked.kind in CHOSEN else -rule.late_days
    earliest = desk.today + timedelta(days=ahead)
    if asked.first_on < earliest:
        raise errors.LeaveTooLate(first_on=earliest.isoformat())
    if asked.first_on > desk.today + _OLDEST:
        raise errors.LeaveTooLong(days=rule.longest_days)


async def _require_quota(tx: Tx, desk: Desk, rule: LeaveRule, posts: list[str], asked: Taken) -> None:
    since, until = date(asked.first_on.year, 1, 1), date(asked.last_on.year, 12, 31)
    taken = await filing_queries.list_taken(tx, desk.site.id, desk.person_id, since, until)
    excess = first_excess(desk.calendar, rule, posts, asked, taken)
    if excess is None:
        return
    detail = {"quota": excess.quota, "used": excess.used, "asked": excess.asked, "span": excess.of}
    raise errors.LeaveQuotaUsed(**detail) if excess.span == "month" else errors.YearQuotaUsed(**detail)


async def _require_deputy(tx: Tx, desk: Desk, rule: LeaveRule, held: list[tuple[str, UUID]], body: LeaveBody) -> None:
    fitting = rule.deputies_for(kind for kind, _ in held)
    if body.deputy_id is None:
        if fitting is not None and body.kind in CHOSEN:
            raise errors.DeputyMissing
        return
    wanted = fitting or frozenset(kind for kind, _ in held)
    party_id = held[0][1]
    could = await filing_queries.list_deputies(
        tx, desk.site.id, party_id, desk.person_id, wanted, body.first_on, body.last_on
    )
    if body.deputy_id not in {row.id for row in could}:
        raise errors.DeputyUnfit
