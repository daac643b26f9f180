"""A project with people who may draw and publish its fences, spoken for over HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient, Response

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import KeyRing
from tests.support.factories import MadeProject, bearer, make_officer, make_project

Parameter = str | int | float


@dataclass(frozen=True)
class Desk:
    """A project and the desk from which its fences are kept; every call is one HTTP request."""

    client: AsyncClient
    database: Database
    keys: KeyRing
    clock: ManualClock
    project: MadeProject
    admin_id: UUID

    def headers(self, account_id: UUID | None = None, role: str = "project_admin") -> dict[str, str]:
        """Speak for an account (the project's administrator unless told otherwise)."""
        return bearer(self.keys, self.clock.now(), account_id or self.admin_id, role)

    async def get(self, path: str, *, headers: Mapping[str, str] | None = None, **params: Parameter) -> Response:
        """Read below the project."""
        return await self.client.get(self.path(path), headers=headers or self.headers(), params=params)

    async def post(self, path: str, body: object = None, *, headers: Mapping[str, str] | None = None) -> Response:
        """Write below the project."""
        return await self.client.post(self.path(path), json=body, headers=headers or self.headers())

    async def upload(self, content: bytes, **params: Parameter) -> Response:
        """Send a file."""
        return await self.client.post(
            self.path("/fence-imports"), content=content, headers=self.headers(), params=params
        )

    def path(self, path: str) -> str:
        """Return the path below the project."""
        return f"/admin/v1/projects/{self.project.id}{path}"

    async def draw(self, shape: Mapping[str, Any], *, name: str = "主线", crs: str = "wgs84", **more: object) -> str:
        """Draw a fence and return its id."""
        answer = await self.post("/fences", {"name": name, "crs": crs, "shape": shape, **more})
        assert answer.status_code == 201, answer.text
        return answer.json()["fence_id"]

    async def publish(self, fence_id: str, number: int = 1, **body: object) -> Response:
        """Publish a version."""
        return await self.post(f"/fences/{fence_id}/versions/{number}/publication", body)


@pytest.fixture
async def desk(client: AsyncClient, database: Database, keys: KeyRing, clock: ManualClock) -> Desk:
    """Give the desk of a fresh project."""
    project = await make_project(database)
    admin = await make_officer(database, "project_admin", project_id=project.id)
    return Desk(client, database, keys, clock, project, admin)
