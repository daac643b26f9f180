"""Sends log-in codes and alerts by SMS: the port, the development adapter and the one that says it is none."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Protocol

import anyio.to_thread
import msgspec

from backend.identity.errors import SmsNotConfigured

_ENCODER = msgspec.json.Encoder()


class SmsSender(Protocol):
    """Port to an SMS gateway."""

    def require_ready(self) -> None:
        """Raise `SmsNotConfigured` when nothing can be sent; asked before a code is made for anybody."""
        ...

    async def send_code(self, phone_number: str, code: str, at: datetime) -> None:
        """Hand a log-in code for an eleven-digit number to the gateway; any failure is raised."""
        ...

    async def send_text(self, phone_number: str, text: str, at: datetime) -> None:
        """Hand the words of an alert to the gateway; any failure is raised."""
        ...


class NullSmsSender:
    """No gateway: refuses, and says so."""

    def require_ready(self) -> None:
        """Raise `SmsNotConfigured`, always."""
        raise SmsNotConfigured

    async def send_code(self, phone_number: str, code: str, at: datetime) -> None:
        """Raise `SmsNotConfigured`, always."""
        del phone_number, code, at
        raise SmsNotConfigured

    async def send_text(self, phone_number: str, text: str, at: datetime) -> None:
        """Raise `SmsNotConfigured`, always."""
        del phone_number, text, at
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

    async def send_code(self, phone_number: str, code: str, at: datetime) -> None:
        """Append one line; raises OSError when the file cannot be written."""
        await self._keep(OutboxSms(phone_number=phone_number, code=code, at=at), f"log-in code {code}")

    async def send_text(self, phone_number: str, text: str, at: datetime) -> None:
        """Append one line; raises OSError when the file cannot be written."""
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
