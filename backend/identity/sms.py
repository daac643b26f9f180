"""Sends log-in codes and alerts by SMS: the port, the development adapter and the one that says it is none.

The adapter that speaks to a gateway is in `sms_gateway.py`.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol
from uuid import UUID

import anyio.to_thread
import msgspec

from backend.identity.errors import SmsNotConfigured

_ENCODER = msgspec.json.Encoder()


class SmsFate(StrEnum):
    """What becomes of a message that a gateway did not take."""

    NO_SUCH_NUMBER = "no_such_number"
    REFUSED = "refused"
    LATER = "later"


class SmsNotTaken(Exception):
    """A gateway did not take a message, or did not say that it did; holds neither number nor text.

    `reason` is a short code. `retry_at` is when the gateway wants to be asked again (None: it did not say).
    `uncertain` means that the message may have left all the same, `whole` that the gateway takes none at all.
    """

    def __init__(
        self,
        fate: SmsFate,
        reason: str,
        *,
        retry_at: datetime | None = None,
        uncertain: bool = False,
        whole: bool = False,
    ) -> None:
        """Say what became of it, and why."""
        super().__init__(reason)
        self.fate = fate
        self.reason = reason
        self.retry_at = retry_at
        self.uncertain = uncertain
        self.whole = whole


class SmsSender(Protocol):
    """Port to an SMS gateway; a message keeps its `message_id` however often it is handed over."""

    def require_ready(self) -> None:
        """Raise `SmsNotConfigured` when nothing can be sent; asked before a code is made for anybody."""
        ...

    async def send_code(self, message_id: UUID, phone_number: str, code: str, at: datetime) -> None:
        """Hand a log-in code for an eleven-digit number to the gateway; raises SmsNotTaken, or what else failed."""
        ...

    async def send_text(self, message_id: UUID, phone_number: str, text: str, at: datetime) -> None:
        """Hand the words of an alert to the gateway; raises SmsNotTaken, or what else failed."""
        ...


class NullSmsSender:
    """No gateway: refuses, and says so."""

    def require_ready(self) -> None:
        """Raise `SmsNotConfigured`, always."""
        raise SmsNotConfigured

    async def send_code(self, message_id: UUID, phone_number: str, code: str, at: datetime) -> None:
        """Raise `SmsNotConfigured`, always."""
        del message_id, phone_number, code, at
        raise SmsNotConfigured

    async def send_text(self, message_id: UUID, phone_number: str, text: str, at: datetime) -> None:
        """Raise `SmsNotConfigured`, always."""
        del message_id, phone_number, text, at
        raise SmsNotConfigured


class OutboxSms(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the development outbox: a log-in code, or the words of an alert."""

    phone_number: str
    at: datetime
    code: str = ""
    text: str = ""


class OutboxSmsSender:
    """For development and the demo: appends each message to a private file and shows it on the console."""

    def __init__(self, path: Path, *, console: bool = True) -> None:
        """Write to `path` (JSON lines, mode 0600)."""
        self._path = path
        self._console = console

    def require_ready(self) -> None:
        """Be ready always."""

    async def send_code(self, message_id: UUID, phone_number: str, code: str, at: datetime) -> None:
        """Append one line; raises OSError when the file cannot be written."""
        del message_id
        await self._keep(OutboxSms(phone_number=phone_number, code=code, at=at), f"log-in code {code}")

    async def send_text(self, message_id: UUID, phone_number: str, text: str, at: datetime) -> None:
        """Append one line; raises OSError when the file cannot be written."""
        del message_id
        await self._keep(OutboxSms(phone_number=phone_number, text=text, at=at), text)

    async def _keep(self, message: OutboxSms, shown: str) -> None:
        await anyio.to_thread.run_sync(self._append, _ENCODER.encode(message) + b"\n")
        if self._console:
            sys.stderr.write(f"SMS to {message.phone_number}: {shown}\n")
            sys.stderr.flush()

    def _append(self, line: bytes) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        # One write in append mode: lines of several server processes do not mix.
        handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(handle, line)
        finally:
            os.close(handle)


def read_outbox(path: Path) -> list[OutboxSms]:
    """Return what the development adapter wrote, oldest first; an outbox not yet there is empty."""
    if not path.exists():
        return []
    decoder = msgspec.json.Decoder(OutboxSms)
    return [decoder.decode(line) for line in path.read_bytes().splitlines() if line]
