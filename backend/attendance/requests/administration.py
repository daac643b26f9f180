"""Sets and shows the rules of requests, and the days on which nobody takes leave."""

from datetime import date, timedelta
from typing import Final, cast
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, and_, insert, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from backend.attendance.requests.errors import (
    BlackOutLifted,
    BlackOutUnknown,
    PlaceInvalid,
    RuleInPast,
    RuleKindUnknown,
)
from backend.attendance.requests.kinds import RuleKind
from backend.attendance.requests.rules import RULES, read_rule
from backend.attendance.requests.schemas import BlackOutBody, BlackOutOut, RuleBody, RuleKindOut, RuleOut
from backend.attendance.requests.showing import words
from backend.attendance.requests.tables import LeaveBlackOut, RequestRule
from backend.identity.audit import record_act
from backend.identity.tables import Account
from backend.kit.clock import Clock
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.sites.errors import DatesReversed
from backend.sites.model import DEFAULT_CUTOVER, DEFAULT_TIME_ZONE, work_on
from backend.sites.posts import post_kind
from backend.sites.queries import visible_projects
from backend.sites.supervision import require_supervision, supervised_districts

SET: Final = "requests.rules"
READ: Final = "requests.read"
FARTHEST: Final = timedelta(days=366)


async def list_rules(tx: Tx, actor: Actor, *, language: str) -> list[RuleKindOut]:
    """Return each kind of rule with the platform's own settings and those set for the city and the actor's rows."""
    stored: dict[str, list[RuleOut]] = {}
    query = (
        select(RequestRule, Account.display_name)
        .join(Account, Account.id == RequestRule.set_by)
        .where(_of_actor(actor, RequestRule.district_id, RequestRule.project_id))
        .order_by(RequestRule.kind, RequestRule.valid_from.desc(), RequestRule.set_at.desc())
        .limit(500)
    )
    for row in await tx.execute(query):
        stored.setdefault(row.kind, []).append(_rule(row, row.display_name))
    return [
        RuleKindOut(
            kind=kind,
            title=words(language, f"rule_{kind}"),
            platform=msgspec.to_builtins(rule()),
            set=stored.get(kind, []),
        )
        for kind, rule in RULES.items()
    ]


async def set_rule(tx: Tx, actor: Actor, kind: str, body: RuleBody, *, clock: Clock) -> RuleOut:
    """Set a rule from today or later; what was decided by another one stays as it is.

    Raises RuleKindUnknown, PlaceInvalid, RuleInPast, RuleInvalid, CityNeeded, DistrictUnknown or ProjectUnknown.
    """
    if kind not in RULES:
        raise RuleKindUnknown
    if body.district_id is not None and body.project_id is not None:
        raise PlaceInvalid
    now = clock.now()
    today = work_on(now, DEFAULT_TIME_ZONE, DEFAULT_CUTOVER)
    valid_from = body.valid_from or today
    if not today <= valid_from <= today + FARTHEST:
        raise RuleInPast
    read = msgspec.to_builtins(read_rule(cast("RuleKind", kind), body.settings))
    await require_supervision(tx, actor, SET, district_id=body.district_id, project_id=body.project_id)
    values = {
        "id": new_id(now),
        "kind": kind,
        "district_id": body.district_id,
        "project_id": body.project_id,
        "valid_from": valid_from,
        # What was asked for, in the form in which it will be read again: the rest stays the platform's own.
        "body": {name: value for name, value in read.items() if name in body.settings},
        "set_by": actor.account_id,
        "set_at": now,
    }
    row = (await tx.execute(insert(RequestRule).values(**values).returning(RequestRule))).one()
    detail = {"kind": kind, "district_id": body.district_id, "valid_from": valid_from.isoformat()}
    await record_act(
        tx, actor, "request_rule.set", "request_rule", row.id, detail, clock=clock, project_id=body.project_id
    )
    by = await tx.scalar(select(Account.display_name).where(Account.id == actor.account_id))
    return _rule(row, by or "")


