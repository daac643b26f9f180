"""Use cases of computations: ask for a month anew, do it in the background, compare, publish by a second act."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, insert, or_, select, text, true

from backend.attendance.rates.errors import (
    ComputationOfDraft,
    ComputationOpen,
    ComputationStale,
    ComputationUnknown,
    RuleScopeInvalid,
    RuleVersionUnknown,
    SpanInvalid,
)
from backend.attendance.rates.figures import Figure, month_span
from backend.attendance.rates.force import PublishedRules
from backend.attendance.rates.queries import read_published, read_version
from backend.attendance.rates.recomputing import reckon_from_ledger
from backend.attendance.rates.rights import RULES, require_rows
from backend.attendance.rates.rule_model import digest_of
from backend.attendance.rates.schemas import ComputationBody, ComputationOut
from backend.attendance.rates.tables import (
    RateComputation,
    RateComputationEnd,
    RateFigure,
    RatePublication,
    RuleSetPublication,
)
from backend.identity.audit import record_act
from backend.identity.tables import RoleGrant
from backend.kit.canonical import digest
from backend.kit.clock import Clock
from backend.kit.db import AnyRow, Database, Tx, translate_violations
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.sites.queries import city_wide, live_grant, supervised_projects
from backend.sites.tables import Project

_ONE_BY_ONE: Final = "SELECT pg_advisory_xact_lock(hashtextextended('rate_publication', 0))"
_FEW: Final = 200


def read_month(month: str) -> date:
    """Return the first day of a month as `2026-03`; raises SpanInvalid."""
    try:
        return date.fromisoformat(f"{month}-01")
    except ValueError as error:
        raise SpanInvalid from error


async def ask_for_computation(tx: Tx, actor: Actor, body: ComputationBody, *, clock: Clock) -> ComputationOut:
    """Ask for a month anew, as it would be with a version published or not; the worker does it within a minute.

    Raises SpanInvalid, RuleScopeInvalid, RuleVersionUnknown, CityNeeded, DistrictUnknown or ProjectUnknown.
    """
    if body.district_id is not None and body.project_id is not None:
        raise RuleScopeInvalid
    if (body.rule_set_id is None) != (body.version is None):
        raise RuleVersionUnknown
    month = read_month(body.month)
    await require_rows(tx, actor, RULES, body.district_id, body.project_id)
    if body.rule_set_id is not None and body.version is not None:
        version = await read_version(tx, body.rule_set_id, body.version)
        if version is None:
            raise RuleVersionUnknown
        # Whoever may not set such rules does not see their effect either.
        await require_rows(tx, actor, RULES, version.district_id, version.project_id)
    now = clock.now()
    computation_id = new_id(now)
    await tx.execute(
        insert(RateComputation).values(
            id=computation_id,
            month=month,
            district_id=body.district_id,
            project_id=body.project_id,
            rule_set_id=body.rule_set_id,
            rule_version=body.version,
            reason=body.reason,
            asked_by=actor.account_id,
            asked_at=now,
        )
    )
    await record_act(
        tx,
        actor,
        "rate_computation.asked",
        "rate_computation",
        computation_id,
        {"month": body.month},
        clock=clock,
        project_id=body.project_id,
    )
    return computation_out(await find_computation(tx, actor, computation_id))


async def list_computations(tx: Tx, actor: Actor) -> list[ComputationOut]:
    """Return the latest computations of the rows that the actor supervises."""
    rows = await tx.execute(_seen(actor).order_by(RateComputation.no.desc()).limit(_FEW))
    return [computation_out(row) for row in rows]


async def publish_computation(
    tx: Tx, actor: Actor, computation_id: UUID, note: str | None, *, clock: Clock
) -> ComputationOut:
    """Publish a computation's figures in place of those that it was compared with.

    Raises ComputationUnknown, ComputationOpen, ComputationOfDraft or ComputationStale.
    """
    await tx.execute(text(_ONE_BY_ONE))
    row = await find_computation(tx, actor, computation_id)
    if row.ended_at is None:
        raise ComputationOpen
    if row.rule_set_id is not None:
        is_published = exists().where(
            RuleSetPublication.rule_set_id == row.rule_set_id, RuleSetPublication.version == row.rule_version
        )
        if not await tx.scalar(select(is_published)):
            raise ComputationOfDraft
    before, number = await find_published(tx, row)
    if number >= row.no:
        raise ComputationStale
    with translate_violations({"pk_rate_publication": ComputationStale}):
        await tx.execute(
            insert(RatePublication).values(
                computation_id=computation_id,
                replaces=before,
                note=note,
                published_by=actor.account_id,
                published_at=clock.now(),
            )
        )
    detail = {"digest": row.digest.hex(), "replaces": None if before is None else str(before)}
    await record_act(
        tx,
        actor,
        "rate_computation.published",
        "rate_computation",
        computation_id,
        detail,
        clock=clock,
        project_id=row.project_id,
    )
    return computation_out(await find_computation(tx, actor, computation_id))


async def run_computations(database: Database, clock: Clock) -> int:
    """Do what was asked for and is not done, each in its own transaction; return how many."""
    done = 0
    while True:
        async with database.transaction() as tx:
            await tx.execute(text("SELECT pg_advisory_xact_lock(hashtextextended('rate_computation', 0))"))
            open_ones = ~exists().where(RateComputationEnd.computation_id == RateComputation.id)
            row = (
                await tx.execute(select(RateComputation).where(open_ones).order_by(RateComputation.no).limit(1))
            ).one_or_none()
            if row is None:
                return done
            await _run(tx, row, clock)
        done += 1


async def _run(tx: Tx, row: AnyRow, clock: Clock) -> None:
    # The whole city's month is millions of rows; nobody waits for it.
    await tx.execute(text("SET LOCAL statement_timeout = '600s'"))
    versions = await read_published(tx)
    if row.rule_set_id is not None:
        candidate = await read_version(tx, row.rule_set_id, row.rule_version)
        if candidate is not None:
            versions = _with(versions, candidate)
    figures = await reckon_from_ledger(tx, await _projects(tx, row), month_span(row.month), published=versions)
    figures.sort(key=lambda one: (one.project_id, one.post_id, one.person_id))
    rows = [_stored(one) for one in figures]
    if rows:
        await tx.execute(insert(RateFigure), [{"computation_id": row.id, **values} for values in rows])
    used = {(one.rules.rule_set_id, one.rules.version): one.rules for one in figures}
    rules = [
        {
            "rule_set_id": None if set_id is None else str(set_id),
            "version": version,
            "digest": digest_of(one.rules).hex(),
        }
        for (set_id, version), one in used.items()
    ]
    plain = [{name: str(value) if isinstance(value, UUID) else value for name, value in one.items()} for one in rows]
    await tx.execute(
        insert(RateComputationEnd).values(
            computation_id=row.id, ended_at=clock.now(), figures=len(rows), rules=rules, digest=digest(plain)
        )
    )


def _with(versions: Sequence[PublishedRules], candidate: PublishedRules) -> list[PublishedRules]:
    """Return the versions as they would be if the candidate were the last one published."""
    others = [one for one in versions if (one.rule_set_id, one.version) != (candidate.rule_set_id, candidate.version)]
    rank = max((one.rank for one in others), default=0) + 1
    return [*others, replace(candidate, rank=rank)]


def _stored(one: Figure) -> dict[str, Any]:
    return {
        "project_id": one.project_id,
        "post_id": one.post_id,
        "person_id": one.person_id,
        "post_kind": one.post_kind,
        "rule_set_id": one.rules.rule_set_id,
        "rule_version": one.rules.version,
        "due": one.sums.due,
        "valid": one.sums.valid,
        "own": one.sums.own,
        "likely": one.sums.likely,
        "covered": one.sums.covered,
        "rate": one.rate,
        "verdict": one.verdict,
    }


async def _projects(tx: Tx, row: AnyRow) -> list[UUID] | None:
    if row.project_id is not None:
        return [row.project_id]
    if row.district_id is None:
        return None
    return list(await tx.scalars(select(Project.id).where(Project.district_id == row.district_id)))


async def find_published(tx: Tx, row: AnyRow, *, only: UUID | None = None) -> tuple[UUID | None, int]:
    """Return what is published of the same month for the same rows, with its number; the last publication holds.

    `only`: that one, if it was ever published.
    """
    query = (
        select(RatePublication.computation_id, RateComputation.no)
        .join(RateComputation, RateComputation.id == RatePublication.computation_id)
        .where(
            RateComputation.month == row.month,
            RateComputation.district_id.is_not_distinct_from(row.district_id),
            RateComputation.project_id.is_not_distinct_from(row.project_id),
            true() if only is None else RateComputation.id == only,
        )
        .order_by(RateComputation.no.desc())
        .limit(1)
    )
    found = (await tx.execute(query)).one_or_none()
    return (None, 0) if found is None else (found.computation_id, found.no)


def _reaches(actor: Actor) -> ColumnElement[bool]:
    of_district = select(RoleGrant.district_id).where(live_grant(actor, RULES), RoleGrant.district_id.is_not(None))
    return or_(
        city_wide(actor, RULES),
        RateComputation.district_id.in_(of_district),
        RateComputation.project_id.in_(supervised_projects(actor, RULES)),
    )


def _seen(actor: Actor) -> Select[*tuple[Any, ...]]:
    return (
        select(
            RateComputation.id,
            RateComputation.no,
            RateComputation.month,
            RateComputation.district_id,
            RateComputation.project_id,
            RateComputation.rule_set_id,
            RateComputation.rule_version,
            RateComputation.reason,
            RateComputation.asked_at,
            RateComputationEnd.ended_at,
            func.coalesce(RateComputationEnd.figures, 0).label("figures"),
            RateComputationEnd.rules,
            RateComputationEnd.digest,
            RatePublication.published_at,
            RatePublication.replaces,
        )
        .outerjoin(RateComputationEnd, RateComputationEnd.computation_id == RateComputation.id)
        .outerjoin(RatePublication, and_(RatePublication.computation_id == RateComputation.id))
        .where(_reaches(actor))
    )


async def find_computation(tx: Tx, actor: Actor, computation_id: UUID) -> AnyRow:
    """Return a computation to who supervises its rows; raises ComputationUnknown."""
    row = (await tx.execute(_seen(actor).where(RateComputation.id == computation_id))).one_or_none()
    if row is None:
        raise ComputationUnknown
    return row


def computation_out(row: AnyRow) -> ComputationOut:
    """Return a computation as callers see it."""
    return ComputationOut(
        computation_id=row.id,
        month=f"{row.month:%Y-%m}",
        district_id=row.district_id,
        project_id=row.project_id,
        rule_set_id=row.rule_set_id,
        version=row.rule_version,
        reason=row.reason,
        asked_at=row.asked_at,
        ended_at=row.ended_at,
        figures=row.figures,
        rules=row.rules or [],
        digest=None if row.digest is None else row.digest.hex(),
        published_at=row.published_at,
        replaces=row.replaces,
    )
