"""Hands SMS to a gateway over HTTP, signed, in the form that docs/channels.md tells byte by byte."""

from __future__ import annotations

import asyncio
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Final
from uuid import UUID

import httpx
import msgspec

from backend.channel_settings import SmsGateway
from backend.identity.sms import SmsFate, SmsNotTaken
from backend.kit.retry_after import read_retry_after

TIMEOUT_S: Final = 8
"""From the first byte to the last; ten messages in a row stay below the time that a channel's call may take."""
TIMESTAMP_HEADER: Final = "X-Daogang-Timestamp"
SIGNATURE_HEADER: Final = "X-Daogang-Signature"
NO_SUCH_NUMBER: Final = 410
TOO_MANY: Final = 429
UNAVAILABLE: Final = 503
_LATER: Final = frozenset({408, 425})
_OURS: Final = frozenset({401, 403, 404, 405})
"""What a wrong address or a wrong secret is answered with: it concerns every message, and somebody has to look."""
_LONGEST_ANSWER: Final = 4096
# Letters alone: no number of a person is a reason.
_REASON: Final = re.compile(r"[a-z]+(_[a-z]+)*")
_LONGEST_REASON: Final = 40


class GatewayMessage(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a request; its fields in this order."""

    message_id: UUID
    phone_number: str
    template: str
    parameters: Mapping[str, str]


class _Refusal(msgspec.Struct, frozen=True):
    reason: str


_ENCODER: Final = msgspec.json.Encoder()
_REFUSALS: Final = msgspec.json.Decoder(_Refusal)


def sign_message(secret: str, timestamp: str, body: bytes) -> str:
    """Return the signature of a request in lower-case hexadecimal (HMAC-SHA256, RFC 2104).

    The key is the secret in ASCII; the message is `timestamp` (Unix seconds), a line feed, and the body as it is sent.
    """
    return hmac.new(secret.encode("ascii"), timestamp.encode("ascii") + b"\n" + body, sha256).hexdigest()


class HttpSmsSender:
    """A gateway that takes our form: a vendor's with a small program before it, or an operator's own."""

    def __init__(self, gateway: SmsGateway, *, timeout_s: float = TIMEOUT_S) -> None:
        """Send to `gateway`; nothing connects before a message is there."""
        self._gateway = gateway
        self._timeout_s = timeout_s
        # Made once: reading the authorities takes longer than a request.
        self._tls = httpx.create_ssl_context()

    def require_ready(self) -> None:
        """Be ready: the settings hold all it needs."""

    async def send_code(self, message_id: UUID, phone_number: str, code: str, at: datetime) -> None:
        """Send a log-in code under its template; raises SmsNotTaken."""
        await self._send(message_id, phone_number, self._gateway.code_template, {"code": code}, at)

    async def send_text(self, message_id: UUID, phone_number: str, text: str, at: datetime) -> None:
        """Send an alert's words under their template; raises SmsNotTaken."""
        await self._send(message_id, phone_number, self._gateway.alert_template, {"text": text}, at)

    async def _send(
        self, message_id: UUID, phone_number: str, template: str, parameters: Mapping[str, str], at: datetime
    ) -> None:
        message = GatewayMessage(
            message_id=message_id, phone_number=phone_number, template=template, parameters=parameters
        )
        body, timestamp = _ENCODER.encode(message), str(int(at.timestamp()))
        headers = {
            "Content-Type": "application/json",
            TIMESTAMP_HEADER: timestamp,
            SIGNATURE_HEADER: sign_message(self._gateway.secret, timestamp, body),
        }
        try:
            async with asyncio.timeout(self._timeout_s):
                judge_answer(*await self._post(body, headers), at)
        except (httpx.ConnectError, httpx.ConnectTimeout) as fault:
            raise SmsNotTaken(SmsFate.LATER, "unreachable", whole=True) from fault
        except (httpx.TimeoutException, TimeoutError) as fault:
            raise SmsNotTaken(SmsFate.LATER, "timeout", uncertain=True) from fault
        except httpx.HTTPError as fault:
            raise SmsNotTaken(SmsFate.LATER, "broken_off", uncertain=True) from fault

    async def _post(self, body: bytes, headers: Mapping[str, str]) -> tuple[int, Mapping[str, str], bytes]:
        """Return status, headers and the beginning of the answer."""
        # A client for each message: messages are few, and a port without an end has nothing to close.
        times = httpx.Timeout(self._timeout_s, connect=self._timeout_s / 2)
        async with (
            httpx.AsyncClient(verify=self._tls, timeout=times, follow_redirects=False, trust_env=False) as client,
            client.stream("POST", self._gateway.url, content=body, headers=dict(headers)) as answer,
        ):
            if answer.is_success:
                return answer.status_code, answer.headers, b""
            async for beginning in answer.aiter_bytes(_LONGEST_ANSWER):
                return answer.status_code, answer.headers, beginning
            return answer.status_code, answer.headers, b""


def judge_answer(status: int, headers: Mapping[str, str], beginning: bytes, now: datetime) -> None:
    """Raise SmsNotTaken unless `status` says that the message was taken.

    `beginning` is that of the answer's body, where a refusal may tell its reason; Retry-After counts from `now`.
    """
    if httpx.codes.is_success(status):
        return
    code, again_at = f"status_{status}", read_retry_after(headers.get("retry-after"), now)
    if status == TOO_MANY:
        raise SmsNotTaken(SmsFate.LATER, "too_many", retry_at=again_at, whole=True)
    if httpx.codes.is_server_error(status):
        # Whatever stands before the gateway answers 502 and 504 when it lost sight of what became of the request.
        raise SmsNotTaken(SmsFate.LATER, code, retry_at=again_at, uncertain=status != UNAVAILABLE)
    if status in _LATER:
        raise SmsNotTaken(SmsFate.LATER, code, retry_at=again_at)
    if status in _OURS or not httpx.codes.is_client_error(status):
        raise SmsNotTaken(SmsFate.LATER, code, whole=True)
    if status == NO_SUCH_NUMBER:
        raise SmsNotTaken(SmsFate.NO_SUCH_NUMBER, "no_such_number")
    raise SmsNotTaken(SmsFate.REFUSED, read_reason(beginning) or code)


def read_reason(beginning: bytes) -> str | None:
    """Return the code in `{"reason": "…"}`; None unless it is one: lower-case words joined by underscores."""
    try:
        reason = _REFUSALS.decode(beginning).reason
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return reason if len(reason) <= _LONGEST_REASON and _REASON.fullmatch(reason) else None
