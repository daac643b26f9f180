"""Delivers a device's queue: signs, retries with backoff, learns the server's clock, repeats what the server lost."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from random import random
from typing import Any, Final

import httpx

from backend.gate_client.pacing import STANDING_WAIT_S, Next, backoff, judge_answer
from backend.gate_client.queue import Queue
from backend.gates.signature import signed_headers

EVENTS: Final = "/gates/v1/events"
CONFIG: Final = "/gates/v1/config"
HEARTBEAT: Final = "/gates/v1/heartbeat"
PHOTOS: Final = "/gates/v1/photos"
BATCH: Final = 100

_SIGNINGS = 3
_JSON, _JPEG = "application/json", "image/jpeg"


class KeyRefused(Exception):
    """The server does not know the key or the signature: nothing helps but a new key."""


@dataclass(slots=True)
class Sender:
    """Signs and sends requests; keeps the offset between the server's clock and the device's."""

    http: httpx.AsyncClient
    key_id: str
    secret: str
    now: Callable[[], datetime]
    offset: timedelta = timedelta(0)

    async def send(self, method: str, path: str, content: bytes, media_type: str = _JSON) -> httpx.Response:
        """Sign and send once; raises httpx.HTTPError when no answer came."""
        headers = signed_headers(
            self.key_id, self.secret, method=method, path=path, body=content, at=self.now() + self.offset
        )
        return await self.http.request(method, path, content=content, headers={**headers, "Content-Type": media_type})

    async def settle(
        self, method: str, path: str, content: bytes, media_type: str = _JSON, *, failures: int = 0
    ) -> tuple[Next, dict[str, Any]]:
        """Send, and sign anew as often as the server asks for it; return what follows, and the body of the answer."""
        body: dict[str, Any] = {}
        for _ in range(_SIGNINGS):
            try:
                answer = await self.send(method, path, content, media_type)
            except httpx.HTTPError:
                return Next("wait", backoff(failures)), {}
            body = _body(answer)
            after = answer.headers.get("retry-after")
            following = judge_answer(answer.status_code, body, failures=failures, retry_after=after, now=self.now())
            if following.offset is not None:
                self.offset = following.offset
            if following.move != "sign_anew":
                return following, body
        return Next("wait", backoff(failures)), body


@dataclass(slots=True)
class GateClient:
    """One device: its queue and how it delivers."""

    sender: Sender
    queue: Queue
    sleep: Callable[[float], Awaitable[None]]
    batch: int = BATCH
    heartbeat_interval_s: float = 60.0
    config_rev: int | None = None
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])
    failures: int = 0
    _size: int = field(default=0, init=False)
    _awaited: int = field(default=0, init=False)

    def record(self, event: Mapping[str, Any], photo: bytes | None = None) -> int:
        """Record that somebody passed, at the device's own time, which nothing corrects later; returns its number."""
        if photo is not None:
            digest = sha256(photo).hexdigest()
            self.queue.add_photo(digest, photo)
            event = {**event, "photo_sha256": digest}
        return self.queue.add(event, self.sender.now())

    async def deliver(self) -> bool:
        """Send one batch of what waits; False when nothing waits. Waits as the server or backoff says.

        Raises KeyRefused when no retry can help.
        """
        items = self.queue.batch(self._size or self.batch)
        if not items:
            return False
        content = json.dumps({"clock_now": self.sender.now().isoformat(), "items": items}).encode()
        following, body = await self.sender.settle("POST", EVENTS, content, failures=self.failures)
        if following.move == "done":
            self.queue.settle(items, body["results"])
            self._size = 0
            self._expect(int(body["next_expected_seq"]))
        elif following.move == "smaller" and len(items) > 1:
            self._size = max(1, len(items) // 2)
        elif following.move == "smaller":
            self.queue.refuse(items[0], str(body.get("code")))
            self._size = 0
        await self._pause(following, body)
        return True

    async def upload(self) -> bool:
        """Upload one photo that waits; False when none does. Raises KeyRefused."""
        found = self.queue.photo()
        if found is None:
            return False
        digest, content = found
        following, body = await self.sender.settle("PUT", f"{PHOTOS}/{digest}", content, _JPEG, failures=self.failures)
        if following.move in {"done", "smaller"}:
            self.queue.drop_photo(digest)
        await self._pause(following, body)
        return True

    async def beat(self) -> bool:
        """Give a sign of life; tell whether it arrived. Raises KeyRefused."""
        waiting = self.queue.waiting()
        told = {
            "clock_now": self.sender.now().isoformat(),
            "backlog": waiting.events,
            "oldest_unsent_at": waiting.oldest_at,
            "firmware": "gate-sim",
            "stored": waiting.stored,
        }
        content = json.dumps(told).encode()
        following, body = await self.sender.settle("POST", HEARTBEAT, content, failures=self.failures)
        if following.move == "stop":
            raise KeyRefused(body.get("code"))
        if following.move != "done":
            return False
        self.heartbeat_interval_s = float(body["heartbeat_interval_s"])
        if int(body["config_rev"]) != self.config_rev:
            await self.fetch_config()
        self._expect(int(body["next_expected_seq"]))
        return True

    async def fetch_config(self) -> bool:
        """Fetch the settings that the register holds of this device; tell whether they came. Raises KeyRefused."""
        following, body = await self.sender.settle("GET", CONFIG, b"", failures=self.failures)
        if following.move == "stop":
            raise KeyRefused(body.get("code"))
        if following.move != "done":
            return False
        self.config, self.config_rev = body, int(body["config_rev"])
        return True

    async def drain(self) -> None:
        """Deliver until nothing waits."""
        while await self.upload() or await self.deliver():
            pass

    def _expect(self, seq: int) -> None:
        # Once for each number: what the server goes on awaiting though it knows it does not go round for ever.
        if seq != self._awaited and self.queue.expect(seq):
            self._awaited = seq

    async def _pause(self, following: Next, body: Mapping[str, Any]) -> None:
        if following.move == "stop":
            raise KeyRefused(body.get("code"))
        if following.move != "wait":
            self.failures = 0
            return
        self.failures += following.wait_s != STANDING_WAIT_S
        # Devices that lost the same network do not all come back in the same second.
        await self.sleep(following.wait_s * (0.5 + random() / 2))  # noqa: S311 - no secret


def _body(answer: httpx.Response) -> dict[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}
