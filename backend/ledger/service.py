"""Use cases of the ledger for staff: read punches with their history, rule on one."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from backend.kit.clock import Clock
from backend.kit.cursors import read_cursor, write_cursor
from backend.kit.db import AnyRow, Database, Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.ledger import queries
from backend.ledger.append import DayFolder
from backend.ledger.errors import PunchUnknown, RulingOnOwnParty, RulingStale, TimeQuarantined
from backend.ledger.partitions import in_ledger_transaction
from backend.ledger.rulings import NewRuling, write_ruling
from backend.ledger.schemas import AttributionOut, PunchFile, PunchLine, ReasonWords, RulingOut, RulingRequest
from backend.ledger.wording import reason_title
from backend.sites.errors import ProjectUnknown
from backend.sites.queries import find_project

SPAN = timedelta(days=31)


def _words(language: str, reasons: Iterable[Mapping[str, Any]]) -> list[ReasonWords]:
    return [ReasonWords(code=str(one["code"]), title=reason_title(language, one)) for one in reasons]


def _line(row: AnyRow, language: str) -> PunchLine:
    return PunchLine(
        punch_id=row.punch_id,
        person_id=row.attributed_to,
        person_name=row.person_name,
        source=row.source,
        direction=row.direction,
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        time_quality=row.time_quality,
        redated_to=row.counts_at if row.time_quality == "quarantined" and not row.quarantined else None,
        outcome=row.outcome,
        lane=row.lane,
        fence_version_id=row.fence_version_id,
        signed_distance_m=row.signed_distance_m,
        probability=row.probability,
        accuracy_m=row.accuracy_m,
        chainage_m=row.chainage_m,
        offset_m=row.offset_m,
        signals=row.signals,
        reasons=row.reasons,
        words=_words(language, row.reasons),
    )


async def list_project_punches(  # noqa: PLR0913 - the list's filters
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    *,
    clock: Clock,
    language: str,
    since: datetime | None,
    until: datetime | None,
    person_id: UUID | None,
    outcome: str | None,
    after: str | None,
    limit: int,
) -> Page[PunchLine]:
    """Return one page of a project's punches by time of receipt, latest first; a month back unless told otherwise."""
    await _require_project(tx, actor, project_id, "ledger.read")
    last = until or clock.now() + timedelta(seconds=1)
    rows = await queries.list_punches(
        tx,
        actor,
        project_id,
        # Nothing came in before the year 1, and it has no month before it either.
        since=since or (last - SPAN if last.year > 1 else last),
        until=last,
        person_id=person_id,
        outcome=outcome,
        before=None if after is None else read_cursor(after),
        limit=limit + 1,
    )
    lines = [_line(row, language) for row in rows[:limit]]
    end = lines[-1] if len(rows) > limit else None
    return Page(items=lines, next=None if end is None else write_cursor(end.received_at, end.punch_id))


async def _require_project(tx: Tx, actor: Actor, project_id: UUID, scope: str) -> None:
    if await find_project(tx, actor, project_id, scope=scope) is None:
        raise ProjectUnknown


async def show_punch(
    tx: Tx, actor: Actor, project_id: UUID, punch_id: UUID, *, language: str, scope: str = queries.READ
) -> PunchFile:
    """Return all that the ledger holds about a punch; raises ProjectUnknown or PunchUnknown."""
    await _require_project(tx, actor, project_id, scope)
    row = await queries.find_punch(tx, actor, project_id, punch_id, scope=scope)
    if row is None:
        raise PunchUnknown
    rulings = [
        RulingOut(
            ruling_id=one.ruling_id,
            seq=one.seq,
            outcome=one.outcome,
            reasons=one.reasons,
            words=_words(language, one.reasons),
            policy_version=one.policy_version,
            ruled_at=one.ruled_at,
            ruled_by=one.ruled_by,
            note=one.note,
        )
        for one in await queries.list_rulings(tx, project_id, punch_id)
    ]
    return PunchFile(
        punch=_line(row, language),
        project_id=project_id,
        source_id=row.source_id,
        event_key=row.event_key,
        device_time=row.device_time,
        direction_source=row.direction_source,
        trust=row.trust,
        method=row.method,
        granted=row.granted,
        policy_version=row.policy_version,
        covered=row.covered,
        sigma_m=row.sigma_m,
        payload_digest=row.payload_digest.hex(),
        private_digest=None if row.private_digest is None else row.private_digest.hex(),
        rulings=rulings,
        attributions=[
            AttributionOut(
                attribution_id=one.attribution_id,
                person_id=one.person_id,
                occurred_at=one.occurred_at,
                made_by=one.made_by,
                made_at=one.made_at,
                reason=one.reason,
            )
            for one in await queries.list_attributions(tx, project_id, punch_id)
        ],
    )


async def rule_on_punch(
    database: Database,
    actor: Actor,
    project_id: UUID,
    punch_id: UUID,
    command: RulingRequest,
    *,
    language: str,
    clock: Clock,
    fold: DayFolder,
) -> PunchFile:
    """Write a named person's ruling as a new row, move the punch's state to it and fold its day, all or nothing.

    Raises NotFound for another's project, PunchUnknown, RulingStale when the punch was ruled on since `seq`,
    RulingOnOwnParty when the supervising party would decide on its own people or on somebody who might be one of them,
    and TimeQuarantined for counting a
    punch whose time cannot be.
    """
    async with database.transaction() as tx:
        before = await show_punch(tx, actor, project_id, punch_id, language=language, scope=queries.RULE)
        if not await queries.may_rule(tx, actor, project_id, before.punch.person_id):
            raise RulingOnOwnParty
    if before.rulings[-1].seq != command.seq:
        raise RulingStale
    in_doubt = before.punch.time_quality == "quarantined" and before.punch.redated_to is None
    if command.outcome == "counted" and in_doubt:
        raise TimeQuarantined
    now = clock.now()
    ruling = NewRuling(
        project_id=project_id,
        punch_id=punch_id,
        seq=command.seq,
        outcome=command.outcome,
        by=actor.account_id,
        note=command.note,
    )

    async def attempt() -> None:
        async with database.connection() as connection, connection.transaction():
            if (day := await write_ruling(connection, ruling, now)) is not None:
                await fold(connection, [day], now)

    await in_ledger_transaction(database, attempt, received=(now.date(),), buckets=())
    async with database.transaction() as tx:
        return await show_punch(tx, actor, project_id, punch_id, language=language, scope=queries.RULE)
