"""Sends alerts to phones and browsers through Firebase Cloud Messaging with firebase-admin.

Three things in the library are ours to decide, and are set where `_service` is called: its requests are not repeated
behind our back (each attempt is on record here, and Retry-After holds), its access token is fetched ahead in a thread
(the library would stop the event loop for it), and the address is a setting for private relays.
"""

from __future__ import annotations

import asyncio
import functools
import warnings
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import firebase_admin
import httpx
import structlog
from firebase_admin import _http_client, _retry, credentials, exceptions, messaging
from google.auth import credentials as google_credentials
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import Request as TokenRequest

from backend.alerts.channels.model import (
    DELIVERED,
    AddressKind,
    ChannelName,
    Message,
    Outcome,
    dead,
    failed,
    retry,
)
from backend.alerts.channels.port import Pace
from backend.alerts.channels.retry_after import read_retry_after

log = structlog.get_logger()

TIMEOUT_S: Final = 10
TOKEN_TIMEOUT_S: Final = 10
RENEW_BEFORE: Final = timedelta(minutes=6)
"""google-auth would renew by itself three and three quarter minutes before the end."""
QUOTA_PAUSE: Final = timedelta(minutes=1)
"""What FCM's guide asks for after a 429 that says nothing."""
TOPIC_LENGTH: Final = 32
LANES: Final = 6
"""Clients of the library. The connection pool under it looks at all connections for each request: a few small pools
cost a third of one large one."""
AT_ONCE: Final = 10
"""Requests of a lane: with six of them and answers after 50 ms there would be room for 1,200 a second."""


class _TokenAhead(google_credentials.Credentials):
    """Lends requests a token that was fetched ahead; never fetches one itself, since that would stop the loop."""

    def __init__(self, real: Any) -> None:  # noqa: ANN401 - service account credentials, whose stubs are open
        super().__init__()
        self.real = real
        self.is_refused = False

    def before_request(self, request: Any, method: str, url: str, headers: Any) -> None:  # noqa: ANN401 - as above
        del request, method, url
        self.real.apply(headers)

    def refresh(self, request: Any) -> None:  # noqa: ANN401 - as above
        """Note that the token was refused: the next call fetches another."""
        del request
        self.is_refused = True

    def wants_token(self, now: datetime) -> bool:
        expiry = self.real.expiry
        if self.is_refused or self.real.token is None or expiry is None:
            return True
        return expiry - now.replace(tzinfo=None) < RENEW_BEFORE


class _Certificate(credentials.Certificate):
    """A service account file whose token is fetched ahead."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.ahead = _TokenAhead(super().get_credential())

    def get_credential(self) -> Any:  # noqa: ANN401 - the base names a narrower class than it needs
        return self.ahead


class FcmChannel:
    """FCM's HTTP v1 interface, one request for each message, many at once."""

    def __init__(
        self, credentials_file: str, *, endpoint: str | None = None, timeout_s: int = TIMEOUT_S, lanes: int = LANES
    ) -> None:
        """Read the service account's file; `endpoint` (scheme and host) replaces Google's.

        Raises ValueError or OSError when the file is not one.
        """
        self._certificate = _Certificate(credentials_file)
        options = {"projectId": self._certificate.project_id, "httpTimeout": timeout_s}
        self._apps = [
            firebase_admin.initialize_app(self._certificate, options, f"daogang-{uuid4()}") for _ in range(lanes)
        ]
        self._services = [_service(app, self._certificate.ahead, endpoint, timeout_s) for app in self._apps]
        self._free = asyncio.Queue[Any]()
        for app in self._apps:
            self._free.put_nowait(app)
        self._fetching = asyncio.Lock()

    @property
    def name(self) -> ChannelName:
        """Return which one it is."""
        return ChannelName.FCM

    @property
    def missing(self) -> str | None:
        """It has all it needs."""
        return None

    @property
    def pace(self) -> Pace:
        """Take as much as all lanes carry twice over, so that none waits for the database."""
        return Pace(batch=200, at_once=2)

    async def send(self, messages: Sequence[Message], now: datetime) -> list[Outcome]:
        """Send each message by a request of its own, as many at once as the lanes carry."""
        trouble = await self._have_token(now)
        if trouble is not None:
            return [trouble for _ in messages]
        chunks = [messages[start : start + AT_ONCE] for start in range(0, len(messages), AT_ONCE)]
        answers = await asyncio.gather(*(self._send_chunk(chunk, now) for chunk in chunks))
        return [outcome for answer in answers for outcome in answer]

    def forget_token(self) -> None:
        """Fetch another access token before the next message."""
        self._certificate.ahead.is_refused = True

    async def _send_chunk(self, messages: Sequence[Message], now: datetime) -> list[Outcome]:
        made = [make_message(message, now) for message in messages]
        app = await self._free.get()
        try:
            answer = await messaging.send_each_async(made, app=app)
        except exceptions.FirebaseError as fault:
            # One answer that is not what FCM says anywhere takes the others' with it.
            log.warning("fcm.strange_answer", cause=type(fault.cause).__name__)
            return [retry("answer_unknown", uncertain=True) for _ in messages]
        finally:
            self._free.put_nowait(app)
        return [judge_answer(one, now) for one in answer.responses]

    async def aclose(self) -> None:
        """Close connections and forget the apps."""
        for app, service in zip(self._apps, self._services, strict=True):
            await service._async_client.aclose()  # noqa: SLF001 - the library closes it by asyncio.run, not here
            # In a thread, for the same reason: it finds it closed.
            await asyncio.to_thread(firebase_admin.delete_app, app)

    async def _have_token(self, now: datetime) -> Outcome | None:
        async with self._fetching:
            ahead = self._certificate.ahead
            if not ahead.wants_token(now):
                return None
            request = functools.partial(TokenRequest(), timeout=TOKEN_TIMEOUT_S)
            try:
                await asyncio.to_thread(ahead.real.refresh, request)
            except GoogleAuthError as fault:
                log.warning("fcm.no_token", cause=type(fault).__name__)
                return retry("no_token", whole=True)
            ahead.is_refused = False
            return None