async def list_black_outs(tx: Tx, actor: Actor, *, since: date | None, clock: Clock) -> list[BlackOutOut]:
    """Return the days without leave of the city and of the actor's rows that end today or later (or after `since`)."""
    first = since or work_on(clock.now(), DEFAULT_TIME_ZONE, DEFAULT_CUTOVER)
    query = (
        select(LeaveBlackOut)
        .where(LeaveBlackOut.last_on >= first, _of_actor(actor, LeaveBlackOut.district_id, LeaveBlackOut.project_id))
        .order_by(LeaveBlackOut.first_on, LeaveBlackOut.id)
        .limit(500)
    )
    return [_black_out(row) for row in await tx.execute(query)]


async def set_black_out(tx: Tx, actor: Actor, body: BlackOutBody, *, clock: Clock) -> BlackOutOut:
    """Say that nobody takes leave on some days; leave that is asked for already stays.

    Raises PlaceInvalid, DatesReversed, PostKindUnknown, CityNeeded, DistrictUnknown or ProjectUnknown.
    """
    if body.district_id is not None and body.project_id is not None:
        raise PlaceInvalid
    if body.last_on < body.first_on:
        raise DatesReversed
    posts = [post_kind(code).code for code in dict.fromkeys(body.posts)]
    await require_supervision(tx, actor, SET, district_id=body.district_id, project_id=body.project_id)
    now = clock.now()
    values = {
        "id": new_id(now),
        "district_id": body.district_id,
        "project_id": body.project_id,
        "first_on": body.first_on,
        "last_on": body.last_on,
        "name": body.name,
        "posts": posts,
        "set_by": actor.account_id,
        "set_at": now,
    }
    row = (await tx.execute(insert(LeaveBlackOut).values(**values).returning(LeaveBlackOut))).one()
    detail = {"first_on": body.first_on.isoformat(), "last_on": body.last_on.isoformat()}
    await record_act(
        tx, actor, "leave_black_out.set", "leave_black_out", row.id, detail, clock=clock, project_id=body.project_id
    )
    return _black_out(row)


async def lift_black_out(tx: Tx, actor: Actor, black_out_id: UUID, *, clock: Clock) -> BlackOutOut:
    """Let people take leave on these days again.

    Raises BlackOutUnknown, BlackOutLifted, CityNeeded, DistrictUnknown or ProjectUnknown.
    """
    query = select(LeaveBlackOut).where(
        LeaveBlackOut.id == black_out_id, _of_actor(actor, LeaveBlackOut.district_id, LeaveBlackOut.project_id)
    )
    known = (await tx.execute(query.with_for_update())).one_or_none()
    if known is None:
        raise BlackOutUnknown
    await require_supervision(tx, actor, SET, district_id=known.district_id, project_id=known.project_id)
    if known.lifted_at is not None:
        raise BlackOutLifted
    row = (
        await tx.execute(
            update(LeaveBlackOut)
            .where(LeaveBlackOut.id == black_out_id)
            .values(lifted_by=actor.account_id, lifted_at=clock.now())
            .returning(LeaveBlackOut)
        )
    ).one()
    await record_act(
        tx, actor, "leave_black_out.lifted", "leave_black_out", row.id, clock=clock, project_id=row.project_id
    )
    return _black_out(row)


def _of_actor(
    actor: Actor, district_id: InstrumentedAttribute[UUID | None], project_id: InstrumentedAttribute[UUID | None]
) -> ColumnElement[bool]:
    """Limit rules to the city's, which concern everybody, and those of the actor's districts and projects."""
    return or_(
        and_(district_id.is_(None), project_id.is_(None)),
        district_id.in_(supervised_districts(actor, READ)),
        project_id.in_(visible_projects(actor, READ)),
    )


def _rule(row: AnyRow, set_by: str) -> RuleOut:
    return RuleOut(
        rule_id=row.id,
        kind=row.kind,
        district_id=row.district_id,
        project_id=row.project_id,
        valid_from=row.valid_from,
        settings=row.body,
        set_by=set_by,
        set_at=row.set_at,
    )


def _black_out(row: AnyRow) -> BlackOutOut:
    return BlackOutOut(
        black_out_id=row.id,
        district_id=row.district_id,
        project_id=row.project_id,
        first_on=row.first_on,
        last_on=row.last_on,
        name=row.name,
        posts=list(row.posts),
        set_at=row.set_at,
        lifted_at=row.lifted_at,
    )
