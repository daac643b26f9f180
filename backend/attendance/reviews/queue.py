"""The queue of punches in review, for those who decide on them: oldest first, with reasons, evidence and age."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import JSONB

from backend.attendance.requests.clocks import last_day
from backend.attendance.requests.rules import DatedRule
from backend.attendance.requests.terms import list_term_rules, review_term
from backend.attendance.reviews.schemas import ProofOut, ReasonOut, ReviewOut
from backend.evidence.photos.tables import PhotoUse
from backend.evidence.ways.tables import PresenceProof, PresenceProofUse
from backend.kit import messages
from backend.kit.cursors import write_cursor
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.ledger.queries import CURRENT, OF_STATUS, RULE
from backend.ledger.tables import Punch, PunchStatus, Ruling
from backend.ledger.wording import reason_title
from backend.sites.calendar_days import read_calendar
from backend.sites.model import work_on
from backend.sites.person_rights import decides_as_supervisor
from backend.sites.queries import supervised_projects, visible_projects
from backend.sites.tables import Person, Project
from backend.sites.working_days import WorkCalendar


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueFilter:
    """What the queue is narrowed to; `waiting_h` keeps those that have waited for so many hours."""

    district_id: UUID | None = None
    project_id: UUID | None = None
    person_id: UUID | None = None
    reason: str | None = None
    waiting_h: int | None = None


async def show_queue(
    tx: Tx,
    actor: Actor,
    wanted: QueueFilter,
    *,
    after: tuple[datetime, UUID] | None,
    limit: int,
    language: str,
    now: datetime,
) -> Page[ReviewOut]:
    """Return one page of what the actor may decide on, by time of receipt, oldest first."""
    rows = await _list(tx, actor, wanted, after=after, limit=limit + 1, now=now)
    shown = rows[:limit]
    photos = await _photos(tx, shown)
    rules, calendar = await list_term_rules(tx), await read_calendar(tx)
    items = [_review(row, photos.get(row.punch_id, []), rules, calendar, language, now) for row in shown]
    end = shown[-1] if len(rows) > limit else None
    return Page(items=items, next=None if end is None else write_cursor(end.received_at, end.punch_id))


async def _list(
    tx: Tx, actor: Actor, wanted: QueueFilter, *, after: tuple[datetime, UUID] | None, limit: int, now: datetime
) -> Sequence[AnyRow]:
    project_id, person_id = PunchStatus.project_id, PunchStatus.person_id
    conditions = [
        PunchStatus.outcome == "review",
        project_id.in_(visible_projects(actor, RULE)),
        or_(
            project_id.in_(supervised_projects(actor, RULE)), decides_as_supervisor(actor, RULE, project_id, person_id)
        ),
    ]
    if actor.person_id is not None:
        conditions.append(person_id.is_distinct_from(actor.person_id))
    for column, value in (
        (project_id, wanted.project_id),
        (Project.district_id, wanted.district_id),
        (person_id, wanted.person_id),
    ):
        if value is not None:
            conditions.append(column == value)
    if wanted.reason is not None:
        conditions.append(Ruling.reasons.cast(JSONB).contains([{"code": wanted.reason}]))
    if wanted.waiting_h is not None:
        conditions.append(Ruling.ruled_at <= now - timedelta(hours=wanted.waiting_h))
    if after is not None:
        conditions.append(tuple_(PunchStatus.received_at, PunchStatus.punch_id) > after)
    query = (
        select(
            PunchStatus.project_id,
            PunchStatus.punch_id,
            PunchStatus.received_at,
            PunchStatus.seq,
            PunchStatus.person_id,
            PunchStatus.occurred_at,
            PunchStatus.direction,
            PunchStatus.source,
            PunchStatus.quarantined,
            Punch.time_quality,
            Punch.signals,
            Punch.fence_version_id,
            Punch.signed_distance_m,
            Punch.accuracy_m,
            Punch.probability,
            Punch.chainage_m,
            Punch.offset_m,
            Punch.trust,
            Punch.method,
            Ruling.reasons,
            Ruling.ruled_at,
            Person.name.label("person_name"),
            Project.name.label("project_name"),
            Project.district_id,
            Project.time_zone,
            Project.cutover,
            PresenceProof.id.label("proof_id"),
            PresenceProof.way,
            PresenceProof.outcome.label("proof_outcome"),
            PresenceProof.trust.label("proof_trust"),
        )
        .join(Punch, OF_STATUS)
        .join(Ruling, CURRENT)
        .join(Project, Project.id == PunchStatus.project_id)
        .outerjoin(Person, Person.id == PunchStatus.person_id)
        .outerjoin(
            PresenceProofUse,
            and_(
                PresenceProofUse.project_id == PunchStatus.project_id,
                PresenceProofUse.punch_id == PunchStatus.punch_id,
            ),
        )
        .outerjoin(
            PresenceProof,
            and_(
                PresenceProof.project_id == PresenceProofUse.project_id,
                PresenceProof.id == PresenceProofUse.proof_id,
            ),
        )
        .where(*conditions)
        .order_by(PunchStatus.received_at, PunchStatus.punch_id)
        .limit(limit)
    )
    return (await tx.execute(query)).all()


async def _photos(tx: Tx, rows: Sequence[AnyRow]) -> dict[UUID, list[str]]:
    found: dict[UUID, list[str]] = {}
    if not rows:
        return found
    query = (
        select(PhotoUse.punch_id, func.encode(PhotoUse.sha256, "hex"))
        .where(
            PhotoUse.project_id.in_({row.project_id for row in rows}),
            PhotoUse.punch_id.in_([row.punch_id for row in rows]),
        )
        .order_by(PhotoUse.punch_id, PhotoUse.sha256)
    )
    for row in await tx.execute(query):
        found.setdefault(row[0], []).append(row[1])
    return found


def _review(
    row: AnyRow,
    photos: list[str],
    rules: Sequence[DatedRule],
    calendar: WorkCalendar,
    language: str,
    now: datetime,
) -> ReviewOut:
    began_on, today = (work_on(at, row.time_zone, row.cutover) for at in (row.ruled_at, now))
    term = review_term(rules, row.project_id, row.district_id, today)
    return ReviewOut(
        project_id=row.project_id,
        project_name=row.project_name,
        district_id=row.district_id,
        punch_id=row.punch_id,
        seq=row.seq,
        person_id=row.person_id,
        person_name=row.person_name,
        source=row.source,
        direction=row.direction,
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        time_quality=row.time_quality,
        dated=not row.quarantined,
        reasons=[
            ReasonOut(
                code=one["code"],
                title=reason_title(language, one),
                numbers={name: value for name, value in one.items() if name != "code"},
            )
            for one in row.reasons
        ],
        signals=row.signals,
        fence_version_id=row.fence_version_id,
        signed_distance_m=row.signed_distance_m,
        accuracy_m=row.accuracy_m,
        probability=row.probability,
        chainage_m=row.chainage_m,
        offset_m=row.offset_m,
        place=_place(language, row.signed_distance_m),
        trust=row.trust,
        method=row.method,
        proof=None
        if row.proof_id is None
        else ProofOut(proof_id=row.proof_id, way=row.way, outcome=row.proof_outcome, trust=row.proof_trust),
        photos=photos,
        waiting_since=row.ruled_at,
        waiting_days=max(0, (now - row.ruled_at).days),
        due_on=last_day(calendar, began_on, term),
        counts_undecided=row.person_id is not None and not row.quarantined,
    )


def _place(language: str, signed_distance_m: float | None) -> str:
    if signed_distance_m is None:
        return messages.text(language, "attendance.place_unknown").title
    code = "attendance.place_inside" if signed_distance_m >= 0 else "attendance.place_outside"
    return messages.text(language, code, {"distance_m": round(abs(signed_distance_m))}).title
