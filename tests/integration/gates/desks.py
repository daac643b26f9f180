"""Someone with an office, who calls the administration of a gate's project."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from httpx import AsyncClient, Response

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.integration.gates.gate_site import GateSite
from tests.support.factories import bearer, draw_code, make_officer

PLACE: dict[str, Any] = {"lon": 114.4988, "lat": 30.5012, "crs": "wgs84"}


@dataclass
class Office:
    """Someone with an office, who calls the administration of one project."""

    client: AsyncClient
    headers: Mapping[str, str]
    project_id: UUID

    async def call(self, method: str, path: str, body: object = None, **params: Any) -> Response:
        """Call below the project."""
        url = f"/admin/v1/projects/{self.project_id}{path}"
        return await self.client.request(method, url, json=body, headers=dict(self.headers), params=params)

    async def take(self, method: str, path: str, body: object = None, **params: Any) -> Any:
        """Call what must succeed."""
        answer = await self.call(method, path, body, **params)
        assert answer.status_code in {200, 201, 204}, answer.text
        return answer.json() if answer.content else None


@dataclass(frozen=True)
class _Fresh(Mapping[str, str]):
    """The headers of somebody whose token is always one of this minute, however far a test moves its clock."""

    ring: MemoryKeyRing
    clock: ManualClock
    account_id: UUID
    role: str

    def _now(self) -> Mapping[str, str]:
        return bearer(self.ring, self.clock.now(), self.account_id, self.role)

    def __getitem__(self, name: str) -> str:
        return self._now()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._now())

    def __len__(self) -> int:
        return len(self._now())


async def office(
    database: Database, keys: MemoryKeyRing, site: GateSite, role: str = "district", **rows_of: UUID
) -> Office:
    """Make an officer, by default of the site's district."""
    account = await make_officer(database, role, **(rows_of or {"district_id": site.district_id}))
    return Office(site.device.client, _Fresh(keys, site.device.clock, account, role), site.project_id)


def gate(**changes: Any) -> dict[str, Any]:
    """Return the body of a gate to make."""
    return {
        "serial_no": f"SN-{draw_code(12)}",
        "name": "西门2号",
        "entrance": "西门",
        "lane": "2",
        "place": PLACE,
        "default_direction": "out",
        **changes,
    }


async def issue_key(applicant: Office, approver: Office, gate_id: object, **application: Any) -> Any:
    """Apply, have it approved, collect; returns the issued key with its secret."""
    answer = await try_issue(applicant, approver, gate_id, **application)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def try_issue(applicant: Office, approver: Office, gate_id: object, **application: Any) -> Response:
    """Apply, have it approved, and try to collect."""
    collecting = {"reason": "现场领取", **application.pop("issue", {})}
    body = {"reason": "新装闸机", **application}
    applied = await applicant.take("POST", f"/gates/{gate_id}/key-applications", body)
    path = f"/key-applications/{applied['id']}"
    await approver.take("POST", f"{path}/approval", {"reason": "核对无误"})
    return await applicant.call("POST", f"{path}/issue", collecting)
