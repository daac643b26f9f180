"""Carries firebase-admin's requests over kept connections of our own: one try each, with a token fetched ahead.

The library decides what is asked and what an answer means; this is the client that it asks by. Its own does the same
through httpx at 1.5 to 2 ms of processor time a request, four times as much as aiohttp, whose parser is compiled.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Mapping
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import firebase_admin
import httpx
import msgspec
from firebase_admin import messaging
from google.auth.transport.requests import Request as TokenRequest
from google.oauth2.service_account import Credentials

TOKEN_TIMEOUT_S: Final = 10
RENEW_BEFORE: Final = timedelta(minutes=6)
_METHOD: Final = "POST"


class AccessToken:
    """A service account's access token, fetched in a thread before it is needed and while the old one still holds."""

    def __init__(self, account: Credentials) -> None:
        """Fetch for `account`; none is fetched yet."""
        self._account = account
        self._refused = False
        self._fetching = asyncio.Lock()

    @property
    def header(self) -> str:
        """Return what a request carries."""
        return f"Bearer {self._account.token}"

    def forget(self) -> None:
        """Have another one fetched before the next message."""
        self._refused = True

    async def make_ready(self, now: datetime) -> None:
        """Fetch one unless the one at hand holds for minutes; raises google.auth's GoogleAuthError."""
        async with self._fetching:
            if not self._is_wanted(now):
                return
            request = functools.partial(TokenRequest(), timeout=TOKEN_TIMEOUT_S)
            await asyncio.to_thread(self._account.refresh, request)
            self._refused = False

    def _is_wanted(self, now: datetime) -> bool:
        expiry = self._account.expiry
        if self._refused or self._account.token is None or expiry is None:
            return True
        # google-auth keeps the end as UTC without saying so.
        return expiry - now.replace(tzinfo=None) < RENEW_BEFORE


class FcmTransport:
    """What firebase-admin takes for its asynchronous client: `request`, and `aclose`.

    Faults leave as httpx's, which is what the library knows how to judge.
    """

    def __init__(self, token: AccessToken, *, endpoint: str | None, timeout_s: float, at_once: int) -> None:
        """Send at most `at_once` requests at a time; `endpoint` (scheme and host) replaces the library's."""
        self._token = token
        self._endpoint = endpoint
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._places = asyncio.Semaphore(at_once)
        self._at_once = at_once
        self._session: aiohttp.ClientSession | None = None
        self._naming: tuple[str, httpx.Request] | None = None

    async def request(self, method: str, url: str, *, headers: Mapping[str, str], json: object) -> httpx.Response:
        """Send once and return the answer; raises httpx.HTTPError for any that is no success, or no answer in JSON."""
        if method.upper() != _METHOD:
            msg = f"only {_METHOD} is spoken here, not {method}"
            raise ValueError(msg)
        asked = self._asked(url)
        carried = {**headers, "Authorization": self._token.header, "Content-Type": "application/json"}
        # Not in the session's own queue: there a message would use up its time-out by waiting.
        async with self._places:
            status, answered, content = await self._exchange(asked, carried, msgspec.json.encode(json))
        if status == HTTPStatus.UNAUTHORIZED:
            self._token.forget()
        answer = httpx.Response(status, headers=answered, content=content, request=asked).raise_for_status()
        try:
            answer.json()
        except ValueError as fault:
            # Raised here, it is one message's; where the library reads it, it would be that of all that go with it.
            raise httpx.DecodingError(str(fault), request=asked) from fault
        return answer

    async def _exchange(
        self, asked: httpx.Request, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        session = self._open()
        try:
            async with session.post(str(asked.url), data=body, headers=headers, allow_redirects=False) as answer:
                return answer.status, list(answer.headers.items()), await answer.read()
        except aiohttp.ConnectionTimeoutError as fault:
            raise httpx.ConnectTimeout(str(fault), request=asked) from fault
        except TimeoutError as fault:
            raise httpx.ReadTimeout(str(fault), request=asked) from fault
        except aiohttp.ClientConnectorError as fault:
            raise httpx.ConnectError(str(fault), request=asked) from fault
        except aiohttp.ClientError as fault:
            raise httpx.RemoteProtocolError(str(fault), request=asked) from fault

    async def aclose(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._at_once),
                cookie_jar=aiohttp.DummyCookieJar(),
                timeout=self._timeout,
                raise_for_status=False,
                trust_env=False,
            )
        return self._session

    def _asked(self, url: str) -> httpx.Request:
        """Return what faults and answers name as their request: one object for all, without header and body."""
        if self._naming is None or self._naming[0] != url:
            address = url if self._endpoint is None else f"{self._endpoint}{urlsplit(url).path}"
            self._naming = (url, httpx.Request(_METHOD, address))
        return self._naming[1]


def send_by(app: firebase_admin.App, transport: FcmTransport) -> None:
    """Have an app's messages sent by `transport`.

    The library makes its client itself and takes none from outside, so the one that it made is replaced; that one has
    opened nothing yet. A test fails when an update of the library takes these names away.
    """
    # Both names are the library's own, for want of public ones.
    service = messaging._get_messaging_service(app)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage] - see above
    service._async_client = transport  # noqa: SLF001  # pyright: ignore[reportPrivateUsage, reportAttributeAccessIssue] - see above
