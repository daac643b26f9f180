"""A mail server on loopback: aiosmtpd, which keeps what it gets and answers a recipient as told."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP


@dataclass
class Post:
    """What the server got, and what it says to a recipient."""

    answers: dict[str, str] = field(default_factory=dict[str, str])
    mails: list[EmailMessage] = field(default_factory=list[EmailMessage])
    port: int = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's
        self,
        server: Any,
        session: Any,
        envelope: Any,
        address: str,
        options: Any,
    ) -> str:
        """Answer for one recipient."""
        del server, session, options
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - likewise
        """Keep a mail."""
        del server, session
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        return "250 OK"


@asynccontextmanager
async def mail_server(*, most_bytes: int = 33_554_432) -> AsyncGenerator[Post]:
    """Serve for the length of the block; mails of more than `most_bytes` are refused, as the greeting says."""
    held = Post()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(held, loop=loop, data_size_limit=most_bytes), "127.0.0.1", 0)
    held.port = server.sockets[0].getsockname()[1]
    yield held
    server.close()
