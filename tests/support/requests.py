"""Requests written straight into the tables, and a site whose people file them and whose officers decide."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from httpx import AsyncClient, Response
from sqlalchemy import insert

from backend.attendance.requests.tables import RequestFiling, RequestState, RequestStep
from backend.identity.tables import SessionFamily
from backend.identity.tokens import AccessTokens, Holder
from backend.kit.clock import ManualClock
from backend.kit.db import Database, Tx
from backend.kit.ids import new_id
from backend.kit.keyring import MemoryKeyRing
from tests.support.factories import MadeSite, bearer, make_officer


async def make_leave(
    tx: Tx,
    site: MadeSite,
    post: str,
    first_on: date,
    last_on: date,
    *,
    state: str = "approved",
    kind: str = "annual",
    of: str = "leave",
    deputy_id: UUID | None = None,
) -> UUID:
    """Write leave of a post's holder, or another request, as it stands; `filed` is its only step."""
    party = next(party for party in site.parties.values() if party.kind == _PARTY_OF.get(post, "009"))
    filed_at = datetime.combine(first_on, time(2), UTC) - timedelta(days=3)
    request_id, person_id, account_id = new_id(filed_at), site.people[post].id, site.accounts[post]
    await tx.execute(
        insert(RequestFiling).values(
            project_id=site.project.id,
            id=request_id,
            kind=of,
            person_id=person_id,
            party_id=party.id,
            post_kind=post,
            first_on=first_on,
            last_on=last_on,
            reason=kind,
            statement="回家",
            photos=[],
            deputy_id=deputy_id,
            counted_days=(last_on - first_on).days + 1 if of == "leave" else None,
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
            kind=of,
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


class Office:
    """A site whose people ask for things by phone, and the officers who decide."""

    def __init__(
        self, client: AsyncClient, database: Database, keys: MemoryKeyRing, clock: ManualClock, site: MadeSite
    ) -> None:
        self.client, self.database, self.keys, self.clock, self.site = client, database, keys, clock, site
        self._accounts: dict[str, UUID] = {}
        self._families: dict[str, UUID] = {}

    async def phone(self, post: str, method: str, path: str, body: object = None) -> Response:
        """Send a request from the phone of a post's holder."""
        return await self.client.request(method, f"/mobile/v1{path}", headers=await self._holder(post), json=body)

    async def staff(self, role: str, method: str, path: str, body: object = None) -> Response:
        """Send a request as the officer of that role: the district's, the city's, or the project's (of no party)."""
        return await self.client.request(method, f"/admin/v1{path}", headers=await self.officer(role), json=body)

    async def officer(self, role: str) -> dict[str, str]:
        """Return the log-in of an officer; the same one each time (`role/2` is another one of the role)."""
        office = role.partition("/")[0]
        if role not in self._accounts:
            project = self.site.project
            rows: dict[str, dict[str, UUID]] = {"city": {}, "district": {"district_id": project.district_id}}
            rows_of = rows.get(office, {"project_id": project.id})
            self._accounts[role] = await make_officer(self.database, office, **rows_of)
        return bearer(self.keys, self.clock.now(), self._accounts[role], office)

    async def _holder(self, post: str) -> dict[str, str]:
        account = self.site.accounts[post]
        if post not in self._families:
            family, now = uuid4(), self.clock.now()
            values = {"id": family, "account_id": account, "created_at": now, "expires_at": now + timedelta(days=400)}
            async with self.database.transaction() as tx:
                await tx.execute(insert(SessionFamily).values(**values))
            self._families[post] = family
        holder = Holder(account, self.site.people[post].id, self._families[post], frozenset({"key_person"}))
        return {"Authorization": f"Bearer {AccessTokens(self.keys).issue(holder, self.clock.now()).token}"}

    def make_up(self, at: datetime, direction: str = "in", **changes: object) -> dict[str, object]:
        """Return the body of a make-up."""
        return {**self._filing(), "reason": "gate_fault", "direction": direction, "at": at.isoformat(), **changes}

    def appeal(self, against: str, **changes: object) -> dict[str, object]:
        """Return the body of an appeal."""
        return {**self._filing(), "reason": "was_present", "against": against, **changes}

    def leave(self, first_on: date, last_on: date, **changes: object) -> dict[str, object]:
        """Return the body of leave."""
        days = {"first_on": first_on.isoformat(), "last_on": last_on.isoformat()}
        return {**self._filing(), "kind": "personal", **days, **changes}

    def _filing(self) -> dict[str, object]:
        now = self.clock.now()
        return {"request_id": str(new_id(now)), "project_id": str(self.site.project.id), "statement": "请核实"}

    async def decide(self, role: str, shown: dict[str, Any], *, approve: bool, note: str = "已核实") -> Response:
        """Decide on a request as it was shown."""
        request = shown["request"]
        path = f"/projects/{request['project_id']}/requests/{request['request_id']}/decision"
        return await self.staff(role, "POST", path, {"approve": approve, "seq": request["seq"], "note": note})

    async def endorse(self, shown: dict[str, Any], *, endorse: bool = True, note: str | None = None) -> Response:
        """Endorse a make-up for the project as it was shown."""
        request = shown["request"]
        path = f"/projects/{request['project_id']}/requests/{request['request_id']}/endorsement"
        body = {"endorse": endorse, "seq": request["seq"], "note": note}
        return await self.staff("project_admin", "POST", path, body)
