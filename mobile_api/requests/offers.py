"""Says what a person can ask for on a project today: reasons, terms, what is left of quotas, who could stand in."""

from calendar import monthrange
from collections.abc import Iterable
from datetime import date
from typing import cast, get_args
from uuid import UUID

import msgspec

from backend.attendance.requests import filing_queries
from backend.attendance.requests.filing import Desk, posts_on, rule_of
from backend.attendance.requests.kinds import AppealReason, LeaveKind, MakeUpReason
from backend.attendance.requests.quotas import spent_on
from backend.attendance.requests.rules import LeaveRule, MakeUpRule, rule_in_force
from backend.attendance.requests.schemas import DeputyOut, OfferOut, QuotaOut, TakenOut, WordsOut
from backend.attendance.requests.showing import words
from backend.attendance.requests.terms import filing_since
from backend.kit.db import Tx
from backend.sites.errors import DatesReversed
from backend.sites.posts import POST_KINDS


async def show_offer(tx: Tx, desk: Desk, *, language: str) -> OfferOut:
    """Return what can be asked for."""
    today, project_id, person_id = desk.today, desk.site.id, desk.person_id
    rules = await filing_queries.list_rules(tx, desk.site)
    make_up = cast("MakeUpRule", rule_in_force(rules, "make_up", today)[0])
    leave = cast("LeaveRule", rule_in_force(rules, "leave", today)[0])
    first, last = today.replace(day=1), today.replace(day=monthrange(today.year, today.month)[1])
    used = await filing_queries.count_make_ups(tx, project_id, person_id, first, last)
    year = (date(today.year, 1, 1), date(today.year, 12, 31))
    taken = sorted(await filing_queries.list_taken(tx, project_id, person_id, *year), key=lambda one: one.first_on)
    posts = [kind for kind, _ in await filing_queries.posts_held(tx, project_id, person_id, today)]
    return OfferOut(
        project_id=project_id,
        today=today,
        make_up_reasons=_worded(language, "make_up", get_args(MakeUpReason)),
        make_up_since=filing_since(desk.calendar, rules, "make_up", today),
        make_ups_left=max(0, make_up.per_month - used),
        photo_for=[*make_up.photo_for, *leave.photo_for],
        appeal_reasons=_worded(language, "appeal", get_args(AppealReason)),
        appeal_since=filing_since(desk.calendar, rules, "appeal", today),
        leave_kinds=_worded(language, "leave", get_args(LeaveKind)),
        leave_rule=msgspec.to_builtins(leave),
        leave_taken=[TakenOut(kind=one.kind, first_on=one.first_on, last_on=one.last_on) for one in taken],
        leave_quotas=[
            QuotaOut(kinds=list(one.kinds), span=one.span, of=one.of, quota=one.quota, used=one.used)
            for one in spent_on(desk.calendar, leave, posts, taken, today)
        ],
    )


async def list_deputies(tx: Tx, desk: Desk, first_on: date, last_on: date, *, language: str) -> list[DeputyOut]:
    """Return who could stand in on all of these days; raises NoPostThen or DatesReversed."""
    if last_on < first_on:
        raise DatesReversed
    held = await posts_on(tx, desk, first_on)
    leave = cast("LeaveRule", (await rule_of(tx, desk, "leave", desk.today))[0])
    kinds = [kind for kind, _ in held]
    wanted = leave.deputies_for(kinds) or frozenset(kinds)
    rows = await filing_queries.list_deputies(tx, desk.site.id, held[0][1], desk.person_id, wanted, first_on, last_on)
    found: dict[UUID, DeputyOut] = {}
    for row in rows:
        title = POST_KINDS[row.kind].zh if language == "zh-CN" else POST_KINDS[row.kind].en
        found.setdefault(row.id, DeputyOut(person_id=row.id, name=row.name, post_kind=row.kind, post_title=title))
    return list(found.values())


def _worded(language: str, kind: str, codes: Iterable[str]) -> list[WordsOut]:
    return [WordsOut(code=code, title=words(language, f"{kind}_{code}")) for code in codes]
