"""Use cases of rule sets: draft, add a version, publish, list; presets."""

from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, insert, or_, select
from sqlalchemy.orm import aliased

from backend.attendance.rates.errors import (
    RuleBodyInvalid,
    RuleScopeInvalid,
    RuleSetUnknown,
    RuleVersionMoved,
    RuleVersionPublished,
    RuleVersionUnknown,
    SpanInvalid,
)
from backend.attendance.rates.rights import RULES, require_rows
from backend.attendance.rates.rule_model import RuleBody, as_stored, check_rules, digest_of, read_rules
from backend.attendance.rates.rule_schemas import (
    DraftBody,
    PresetOut,
    PublicationBody,
    RuleSetBody,
    RuleSetOut,
    RuleVersionOut,
    VersionBody,
)
from backend.attendance.rates.shipped import preset_of, presets
from backend.attendance.rates.tables import RuleSet, RuleSetPublication, RuleSetVersion
from backend.identity.audit import record_act
from backend.identity.tables import Account
from backend.kit.clock import Clock
from backend.kit.db import AnyRow, Tx, translate_violations
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.sites.queries import visible_districts, visible_projects

READ = "attendance.read"


def list_presets(language: str) -> list[PresetOut]:
    """Return the presets in the language of the reader."""
    chinese = language == "zh-CN"
    return [
        PresetOut(
            preset=name,
            place=one.place,
            name=one.name_zh if chinese else one.name_en,
            checked=one.checked,
            source=one.source,
            says=one.says_zh if chinese else one.says_en,
            left_out=one.left_out_zh if chinese else one.left_out_en,
            rules=one.body,
        )
        for name, one in presets().items()
    ]


async def draft_rule_set(tx: Tx, actor: Actor, body: RuleSetBody, *, clock: Clock) -> RuleSetOut:
    """Make a rule set with a first draft.

    Raises RuleScopeInvalid, RuleBodyInvalid, PresetUnknown, SpanInvalid, CityNeeded, DistrictUnknown or ProjectUnknown.
    """
    if body.district_id is not None and body.project_id is not None:
        raise RuleScopeInvalid
    rules = _rules(body)
    await require_rows(tx, actor, RULES, body.district_id, body.project_id)
    now = clock.now()
    rule_set_id = new_id(now)
    await tx.execute(
        insert(RuleSet).values(
            id=rule_set_id,
            name=body.name,
            district_id=body.district_id,
            project_id=body.project_id,
            created_by=actor.account_id,
            created_at=now,
        )
    )
    await _add_version(tx, actor, rule_set_id, 1, body, rules, clock=clock, project_id=body.project_id)
    return await show_rule_set(tx, actor, rule_set_id)


async def add_version(tx: Tx, actor: Actor, rule_set_id: UUID, body: VersionBody, *, clock: Clock) -> RuleSetOut:
    """Add a draft to a rule set; what was published stays as it is.

    Raises RuleSetUnknown, RuleVersionMoved, RuleBodyInvalid, PresetUnknown, SpanInvalid, CityNeeded, DistrictUnknown or
    ProjectUnknown.
    """
    rules = _rules(body)
    row = await _own(tx, actor, rule_set_id)
    last = await tx.scalar(select(func.max(RuleSetVersion.version)).where(RuleSetVersion.rule_set_id == rule_set_id))
    if last != body.based_on:
        raise RuleVersionMoved(version=last)
    version = body.based_on + 1
    with translate_violations({"pk_rule_set_version": RuleVersionMoved}, version=version):
        await _add_version(tx, actor, rule_set_id, version, body, rules, clock=clock, project_id=row.project_id)
    return await show_rule_set(tx, actor, rule_set_id)


async def publish_version(
    tx: Tx, actor: Actor, rule_set_id: UUID, body: PublicationBody, *, clock: Clock
) -> RuleSetOut:
    """Publish a version: from then on it is what figures are reckoned by; figures that were published stay.

    Raises RuleSetUnknown, RuleVersionUnknown, RuleVersionPublished, CityNeeded, DistrictUnknown or ProjectUnknown.
    """
    row = await _own(tx, actor, rule_set_id)
    known = await tx.scalar(
        select(RuleSetVersion.digest).where(
            RuleSetVersion.rule_set_id == rule_set_id, RuleSetVersion.version == body.version
        )
    )
    if known is None:
        raise RuleVersionUnknown
    with translate_violations({"pk_rule_set_publication": RuleVersionPublished}):
        await tx.execute(
            insert(RuleSetPublication).values(
                rule_set_id=rule_set_id,
                version=body.version,
                published_by=actor.account_id,
                published_at=clock.now(),
            )
        )
    detail = {"version": body.version, "digest": known.hex()}
    await record_act(
        tx, actor, "rule_set.published", "rule_set", rule_set_id, detail, clock=clock, project_id=row.project_id
    )
    return await show_rule_set(tx, actor, rule_set_id)


