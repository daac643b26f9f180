"""Writes for group robots: several alerts in one message, and no more messages than a robot may send (pure)."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from backend.alerts.channels.model import Message

PER_WINDOW: Final = 18
"""Both services allow 20 a minute; who goes beyond is shut out for ten."""
WINDOW: Final = timedelta(minutes=1)
_SHOWN: Final = str.maketrans({"[": "［", "]": "］", "<": "＜", ">": "＞", "*": "＊", "`": "｀", "#": "＃", "_": "＿"})
"""Signs of Markdown in names become their wide forms: a name makes neither links nor colours."""


class Pacer:
    """Counts what a robot sent in the last minute."""

    def __init__(self) -> None:
        """Begin with nothing sent."""
        self._sent: deque[datetime] = deque()

    def free_at(self, now: datetime) -> datetime | None:
        """Return when the next message may go: None for now, which counts it."""
        while self._sent and self._sent[0] <= now - WINDOW:
            self._sent.popleft()
        if len(self._sent) >= PER_WINDOW:
            return self._sent[0] + WINDOW
        self._sent.append(now)
        return None


def sign(secret: str, now: datetime) -> tuple[str, str]:
    """Return DingTalk's (timestamp in milliseconds, signature): base64 of HMAC-SHA256 over both, a line each."""
    timestamp = str(int(now.timestamp() * 1000))
    digest = hmac.digest(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256)
    return timestamp, base64.b64encode(digest).decode()


def as_paragraph(message: Message, repeat_mark: str) -> str:
    """Write one alert; `repeat_mark` stands before one that may have arrived already."""
    mark = repeat_mark if message.repeat else ""
    return f"**{mark}{message.title.translate(_SHOWN)}**\n{message.body.translate(_SHOWN)}"


def pack(messages: Sequence[Message], longest: int, repeat_mark: str) -> Iterator[tuple[str, list[Message]]]:
    """Join messages into texts of at most `longest` bytes of UTF-8; one that is too long by itself is cut."""
    text, held = "", list[Message]()
    for message in messages:
        paragraph = _cut(as_paragraph(message, repeat_mark), longest)
        joined = f"{text}\n\n{paragraph}" if text else paragraph
        if held and len(joined.encode()) > longest:
            yield text, held
            joined, held = paragraph, []
        text = joined
        held.append(message)
    if held:
        yield text, held


def _cut(text: str, longest: int) -> str:
    encoded = text.encode()
    if len(encoded) <= longest:
        return text
    return encoded[: longest - 3].decode(errors="ignore") + "…"
