"""Sends alerts to browsers by Web Push (RFC 8030), encrypted and signed by pywebpush, sent by our own client.

pywebpush encrypts (RFC 8291) and signs (RFC 8292); its sending is not used: it follows redirects and knows no list of
hosts. Both cost a fraction of a millisecond of arithmetic and no waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import httpx
import msgspec
from py_vapid import Vapid02
from pywebpush import WebPusher

from backend.alerts.channels.model import DELIVERED, ChannelName, Message, Outcome, dead, failed, retry
from backend.alerts.channels.port import Pace
from backend.alerts.channels.vapid import vapid_key
from backend.identity.push_services import is_allowed
from backend.kit.keyring import KeyRing, KeyUnknownError, Purpose
from backend.kit.retry_after import read_retry_after

TIMEOUT_S: Final = 10
PAYLOAD: Final = 3000
"""Bytes that every push service takes, with room for the encryption."""
SIGNED_FOR: Final = timedelta(hours=12)
TOPIC_LENGTH: Final = 32


class WebPushChannel:
    """Browsers' push services, one request for each message."""

    def __init__(self, ring: KeyRing, contact: str, hosts: Sequence[str], *, timeout_s: float = TIMEOUT_S) -> None:
        """Sign with the ring's keys for the `contact` (mailto: or https:), and send to nobody but `hosts`."""
        self._ring = ring
        self._signers: dict[str, Vapid02] = {}
        self._contact = contact
        self._hosts = hosts
        self._client = httpx.AsyncClient(timeout=timeout_s, follow_redirects=False, trust_env=False)
        self._at_once = asyncio.Semaphore(20)

    @property
    def name(self) -> ChannelName:
        """Return which one it is."""
        return ChannelName.WEB_PUSH

    @property
    def missing(self) -> str | None:
        """It has all it needs."""
        return None

    @property
    def pace(self) -> Pace:
        """Take some dozens at a time."""
        return Pace(batch=60, at_once=1)

    async def send(self, messages: Sequence[Message], now: datetime) -> list[Outcome]:
        """Send each message by a request of its own."""
        return await asyncio.gather(*(self._send_one(message, now) for message in messages))

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _send_one(self, message: Message, now: datetime) -> Outcome:
        parts = message.address.parts
        if not is_allowed(parts["endpoint"], self._hosts):
            return failed("host_not_allowed")
        signer = self._signer(parts["key"], now)
        if signer is None:
            return dead("key_retired")
        async with self._at_once:
            try:
                answer = await self._client.post(
                    parts["endpoint"], content=_sealed(message), headers=self._headers(signer, message, now)
                )
            except (httpx.ConnectError, httpx.ConnectTimeout):
                return retry("unreachable")
            except httpx.TimeoutException:
                return retry("timeout", uncertain=True)
            except httpx.HTTPError:
                return retry("broken_off", uncertain=True)
        return judge_status(answer.status_code, answer.headers.get("Retry-After"), now)

    def _signer(self, key_id: str, now: datetime) -> Vapid02 | None:
        """Return what signs for a subscription: a browser takes messages only from the key it was given."""
        try:
            key = self._ring.find(Purpose.WEB_PUSH, key_id, now)
        except KeyUnknownError:
            return None
        if key_id not in self._signers:
            self._signers[key_id] = Vapid02(vapid_key(key.secret))
        return self._signers[key_id]

    def _headers(self, signer: Vapid02, message: Message, now: datetime) -> dict[str, str]:
        url = urlsplit(message.address.parts["endpoint"])
        claims = {
            "aud": f"{url.scheme}://{url.netloc}",
            "exp": int((now + SIGNED_FOR).timestamp()),
            "sub": self._contact,
        }
        return {
            **signer.sign(claims),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(max(0, int((message.expires_at - now).total_seconds()))),
            "Topic": message.tag.replace("-", "")[:TOPIC_LENGTH],
            "Urgency": "high" if message.urgent else "normal",
        }


def _sealed(message: Message) -> bytes:
    parts = message.address.parts
    pusher = WebPusher({"endpoint": parts["endpoint"], "keys": {"p256dh": parts["p256dh"], "auth": parts["auth"]}})
    body: bytes = pusher.encode(payload_of(message))["body"]
    return body


def payload_of(message: Message) -> bytes:
    """Write what the page's service worker shows; a body that is too long is cut."""
    body, cut = message.body, ""
    while True:
        content = {
            "title": message.title,
            "body": body + cut,
            "tag": message.tag,
            "path": message.path,
            "urgent": message.urgent,
            "lang": message.language,
        }
        encoded = msgspec.json.encode(content)
        if len(encoded) <= PAYLOAD or not body:
            return encoded
        # A character takes at most six bytes of JSON: this never takes away too much at once.
        body, cut = body[: -max(1, (len(encoded) - PAYLOAD) // 6)], "…"


def judge_status(status: int, retry_after: str | None, now: datetime) -> Outcome:
    """Say what a push service's answer means (RFC 8030 §5, §7.3)."""
    asked_for = read_retry_after(retry_after, now)
    known = {404: dead("unsubscribed"), 410: dead("unsubscribed"), 403: dead("other_key"), 413: failed("too_large")}
    if status in known:
        # 403: the subscription was made for another key of ours.
        return known[status]
    if 200 <= status < 300:  # noqa: PLR2004 - the classes of RFC 9110
        return DELIVERED
    if status == 429:  # noqa: PLR2004 - Too Many Requests
        return retry("too_many", asked_for or now + timedelta(minutes=1))
    return retry("unavailable", asked_for) if status >= 500 else failed(f"status_{status}")  # noqa: PLR2004 - as above
