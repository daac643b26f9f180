"""What approved requests say about days: who was on leave and who stood in for him; for those who count due days."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ARRAY, Uuid, and_, any_, literal, select
from sqlalchemy.orm import aliased

from backend.attendance.requests.tables import RequestFiling, RequestState
from backend.identity.tables import Account
from backend.kit.db import Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaveSpan:
    """Approved leave: days of the site, both inclusive; `deputy_id` stood in if one was named."""

    project_id: UUID
    request_id: UUID
    person_id: UUID
    leave_kind: str
    first_on: date
    last_on: date
    deputy_id: UUID | None


async def approved_leave(
    tx: Tx, first: date, last: date, *, project_ids: Sequence[UUID] | None = None, person_id: UUID | None = None
) -> list[LeaveSpan]:
    """Return the approved leave that touches [first, last], by project, person and day; whoever asks."""
    query = (
        select(
            RequestState.project_id,
            RequestState.request_id,
            RequestState.person_id,
            RequestFiling.reason,
            RequestState.first_on,
            RequestState.last_on,
            RequestFiling.deputy_id,
        )
        .join(
            RequestFiling,
            and_(RequestFiling.project_id == RequestState.project_id, RequestFiling.id == RequestState.request_id),
        )
        .where(
            RequestState.kind == "leave",
            RequestState.state == "approved",
            RequestState.first_on <= last,
            RequestState.last_on >= first,
        )
        .order_by(RequestState.project_id, RequestState.person_id, RequestState.first_on)
    )
    if project_ids is not None:
        query = query.where(RequestState.project_id.in_(project_ids))
    if person_id is not None:
        query = query.where(RequestState.person_id == person_id)
    return [
        LeaveSpan(
            project_id=row[0],
            request_id=row[1],
            person_id=row[2],
            leave_kind=row[3],
            first_on=row[4],
            last_on=row[5],
            deputy_id=row[6],
        )
        for row in await tx.execute(query)
    ]


async def deputies_of(tx: Tx, account_ids: Sequence[UUID], on: date) -> dict[UUID, UUID]:
    """Return which account stands in for which on a day, of people on approved leave who named a deputy.

    For those who tell people of alerts. Of several leaves that of the lowest project id counts; an account that is
    disabled stands in for nobody.
    """
    mine, deputy = aliased(Account), aliased(Account)
    query = (
        select(mine.id, deputy.id)
        .select_from(RequestState)
        .join(
            RequestFiling,
            and_(RequestFiling.project_id == RequestState.project_id, RequestFiling.id == RequestState.request_id),
        )
        .join(mine, mine.person_id == RequestState.person_id)
        .join(deputy, deputy.person_id == RequestFiling.deputy_id)
        .where(
            RequestState.kind == "leave",
            RequestState.state == "approved",
            RequestState.first_on <= on,
            RequestState.last_on >= on,
            # One array: a list of parameters would be another statement for each length.
            mine.id == any_(literal(list(account_ids), ARRAY(Uuid))),
            deputy.state == "active",
        )
        .order_by(RequestState.project_id.desc())
    )
    return {row[0]: row[1] for row in await tx.execute(query)}
