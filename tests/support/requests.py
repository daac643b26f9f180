"""Requests written straight into the tables, for those who only read what became of them."""

from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import insert

from backend.attendance.requests.tables import RequestFiling, RequestState, RequestStep
from backend.kit.db import Tx
from backend.kit.ids import new_id
from tests.support.factories import MadeSite


async def make_leave(
    tx: Tx,
    site: MadeSite,
    post: str,
    first_on: date,
    last_on: date,
    *,
    state: str = "approved",
    kind: str = "annual",
    deputy_id: UUID | None = None,
) -> UUID:
    """Write leave of a post's holder as it stands; `filed` is its only step."""
    party = next(party for party in site.parties.values() if party.kind == _PARTY_OF.get(post, "009"))
    filed_at = datetime.combine(first_on, time(2), UTC) - timedelta(days=3)
    request_id, person_id, account_id = new_id(filed_at), site.people[post].id, site.accounts[post]
    await tx.execute(
        insert(RequestFiling).values(
            project_id=site.project.id,
            id=request_id,
            kind="leave",
            person_id=person_id,
            party_id=party.id,
            post_kind=post,
            first_on=first_on,
            last_on=last_on,
            reason=kind,
            statement="回家",
            photos=[],
            deputy_id=deputy_id,
            counted_days=(last_on - first_on).days + 1,
            filed_at=filed_at,
            filed_by=account_id,
            digest=bytes(32),
        )
    )
    step = {"project_id": site.project.id, "request_id": request_id, "seq": 1, "kind": "filed", "at": filed_at}
    await tx.execute(insert(RequestStep).values(**step, account_id=account_id))
    await tx.execute(
        insert(RequestState).values(
            project_id=site.project.id,
            request_id=request_id,
            kind="leave",
            person_id=person_id,
            first_on=first_on,
            last_on=last_on,
            state=state,
            seq=1,
            level=0,
            due_on=first_on,
            changed_at=filed_at,
        )
    )
    return request_id


_PARTY_OF = {"chief_supervisor": "007", "owner_representative": "008"}
