"""A phone app or browser that talks to the application, and what tests ask of its answers."""

import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import uuid4

from httpx import AsyncClient, Response
from litestar import Litestar
from sqlalchemy import event

from backend.identity.sms import read_outbox
from backend.kit.clock import ManualClock
from tests.integration.identity.registry import PASSWORD, Worker


@dataclass(frozen=True)
class Caller:
    """A phone app or browser that talks to the server."""

    client: AsyncClient
    litestar: Litestar
    headers: dict[str, str]

    async def post(self, path: str, body: Any, **headers: str) -> Response:
        """Post JSON."""
        return await self.client.post(path, json=body, headers={**self.headers, **headers})

    async def ask_code(self, number: str) -> Response:
        """Ask for a code."""
        return await self.post("/mobile/v1/session/code", {"phone_number": number})

    def sent(self, number: str) -> list[str]:
        """Return the codes sent to a number, oldest first."""
        outbox = read_outbox(self.litestar.state.settings.sms_outbox)
        return [sms.code for sms in outbox if sms.phone_number == number]

    async def redeem(self, number: str, code: str, **phone: Any) -> Response:
        """Log in with a code."""
        claim = {"install_id": str(uuid4()), "platform": "android", **phone}
        return await self.post("/mobile/v1/session", {"phone_number": number, "code": code, "phone": claim})

    async def log_in(self, username: str, password: str = PASSWORD) -> Response:
        """Log in with a password."""
        return await self.post("/admin/v1/session", {"username": username, "password": password})


def problem(response: Response) -> str:
    """Return the code of a problem document."""
    assert response.headers["content-type"].startswith("application/problem+json")
    return response.json()["code"]


def bearer(answer: dict[str, Any]) -> dict[str, str]:
    """Return the headers of a session."""
    return {"Authorization": f"Bearer {answer['access_token']}"}


def an_address() -> str:
    """Return a random public address, so that the limits of tests never meet."""
    return f"11.{secrets.randbelow(256)}.{secrets.randbelow(256)}.{secrets.randbelow(256)}"


def wrong(code: str) -> str:
    """Return another code."""
    return f"{(int(code) + 1) % 10**6:06d}"


async def watched(app: Litestar, act: Callable[[], Awaitable[Response]]) -> tuple[Response, list[str]]:
    """Return an answer and the statements it took, values left out."""
    statements: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        statements.append(statement)

    engine = app.state.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        return await act(), statements
    finally:
        event.remove(engine, "before_cursor_execute", note)


async def log_in_by_phone(caller: Caller, worker: Worker, clock: ManualClock, **phone: Any) -> dict[str, Any]:
    """Let a minute pass, ask for a code and log in with it."""
    clock.advance(timedelta(seconds=61))
    assert (await caller.ask_code(worker.phone_number)).status_code == 202
    answer = await caller.redeem(worker.phone_number, caller.sent(worker.phone_number)[-1], **phone)
    assert answer.status_code == 201, answer.text
    return answer.json()