async def list_rule_sets(tx: Tx, actor: Actor) -> list[RuleSetOut]:
    """Return the rule sets of the city and of what the actor reaches, by name, versions newest first."""
    return _gathered(list((await tx.execute(_seen(actor))).all()))


async def show_rule_set(tx: Tx, actor: Actor, rule_set_id: UUID) -> RuleSetOut:
    """Return a rule set; raises RuleSetUnknown."""
    found = _gathered(list((await tx.execute(_seen(actor).where(RuleSet.id == rule_set_id))).all()))
    if not found:
        raise RuleSetUnknown
    return found[0]


def _rules(body: DraftBody) -> RuleBody:
    if body.valid_to is not None and body.valid_to < body.valid_from:
        raise SpanInvalid
    if (body.rules is None) == (body.preset is None):
        raise RuleBodyInvalid(reason="either rules or preset")
    rules = preset_of(body.preset).body if body.preset is not None else body.rules
    if rules is None:
        raise RuleBodyInvalid(reason="rules")
    check_rules(rules)
    return rules


async def _own(tx: Tx, actor: Actor, rule_set_id: UUID) -> AnyRow:
    """Return the rule set if the actor may change it."""
    row = (
        await tx.execute(
            select(RuleSet.district_id, RuleSet.project_id).where(RuleSet.id == rule_set_id, _reached(actor))
        )
    ).one_or_none()
    if row is None:
        raise RuleSetUnknown
    await require_rows(tx, actor, RULES, row.district_id, row.project_id)
    return row


async def _add_version(
    tx: Tx,
    actor: Actor,
    rule_set_id: UUID,
    version: int,
    body: DraftBody,
    rules: RuleBody,
    *,
    clock: Clock,
    project_id: UUID | None,
) -> None:
    digest = digest_of(rules)
    await tx.execute(
        insert(RuleSetVersion).values(
            rule_set_id=rule_set_id,
            version=version,
            valid_from=body.valid_from,
            valid_to=body.valid_to,
            body=as_stored(rules),
            digest=digest,
            preset=body.preset,
            note=body.note,
            drafted_by=actor.account_id,
            drafted_at=clock.now(),
        )
    )
    detail = {"version": version, "digest": digest.hex(), "valid_from": body.valid_from.isoformat()}
    await record_act(tx, actor, "rule_set.drafted", "rule_set", rule_set_id, detail, clock=clock, project_id=project_id)


def _reached(actor: Actor) -> ColumnElement[bool]:
    """Limit rule sets to those of the city and of districts and projects that the actor sees."""
    return or_(
        and_(RuleSet.district_id.is_(None), RuleSet.project_id.is_(None)),
        RuleSet.district_id.in_(visible_districts(actor)),
        RuleSet.project_id.in_(visible_projects(actor, READ)),
    )


def _seen(actor: Actor) -> Select[*tuple[Any, ...]]:
    author, publisher = aliased(Account), aliased(Account)
    query = (
        select(
            RuleSet.id,
            RuleSet.name,
            RuleSet.district_id,
            RuleSet.project_id,
            RuleSetVersion.version,
            RuleSetVersion.valid_from,
            RuleSetVersion.valid_to,
            RuleSetVersion.body,
            RuleSetVersion.digest,
            RuleSetVersion.preset,
            RuleSetVersion.note,
            RuleSetVersion.drafted_at,
            author.display_name.label("drafted_by"),
            RuleSetPublication.published_at,
            publisher.display_name.label("published_by"),
        )
        .join(RuleSetVersion, RuleSetVersion.rule_set_id == RuleSet.id)
        .join(author, author.id == RuleSetVersion.drafted_by)
        .outerjoin(
            RuleSetPublication,
            and_(
                RuleSetPublication.rule_set_id == RuleSetVersion.rule_set_id,
                RuleSetPublication.version == RuleSetVersion.version,
            ),
        )
        .outerjoin(publisher, publisher.id == RuleSetPublication.published_by)
        .order_by(RuleSet.name, RuleSet.id, RuleSetVersion.version.desc())
        .limit(2000)
    )
    return query.where(_reached(actor))


def _gathered(rows: list[AnyRow]) -> list[RuleSetOut]:
    found: dict[UUID, RuleSetOut] = {}
    for row in rows:
        one = found.setdefault(
            row.id,
            RuleSetOut(
                rule_set_id=row.id,
                name=row.name,
                district_id=row.district_id,
                project_id=row.project_id,
                versions=[],
            ),
        )
        one.versions.append(
            RuleVersionOut(
                version=row.version,
                valid_from=row.valid_from,
                valid_to=row.valid_to,
                rules=read_rules(row.body),
                digest=row.digest.hex(),
                preset=row.preset,
                note=row.note,
                drafted_at=row.drafted_at,
                drafted_by=row.drafted_by,
                published_at=row.published_at,
                published_by=row.published_by,
            )
        )
    return list(found.values())