def _service(app: Any, ahead: _TokenAhead, endpoint: str | None, timeout_s: int) -> Any:  # noqa: ANN401 - private
    """Return the library's service of an app, set as this file's docstring says.

    A test fails when an update of the library takes these names away.
    """
    service = messaging._get_messaging_service(app)  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    no_repeats = _retry.HttpxRetry(max_retries=0, status_forcelist=[])
    service._async_client = _http_client.HttpxAsyncClient(  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
        credential=ahead, timeout=timeout_s, retry_config=no_repeats
    )
    if endpoint is not None:
        url = f"{endpoint}/v1/projects/{app.project_id}/messages:send"
        service._fcm_url = url  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]
    return service


def make_message(message: Message, now: datetime) -> messaging.Message:
    """Write a message for every kind of receiver; the tag makes a later one take its place on each."""
    lives = max(message.expires_at - now, timedelta())
    address = message.address
    to = {"token" if address.kind is AddressKind.FCM_TOKEN else "fid": address.parts["to"]}
    with warnings.catch_warnings():
        # Apps still name themselves by registration tokens, which the library calls deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        return messaging.Message(
            **to,
            notification=messaging.Notification(title=message.title, body=message.body),
            data={"tag": message.tag, "path": message.path},
            android=messaging.AndroidConfig(
                collapse_key=message.tag,
                priority="high" if message.urgent else "normal",
                ttl=lives,
                notification=messaging.AndroidNotification(tag=message.tag, channel_id="alerts"),
            ),
            apns=messaging.APNSConfig(
                headers={
                    "apns-collapse-id": message.tag,
                    "apns-expiration": str(int(message.expires_at.timestamp())),
                    "apns-priority": "10" if message.urgent else "5",
                },
                payload=messaging.APNSPayload(
                    aps=messaging.Aps(
                        alert=messaging.ApsAlert(title=message.title, body=message.body),
                        sound="default" if message.urgent else None,
                        thread_id="alerts",
                    )
                ),
            ),
            webpush=messaging.WebpushConfig(
                headers={
                    "Topic": message.tag.replace("-", "")[:TOPIC_LENGTH],
                    "TTL": str(int(lives.total_seconds())),
                    "Urgency": "high" if message.urgent else "normal",
                },
                notification=messaging.WebpushNotification(
                    title=message.title, body=message.body, tag=message.tag, renotify=message.urgent
                ),
            ),
        )


_MEANINGS: Final[tuple[tuple[type[Exception], Outcome], ...]] = (
    (messaging.UnregisteredError, dead("unregistered")),
    (messaging.SenderIdMismatchError, dead("sender_id_mismatch")),
    # The project's own key for Apple's or the browsers' service is missing or wrong: the operator has to look.
    (messaging.ThirdPartyAuthError, failed("third_party_auth")),
    (exceptions.UnauthenticatedError, retry("token_refused", whole=True)),
    # The service account may not send, or there is no such project: nothing arrives until somebody mends that.
    (exceptions.PermissionDeniedError, retry("not_allowed", whole=True)),
    (exceptions.NotFoundError, retry("not_allowed", whole=True)),
    (exceptions.DeadlineExceededError, retry("timeout", uncertain=True)),
)


def judge_answer(answer: messaging.SendResponse, now: datetime) -> Outcome:
    """Say what one answer of FCM means."""
    fault = answer.exception
    if fault is None:
        return DELIVERED if answer.success else retry("answer_unknown", uncertain=True)
    response: httpx.Response | None = fault.http_response
    asked_for = read_retry_after(None if response is None else response.headers.get("Retry-After"), now)
    for meant, outcome in _MEANINGS:
        if isinstance(fault, meant):
            return outcome
    if isinstance(fault, messaging.QuotaExceededError | exceptions.ResourceExhaustedError):
        return retry("quota_exceeded", asked_for or now + QUOTA_PAUSE, whole=True)
    if isinstance(fault, exceptions.InvalidArgumentError):
        return dead("address_malformed") if _names_address(response) else failed("invalid_argument")
    reached = response is not None or not isinstance(fault.cause, httpx.ConnectError | httpx.ConnectTimeout)
    return retry("unavailable" if reached else "unreachable", asked_for, uncertain=reached, whole=not reached)


def _names_address(response: httpx.Response | None) -> bool:
    """Tell whether the complaint is about the address, not about the message."""
    try:
        details = [] if response is None else response.json()["error"]["details"]
        fields = [violation["field"] for detail in details for violation in detail.get("fieldViolations", [])]
    except (ValueError, KeyError, TypeError):
        return False
    return bool(fields) and all(field in {"message.token", "message.fid"} for field in fields)
