"""The demo's callers: staff, phones and gate devices, each speaking to the public HTTP API as in real life."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec

from backend.demo.errors import DemoError
from backend.demo.people import install_id_of
from backend.gate_client.client import Sender
from backend.identity.sms import read_outbox
from backend.kit.clock import ManualClock

# Names of what is the same in every demo: which installation of the app a person has.
_EARLY = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Connection:
    """What every caller needs: the HTTP client, the clock by which server and callers live, the language."""

    http: httpx.AsyncClient
    clock: ManualClock
    language: str
    outbox: Path


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and decoded body of an answer (None without one)."""

    status: int
    body: Any
    headers: Mapping[str, str]


async def send(
    connection: Connection,
    method: str,
    path: str,
    *,
    json: object = None,
    content: bytes | None = None,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Send one request and return whatever came back."""
    given = {"Accept-Language": connection.language, **(headers or {})}
    if json is not None:
        content = msgspec.json.encode(json)
        given.setdefault("Content-Type", "application/json")
    response = await connection.http.request(method, path, content=content, params=params, headers=given)
    body = msgspec.json.decode(response.content) if response.content else None
    return Answer(response.status_code, body, response.headers)


def expect(answer: Answer, method: str, path: str) -> Any:  # noqa: ANN401 - any JSON value
    """Return the body of a successful answer; raises DemoError with the problem's code and title."""
    if answer.status >= httpx.codes.BAD_REQUEST:
        problem: dict[str, Any] = answer.body or {}
        raise DemoError(
            "demo.unexpected",
            request=f"{method} {path}",
            status=answer.status,
            problem=problem.get("code", "-"),
            title=problem.get("title", "-"),
        )
    return answer.body


@dataclass(slots=True)
class Session:
    """Tokens of one log-in; refreshed when they run out by the demo's clock."""

    connection: Connection
    refresh_path: str
    tokens: dict[str, Any] = field(default_factory=dict)

    async def headers(self) -> dict[str, str]:
        """Return the bearer header, exchanging the refresh token first if the access token is about to end."""
        if datetime.fromisoformat(self.tokens["access_expires_at"]) - _EARLY <= self.connection.clock.now():
            body = {"refresh_token": self.tokens["refresh_token"]}
            answer = await send(self.connection, "POST", self.refresh_path, json=body)
            self.tokens = expect(answer, "POST", self.refresh_path)
        return {"Authorization": f"Bearer {self.tokens['access_token']}"}


class Staff:
    """A staff member at the admin API."""

    def __init__(self, connection: Connection, username: str, password: str) -> None:
        """Remember the log-in; nothing is sent yet."""
        self._connection = connection
        self._username = username
        self._password = password
        self._session = Session(connection, "/admin/v1/session/refresh")
        self._worked_at: datetime | None = None

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | None = None,
        media_type: str | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Any:  # noqa: ANN401 - any JSON value
        """Send a request under /admin/v1 and return the answer's body; raises DemoError unless it succeeds."""
        path = f"/admin/v1{path}"
        headers = await self._headers()
        if media_type is not None:
            headers["Content-Type"] = media_type
        answer = await send(self._connection, method, path, json=json, content=content, params=params, headers=headers)
        return expect(answer, method, path)

    async def pages(self, path: str, params: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """Return all items of a list, page after page."""
        items: list[dict[str, Any]] = []
        wanted = {"limit": "200", **(params or {})}
        while True:
            page = await self.call("GET", path, params=wanted)
            items += page["items"]
            if page["next"] is None:
                return items
            wanted["after"] = page["next"]

    async def _headers(self) -> dict[str, str]:
        now = self._connection.clock.now()
        # A staff session ends when it was idle for twelve hours; people log in each morning.
        if self._worked_at is None or now - self._worked_at > timedelta(hours=8):
            path = "/admin/v1/session"
            body = {"username": self._username, "password": self._password}
            self._session.tokens = expect(await send(self._connection, "POST", path, json=body), "POST", path)
        self._worked_at = now
        return await self._session.headers()


class Phone:
    """Somebody's phone: logs in by SMS code, keeps the fences, checks in."""

    def __init__(self, connection: Connection, who: str, phone_number: str, platform: str) -> None:
        """Install the app; nothing is sent yet."""
        self._connection = connection
        self._phone_number = phone_number
        self._platform = platform
        self._install_id = install_id_of(who)
        self._session = Session(connection, "/mobile/v1/session/refresh")
        self._fences_tag: str | None = None

    @property
    def logged_in(self) -> bool:
        """Tell whether the app holds a session."""
        return bool(self._session.tokens)

    async def log_in(self) -> None:
        """Ask for a code, read it where the development adapter wrote it, and exchange it for a session."""
        path = "/mobile/v1/session/code"
        body = {"phone_number": self._phone_number}
        expect(await send(self._connection, "POST", path, json=body), "POST", path)
        messages = [sms for sms in read_outbox(self._connection.outbox) if sms.phone_number == self._phone_number]
        if not messages:
            raise DemoError("demo.no_sms", outbox=str(self._connection.outbox))
        path = "/mobile/v1/session"
        log_in = {
            "phone_number": self._phone_number,
            "code": messages[-1].code,
            "phone": {"install_id": str(self._install_id), "platform": self._platform},
        }
        self._session.tokens = expect(await send(self._connection, "POST", path, json=log_in), "POST", path)

    async def fetch(self) -> int:
        """Fetch who I am and the fences to keep; return the status of the fences (304: those on the phone hold)."""
        headers = await self._session.headers()
        path = "/mobile/v1/me"
        expect(await send(self._connection, "GET", path, headers=headers), "GET", path)
        path = "/mobile/v1/fences"
        if self._fences_tag is not None:
            headers["If-None-Match"] = self._fences_tag
        answer = await send(self._connection, "GET", path, headers=headers)
        expect(answer, "GET", path)
        self._fences_tag = answer.headers["etag"]
        return answer.status

    async def post(self, path: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
        """Send a request under /mobile/v1 and return the answer's body; raises DemoError unless it succeeds."""
        path = f"/mobile/v1{path}"
        headers = await self._session.headers()
        return expect(await send(self._connection, "POST", path, json=body, headers=headers), "POST", path)

    async def check_in(self, body: Mapping[str, Any]) -> Answer:
        """Send one tap and return the answer, whatever it says."""
        return await send(
            self._connection, "POST", "/mobile/v1/check-ins", json=body, headers=await self._session.headers()
        )


@dataclass(frozen=True, slots=True)
class Device:
    """A gate device: the reference client's sender, by the demo's clock."""

    sender: Sender

    @classmethod
    def with_key(cls, connection: Connection, key_id: str, secret: str) -> "Device":
        """Give a device its key."""
        return cls(Sender(connection.http, key_id, secret, connection.clock.now))

    async def post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """Sign and send a request under /gates/v1; raises DemoError unless it succeeds."""
        path = f"/gates/v1{path}"
        response = await self.sender.send("POST", path, msgspec.json.encode(body))
        answer = Answer(response.status_code, msgspec.json.decode(response.content), response.headers)
        return expect(answer, "POST", path)
