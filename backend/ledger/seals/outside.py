"""Gives signed heads to parties outside, who can tell later that a log was rebuilt: a folder, an e-mail, a bucket."""

import asyncio
import os
from datetime import UTC
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from backend.channel_settings import SmtpServer
from backend.kit.blobs import BlobsAway, BlobStore
from backend.ledger.seals.heads import SignedHead


class PartyAway(Exception):
    """A party does not take a head now; the message says what stood in the way, without secrets."""


@runtime_checkable
class OutsideParty(Protocol):
    """The port. Whoever takes heads keeps them where the platform's operators cannot change them."""

    @property
    def name(self) -> str:
        """Return by what the log remembers which heads the party was given."""
        ...

    @property
    def missing(self) -> str | None:
        """Return the setting that is missing; None when heads can be given."""
        ...

    async def give(self, head: SignedHead) -> None:
        """Give a head; the party has it when this returns, and may be given it twice. Raises PartyAway."""
        ...


def file_name(head: SignedHead) -> str:
    """Return what a head is called where it is kept as a file: the day and the number of leaves."""
    return f"{head.head.signed_at.astimezone(UTC):%Y-%m-%d}-{head.head.size}.head"


class NullParty:
    """Nobody: it names the setting that is missing, and takes nothing."""

    def __init__(self, name: str, missing: str) -> None:
        """Stand in for the party `name`, which `missing` would configure."""
        self.name = name
        self.missing: str | None = missing

    async def give(self, head: SignedHead) -> None:
        """Say that it is nobody."""
        del head
        msg = f"nobody is there: {self.missing} is not set"
        raise PartyAway(msg)


class FolderParty:
    """A folder that another party's machine keeps, such as a mounted share or a stick that is taken away each day."""

    def __init__(self, folder: Path) -> None:
        """Write to a folder, which must be there: a share that is not mounted is no folder of ours."""
        self._folder = folder
        self.name = "file"
        self.missing: str | None = None

    async def give(self, head: SignedHead) -> None:
        """Write the head as a file that is whole or not there."""
        try:
            await asyncio.to_thread(self._write, file_name(head), head.note())
        except OSError as fault:
            msg = f"the folder does not take it: {fault.strerror}"
            raise PartyAway(msg) from fault

    def _write(self, name: str, note: str) -> None:
        path = self._folder / name
        half = path.with_suffix(".part")
        with half.open("w", encoding="utf-8") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        half.replace(path)


class BucketParty:
    """A bucket under another account, best with versions and object lock."""

    def __init__(self, store: BlobStore) -> None:
        """Write to `store`."""
        self._store = store
        self.name = "bucket"
        self.missing: str | None = None

    async def give(self, head: SignedHead) -> None:
        """Put the head under its name."""
        try:
            await self._store.put(f"heads/{file_name(head)}", head.note().encode())
        except BlobsAway as fault:
            msg = "the bucket does not take it"
            raise PartyAway(msg) from fault


class MailParty:
    """Somebody's mailbox."""

    def __init__(self, server: SmtpServer, to: str, timeout_s: float = 20) -> None:
        """Send to the address `to` through `server`."""
        self._server = server
        self._to = to
        self._timeout_s = timeout_s
        self.name = "mail"
        self.missing: str | None = None

    async def give(self, head: SignedHead) -> None:
        """Hand the head over to the server as a mail with a file."""
        import aiosmtplib  # noqa: PLC0415 - the server, which reads this file, never sends one

        server = self._server
        try:
            await aiosmtplib.send(
                self._written(head),
                hostname=server.host,
                port=server.port,
                use_tls=server.security == "tls",
                start_tls=server.security == "starttls",
                username=server.user,
                password=server.password,
                timeout=self._timeout_s,
            )
        except (aiosmtplib.SMTPException, OSError) as fault:
            msg = f"the mail server does not take it: {type(fault).__name__}"
            raise PartyAway(msg) from fault

    def _written(self, head: SignedHead) -> EmailMessage:
        mail = EmailMessage()
        mail["Subject"] = f"{head.head.origin} {head.head.size}"
        mail["From"] = self._server.sender
        mail["To"] = self._to
        mail["Date"] = format_datetime(head.head.signed_at)
        mail.set_content(
            "考勤账本的签名树头。请原样保存：日后可据此证明账本未被重建。\n"
            "The signed tree head of the attendance ledger. Keep it as it is: it shows later whether the ledger was "
            f"rebuilt.\n\n{head.note()}"
        )
        mail.add_attachment(head.note().encode(), "application", "octet-stream", filename=file_name(head))
        return mail
