"""Sets and shows the settings of rules: for the city, a district or a project, from now or later."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import and_, insert, or_, select

from backend.alerts.errors import RuleInPast, RuleKindUnknown, RuleScopeInvalid
from backend.alerts.model import RuleKind
from backend.alerts.schemas import RuleBody, RuleKindOut, RuleOut
from backend.alerts.settings import KINDS, read_settings
from backend.alerts.tables import AlertRule
from backend.identity.audit import record_act
from backend.identity.tables import Account, RoleGrant
from backend.kit import messages
from backend.kit.clock import Clock
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.sites.errors import CityNeeded, DistrictUnknown, ProjectUnknown
from backend.sites.queries import city_wide, live_grant, supervised_projects
from backend.sites.tables import District, Project

SET: Final = "alerts.rules"
GRACE: Final = timedelta(minutes=5)
FARTHEST: Final = timedelta(days=366)


async def list_rules(tx: Tx, actor: Actor, *, language: str) -> list[RuleKindOut]:
    """Return every rule with the platform's own settings and those that were set for rows of the actor."""
    stored: dict[str, list[RuleOut]] = {}
    for row in await _stored(tx, actor):
        stored.setdefault(row.kind, []).append(_rule(row))
    rules: list[RuleKindOut] = []
    for kind in KINDS:
        words = messages.text(language, f"alerts.kind_{kind}")
        own = msgspec.to_builtins(read_settings(kind, {}))
        rules.append(
            RuleKindOut(kind=kind, title=words.title, advice=words.advice, platform=own, set=stored.get(kind, []))
        )
    return rules


async def set_rule(tx: Tx, actor: Actor, kind: str, body: RuleBody, *, clock: Clock) -> RuleOut:
    """Store a setting of a rule; of those for the same place that are valid, the last one set holds.

    Raises RuleKindUnknown, RuleScopeInvalid, RuleInPast, RuleSettingsInvalid, CityNeeded, DistrictUnknown or
    ProjectUnknown.
    """
    known = require_kind(kind)
    if body.district_id is not None and body.project_id is not None:
        raise RuleScopeInvalid
    now = clock.now()
    valid_from = body.valid_from or now
    if not now - GRACE <= valid_from <= now + FARTHEST:
        raise RuleInPast
    settings = read_settings(known, body.settings)
    await require_rows(tx, actor, SET, body.district_id, body.project_id)
    # What was asked for, in the form in which it will be read again: the rest stays the platform's own.
    given: dict[str, Any] = {
        name: value for name, value in msgspec.to_builtins(settings).items() if name in body.settings
    }
    rule_id = new_id(now)
    await tx.execute(
        insert(AlertRule).values(
            id=rule_id,
            kind=known,
            district_id=body.district_id,
            project_id=body.project_id,
            valid_from=max(valid_from, now),
            body=given,
            set_by=actor.account_id,
            set_at=now,
        )
    )
    detail = {"kind": known, "district_id": body.district_id, "valid_from": max(valid_from, now).isoformat()}
    await record_act(
        tx, actor, "alert_rule.set", "alert_rule", rule_id, detail, clock=clock, project_id=body.project_id
    )
    row = (await tx.execute(_columns().where(AlertRule.id == rule_id))).one()
    return _rule(row)


def require_kind(kind: str) -> RuleKind:
    """Return the kind of rule of that name; raises RuleKindUnknown."""
    for known in KINDS:
        if known == kind:
            return known
    raise RuleKindUnknown


async def require_rows(tx: Tx, actor: Actor, scope: str, district_id: UUID | None, project_id: UUID | None) -> None:
    """See to it that the actor supervises the district, the project, or (neither named) the city.

    Raises CityNeeded, DistrictUnknown or ProjectUnknown.
    """
    if project_id is not None:
        query = supervised_projects(actor, scope).where(Project.id == project_id).limit(1)
        if (await tx.execute(query)).first() is None:
            raise ProjectUnknown
    elif district_id is not None:
        query = (
            select(District.id)
            .join(RoleGrant, or_(_whole_city(), RoleGrant.district_id == District.id))
            .where(live_grant(actor, scope), District.id == district_id)
            .limit(1)
        )
        if (await tx.execute(query)).first() is None:
            raise DistrictUnknown
    elif not (await tx.execute(select(city_wide(actor, scope)))).scalar_one():
        raise CityNeeded


def _whole_city() -> Any:  # noqa: ANN401 - a condition in SQL
    return and_(RoleGrant.district_id.is_(None), RoleGrant.project_id.is_(None))


def _columns() -> Any:  # noqa: ANN401 - a SELECT
    return select(
        AlertRule.id,
        AlertRule.kind,
        AlertRule.district_id,
        AlertRule.project_id,
        AlertRule.valid_from,
        AlertRule.set_at,
        AlertRule.body,
        Account.display_name,
    ).join(Account, Account.id == AlertRule.set_by)


async def _stored(tx: Tx, actor: Actor) -> Sequence[AnyRow]:
    """Return the settings of the city, and those of districts and projects that the actor supervises."""
    districts = (
        select(District.id)
        .join(RoleGrant, or_(_whole_city(), RoleGrant.district_id == District.id))
        .where(live_grant(actor, SET))
    )
    query = (
        _columns()
        .where(
            or_(
                and_(AlertRule.district_id.is_(None), AlertRule.project_id.is_(None)),
                AlertRule.district_id.in_(districts),
                AlertRule.project_id.in_(supervised_projects(actor, SET)),
            )
        )
        .order_by(AlertRule.kind, AlertRule.set_at.desc(), AlertRule.id)
        .limit(500)
    )
    return (await tx.execute(query)).all()


def _rule(row: AnyRow) -> RuleOut:
    return RuleOut(
        id=row.id,
        kind=row.kind,
        district_id=row.district_id,
        project_id=row.project_id,
        valid_from=row.valid_from,
        set_at=row.set_at,
        set_by=row.display_name,
        settings=row.body,
    )
