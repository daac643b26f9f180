"""Sends alerts by e-mail, with the file that belongs to them: one connection to the operator's server a batch."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from email.message import EmailMessage
from email.utils import format_datetime
from typing import Final

import aiosmtplib
import structlog

from backend.alerts.channels.marks import repeat_mark
from backend.alerts.channels.model import DELIVERED, ChannelName, Enclosure, Message, Outcome, dead, failed, retry
from backend.alerts.channels.port import Enclosed, Encloser, Pace
from backend.channel_settings import SmtpServer
from backend.kit import messages as catalogue

TIMEOUT_S: Final = 20
BEGIN_WITHIN_S: Final = 60.0
"""For so long one call begins mails: a call ends after 90 s, and all of it would count as uncertain then."""
log = structlog.get_logger()
_NOBODY: Final = frozenset({550, 551, 553})
_TEMPORARY: Final = range(400, 500)
_TOO_LARGE: Final = 552
_WORDS: Final = {
    "": "alert_channels.enclosed",
    "too_large": "alert_channels.enclosure_too_large",
    "not_made": "alert_channels.enclosure_not_made",
}


class MailChannel:
    """The operator's SMTP server."""

    def __init__(
        self,
        server: SmtpServer,
        *,
        board: str | None,
        encloser: Encloser | None = None,
        timeout_s: float = TIMEOUT_S,
        begin_within_s: float = BEGIN_WITHIN_S,
    ) -> None:
        """Send through `server`; `board` is where people find the board; without `encloser` no file goes with mails."""
        self._server = server
        self._board = board
        self._encloser = encloser
        self._timeout_s = timeout_s
        self._begin_within_s = begin_within_s

    @property
    def name(self) -> ChannelName:
        """Return which one it is."""
        return ChannelName.EMAIL

    @property
    def missing(self) -> str | None:
        """It has all it needs."""
        return None

    @property
    def pace(self) -> Pace:
        """Take some dozens at a time over one connection."""
        return Pace(batch=50, at_once=2)

    async def send(self, messages: Sequence[Message], now: datetime) -> list[Outcome]:
        """Send one mail after the other; a server that cannot be reached has none.

        Whose file is still being made is told later, and so is who was not begun with in time.
        """
        server = self._server
        begin_until = asyncio.get_running_loop().time() + self._begin_within_s
        # Before the connection is there: a server does not wait for as long as prints may take.
        enclosed = await self._enclose(messages)
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            use_tls=server.security == "tls",
            start_tls=server.security == "starttls",
            username=server.user,
            password=server.password,
            timeout=self._timeout_s,
        )
        try:
            await client.connect()
        except aiosmtplib.SMTPAuthenticationError:
            log.warning("mail.log_in_refused")
            return [retry("log_in_refused", whole=True) for _ in messages]
        except (aiosmtplib.SMTPException, OSError) as fault:
            log.warning("mail.unreachable", cause=type(fault).__name__)
            return [retry("unreachable", whole=True) for _ in messages]
        outcomes: list[Outcome] = []
        try:
            for message in messages:
                if outcomes and not client.is_connected:
                    outcomes.append(retry("broken_off"))
                elif asyncio.get_running_loop().time() > begin_until:
                    outcomes.append(retry("not_begun"))
                elif message.enclosure is not None and message.enclosure not in enclosed:
                    outcomes.append(retry("file_not_ready"))
                else:
                    file = None if message.enclosure is None else enclosed[message.enclosure]
                    outcomes.append(await self._send_one(client, message, file, now))
        finally:
            with suppress(aiosmtplib.SMTPException, OSError):
                await client.quit()
            client.close()
        return outcomes

    async def aclose(self) -> None:
        """Hold nothing between batches."""

    async def _enclose(self, messages: Sequence[Message]) -> Mapping[Enclosure, Enclosed | None]:
        wanted = {message.enclosure for message in messages if message.enclosure is not None}
        if not wanted:
            return {}
        return dict.fromkeys(wanted) if self._encloser is None else await self._encloser.enclose(wanted)

    async def _send_one(
        self, client: aiosmtplib.SMTP, message: Message, file: Enclosed | None, now: datetime
    ) -> Outcome:
        try:
            await client.send_message(self._written(message, file, now))
        except aiosmtplib.SMTPRecipientsRefused as refusal:
            code = refusal.recipients[0].code
            return dead(f"smtp_{code}") if code in _NOBODY else _judge(code)
        except aiosmtplib.SMTPResponseException as refusal:
            if refusal.code == _TOO_LARGE and file is not None and file.content is not None:
                # The server takes less than we do; what the mail says is told all the same.
                return await self._send_one(client, message, replace(file, content=None, lacking="too_large"), now)
            return _judge(refusal.code)
        except aiosmtplib.SMTPTimeoutError:
            client.close()
            return retry("timeout", uncertain=True)
        except (aiosmtplib.SMTPException, OSError):
            client.close()
            return retry("broken_off", uncertain=True)
        return DELIVERED

    def _written(self, message: Message, file: Enclosed | None, now: datetime) -> EmailMessage:
        mail = EmailMessage()
        mark = repeat_mark(message.language) if message.repeat else ""
        mail["Subject"] = _one_line(mark + message.title)
        mail["From"] = self._server.sender
        mail["To"] = message.address.parts["to"]
        mail["Date"] = format_datetime(now)
        domain = self._server.sender.rpartition("@")[2].rstrip(">")
        # The same for each attempt: many readers show a mail with a known id once.
        mail["Message-ID"] = f"<{message.delivery_id}@{domain}>"
        mail["References"] = f"<{message.tag}@{domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        paragraphs = [message.body]
        if file is not None:
            numbers = {"name": file.name, "digest": file.digest}
            paragraphs.append(catalogue.text(message.language, _WORDS[file.lacking], numbers).title)
        if self._board is not None:
            paragraphs.append(f"{self._board}{message.path}")
        mail.set_content("\n\n".join(paragraphs))
        if file is not None and file.content is not None:
            mail.add_attachment(file.content, maintype="application", subtype="pdf", filename=file.name)
        return mail


def _judge(code: int) -> Outcome:
    return retry(f"smtp_{code}") if code in _TEMPORARY else failed(f"smtp_{code}")


def _one_line(text: str) -> str:
    return " ".join(text.split())
