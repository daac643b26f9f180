"""A site of gates where people also have phones: what goes on when a gate goes down, and what is on record then."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from httpx import AsyncClient, Response

from backend.attendance.person_days import send_fold
from backend.gates.outages.ruling_again import RulingTools, advance_ruling
from backend.gates.outages.watching import watch_site
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.integration.gates.desks import Office
from tests.integration.gates.gate_site import HEARTBEAT, Device, rows
from tests.support.factories import bearer, make_officer
from tests.support.phones import Ground, Owner, tap


@dataclass
class OutageSite:
    """A ground of mode `gate` with one gate, its clock and its database."""

    ground: Ground
    device: Device
    client: AsyncClient
    clock: ManualClock
    database: Database

    @property
    def project_id(self) -> UUID:
        """The project."""
        return self.ground.project.id

    async def beat(self, device: Device | None = None, **told: Any) -> None:
        """Send a sign of life."""
        body = {"clock_now": self.clock.now().isoformat(), "backlog": 0, **told}
        answer = await (device or self.device).post(HEARTBEAT, json.dumps(body).encode())
        assert answer.status_code == 200, answer.text

    async def live(self, minutes: int, *devices: Device) -> None:
        """Let minutes go by in which the gates call once each."""
        for _ in range(minutes):
            self.clock.advance(timedelta(minutes=1))
            for device in devices or (self.device,):
                await self.beat(device)

    def wait(self, minutes: float) -> None:
        """Let minutes go by in which nothing is heard."""
        self.clock.advance(timedelta(minutes=minutes))

    async def watch(self) -> None:
        """Look at the site's gates as the worker does."""
        await watch_site(self.database, self.project_id, self.clock.now())

    async def rule_again(self) -> None:
        """Take all steps of ruling anew that can be taken now."""
        tools = RulingTools(self.database, send_fold, self.clock)
        for path in await self.paths():
            while await advance_ruling(tools, self.project_id, path["id"]):
                pass

    async def tap(self, owner: Owner | None = None, **changes: Any) -> Response:
        """Check in by phone at the centre of the fence, unless told otherwise."""
        headers = (owner or self.ground.owner).headers(self.clock.now())
        body = tap(self.clock.now(), self.project_id, **changes)
        return await self.client.post("/mobile/v1/check-ins", headers=headers, json=body)

    async def tapped(self, owner: Owner | None = None, **changes: Any) -> tuple[str, list[str]]:
        """Check in; return outcome and the codes of the reasons."""
        answer = await self.tap(owner, **changes)
        assert answer.status_code == 201, answer.text
        return answer.json()["outcome"], [reason["code"] for reason in answer.json()["reasons"]]

    async def officer(self, keys: MemoryKeyRing, role: str = "project_admin", **rows_of: UUID) -> Office:
        """Give somebody with an office, by default the project's admin."""
        account = await make_officer(self.database, role, **(rows_of or {"project_id": self.project_id}))
        return Office(self.client, bearer(keys, self.clock.now(), account, role), self.project_id)

    async def rows(self, statement: str, **values: object) -> list[dict[str, Any]]:
        """Return what a SELECT finds; `:project_id` is the site's."""
        return await rows(self.database, statement, project_id=self.project_id, **values)

    async def outages(self) -> list[dict[str, Any]]:
        """Return all outages with their ends."""
        return await self.rows(
            "SELECT o.*, e.ended_at, e.recorded_at AS end_recorded_at, e.cause, e.backlog, e.oldest_event_at "
            "FROM gate_outage o LEFT JOIN gate_outage_end e ON (e.project_id, e.outage_id) = (o.project_id, o.id) "
            "WHERE o.project_id = :project_id ORDER BY o.from_at, o.id"
        )

    async def paths(self) -> list[dict[str, Any]]:
        """Return all paths."""
        return await self.rows("SELECT * FROM phone_path WHERE project_id = :project_id ORDER BY from_at")

    async def facts(self) -> list[str]:
        """Return the kinds of all facts in order."""
        found = await self.rows("SELECT kind FROM gate_fact WHERE project_id = :project_id ORDER BY id")
        return [row["kind"] for row in found]

    async def states(self) -> list[Mapping[str, Any]]:
        """Return the states of all punches with their current reasons, in the order of the punches."""
        return [
            *await self.rows(
                "SELECT s.*, r.reasons, r.ruled_by FROM punch_status s "
                "JOIN ruling r ON (r.project_id, r.punch_id, r.ruling_id) = (s.project_id, s.punch_id, s.ruling_id) "
                "WHERE s.project_id = :project_id ORDER BY s.occurred_at, s.punch_id"
            )
        ]

    async def days(self) -> list[dict[str, Any]]:
        """Return the person-days."""
        return await self.rows("SELECT * FROM person_day WHERE project_id = :project_id ORDER BY work_on, person_id")
