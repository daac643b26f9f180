"""Says of a person's punches that do not count why, who said so, and where to go on: until when to appeal, or wait."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, select

from backend.attendance.rates.schemas import UnsettledOut
from backend.attendance.requests.clocks import last_day
from backend.attendance.requests.kinds import OPEN
from backend.attendance.requests.rules import DatedRule
from backend.attendance.requests.tables import RequestFiling, RequestState
from backend.attendance.requests.terms import appeal_term, list_term_rules, review_term
from backend.kit import messages
from backend.kit.db import AnyRow, Tx
from backend.ledger.queries import CURRENT
from backend.ledger.schemas import ReasonWords
from backend.ledger.tables import PunchStatus, Ruling
from backend.ledger.wording import reason_title
from backend.sites.calendar_days import read_calendar
from backend.sites.model import work_on
from backend.sites.queries import ProjectRow
from backend.sites.working_days import WorkCalendar

NAMED: Final = 3
"""Punches named in a sentence; all of them are in the list beside it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Desk:
    """What terms of a project are reckoned by on a day of it."""

    project: ProjectRow
    rules: Sequence[DatedRule]
    calendar: WorkCalendar
    today: date
    language: str

    def until(self, kind: Literal["appeal", "review"], ruled_at: datetime) -> date:
        """Return the last day to appeal, by the rule of the day of the ruling, or to decide, by the rule of today."""
        ruled_on = work_on(ruled_at, self.project.time_zone, self.project.cutover)
        if kind == "appeal":
            term = appeal_term(self.rules, self.project.id, self.project.district_id, ruled_on)
        else:
            term = review_term(self.rules, self.project.id, self.project.district_id, self.today)
        return last_day(self.calendar, ruled_on, term)

    def say(self, code: str, **numbers: object) -> str:
        """Return a message of this module."""
        return messages.text(self.language, f"rates.{code}", numbers).title


async def unsettled_of(
    tx: Tx, person_id: UUID, project: ProjectRow, bounds: tuple[datetime, datetime], *, today: date, language: str
) -> dict[UUID, UnsettledOut]:
    """Return a person's punches in [begin, end) that are refused, in review or pending, by id; whoever asks."""
    begin, end = bounds
    query = (
        select(
            PunchStatus.punch_id,
            PunchStatus.occurred_at,
            PunchStatus.outcome,
            Ruling.reasons,
            Ruling.note,
            Ruling.ruled_at,
            Ruling.ruled_by,
        )
        .join(Ruling, CURRENT)
        .where(
            PunchStatus.person_id == person_id,
            PunchStatus.project_id == project.id,
            PunchStatus.occurred_at >= begin,
            PunchStatus.occurred_at < end,
            PunchStatus.quarantined.is_(False),
            PunchStatus.outcome != "counted",
        )
    )
    rows = (await tx.execute(query)).all()
    if not rows:
        return {}
    appeals = await _appeals(tx, person_id, project.id)
    desk = _Desk(
        project=project,
        rules=await list_term_rules(tx),
        calendar=await read_calendar(tx),
        today=today,
        language=language,
    )
    return {row.punch_id: _unsettled(desk, row, appeals.get(row.punch_id)) for row in rows}


async def _appeals(tx: Tx, person_id: UUID, project_id: UUID) -> Mapping[UUID, AnyRow]:
    """Return a person's appeals against rulings, those that he took back aside: one for each punch at most."""
    query = (
        select(RequestFiling.punch_id, RequestFiling.id, RequestState.state)
        .join(
            RequestState,
            and_(RequestState.project_id == RequestFiling.project_id, RequestState.request_id == RequestFiling.id),
        )
        .where(
            RequestFiling.person_id == person_id,
            RequestFiling.project_id == project_id,
            RequestFiling.against == "punch",
            RequestState.state != "withdrawn",
        )
    )
    return {row.punch_id: row for row in await tx.execute(query)}


def _unsettled(desk: _Desk, row: AnyRow, appeal: AnyRow | None) -> UnsettledOut:
    reasons = [ReasonWords(code=str(one["code"]), title=reason_title(desk.language, one)) for one in row.reasons]
    decide_until = desk.until("review", row.ruled_at) if row.outcome == "review" else None
    disputable = appeal is None and row.outcome in {"refused", "review"}
    appeal_until = desk.until("appeal", row.ruled_at) if disputable else None
    return UnsettledOut(
        punch_id=row.punch_id,
        outcome=row.outcome,
        reasons=reasons,
        note=row.note,
        by_person=row.ruled_by is not None,
        ruled_at=row.ruled_at,
        decide_until=decide_until,
        appeal_until=appeal_until,
        appeal_id=None if appeal is None else appeal.id,
        appeal_state=None if appeal is None else appeal.state,
        words=desk.say(
            f"line_{row.outcome}",
            at=f"{row.occurred_at.astimezone(ZoneInfo(desk.project.time_zone)):%H:%M}",
            why=row.note or _listed(desk.language, [one.title for one in reasons]) or "—",
            then=_then(desk, row.outcome, appeal, decide_until, appeal_until),
        ),
    )


def _then(
    desk: _Desk, outcome: str, appeal: AnyRow | None, decide_until: date | None, appeal_until: date | None
) -> str:
    """Return in words where a punch goes on from here."""
    if appeal is not None and appeal.state in OPEN:
        return desk.say("then_appealed")
    if decide_until is not None:
        return desk.say("then_decided", until=decide_until)
    if outcome == "pending":
        return desk.say("then_photos")
    if appeal_until is None:
        return desk.say("then_answered")
    return desk.say("then_appeal" if desk.today <= appeal_until else "then_over", until=appeal_until)


def with_unsettled(language: str, said: str, punches: Sequence[UnsettledOut]) -> str:
    """Return what is said of a day with its punches that do not count, the last ones by name."""
    if not punches:
        return said
    lines = _listed(language, [one.words for one in punches[-NAMED:]])
    numbers = {"said": said, "count": len(punches), "lines": lines}
    return messages.text(language, "rates.with_unsettled", numbers).title


def _listed(language: str, parts: Sequence[str]) -> str:
    return ("；" if language == "zh-CN" else "; ").join(parts)
