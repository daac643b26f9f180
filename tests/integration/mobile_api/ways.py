"""How the tests of ways speak to the application: as one person, with his phone."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from httpx import AsyncClient, Response

from backend.kit.clock import ManualClock
from tests.support.authenticators import Authenticator
from tests.support.phones import Owner, fix

PRESENCE = "/mobile/v1/presence"


@dataclass
class Speaker:
    """A person whose phone speaks to the presence routes."""

    client: AsyncClient
    clock: ManualClock
    owner: Owner
    authenticator: Authenticator = field(default_factory=Authenticator)

    async def post(self, path: str, **body: Any) -> Response:
        """Post to a presence route."""
        headers = self.owner.headers(self.clock.now())
        return await self.client.post(PRESENCE + path, json=body, headers=headers)

    async def get(self, path: str) -> Response:
        """Get from a presence route."""
        return await self.client.get(PRESENCE + path, headers=self.owner.headers(self.clock.now()))

    async def begins(self, path: str, **body: Any) -> dict[str, Any]:
        """Begin to make or show a passkey; gives challenge and options."""
        answer = await self.post(path, **body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def makes_passkey(self, **changes: Any) -> Response:
        """Make a passkey and have it kept."""
        begun = await self.begins("/passkeys/challenges")
        credential = self.authenticator.registers(begun["options"], **changes)
        return await self.post("/passkeys", challenge_id=begun["challenge_id"], credential=credential)

    async def shows_passkey(self, project_id: UUID, **changes: Any) -> Response:
        """Show the passkey on a project."""
        begun = await self.begins("/passkey-challenges", project_id=str(project_id))
        credential = self.authenticator.shows(begun["options"], **changes)
        return await self.post("/passkey-proofs", challenge_id=begun["challenge_id"], credential=credential)

    async def scans(self, project_id: UUID, code: str, **more: Any) -> Response:
        """Hand in a scanned site code."""
        return await self.post("/site-code-proofs", project_id=str(project_id), code=code, **more)

    async def asks(self, project_id: UUID, **where: Any) -> Response:
        """Ask for a witness."""
        return await self.post("/witness-requests", project_id=str(project_id), fixes=[fix(**where)])

    async def confirms(self, code: str, **where: Any) -> Response:
        """Confirm as a witness."""
        return await self.post("/witness-statements", code=code, fixes=[fix(**where)])
