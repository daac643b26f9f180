"""Sends alerts by SMS through identity's port."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import structlog

from backend.alerts.channels.marks import repeat_mark
from backend.alerts.channels.model import DELIVERED, ChannelName, Message, Outcome, retry
from backend.alerts.channels.port import Pace
from backend.identity.sms import SmsSender

log = structlog.get_logger()
LONGEST: Final = 300
"""Characters; carriers charge for each 67."""


class SmsChannel:
    """The SMS gateway that log-in codes go through too."""

    def __init__(self, sender: SmsSender) -> None:
        """Send through `sender`, which must be ready."""
        self._sender = sender

    @property
    def name(self) -> ChannelName:
        """Return which one it is."""
        return ChannelName.SMS

    @property
    def missing(self) -> str | None:
        """It has all it needs."""
        return None

    @property
    def pace(self) -> Pace:
        """Take a few at a time: log-in codes go first."""
        return Pace(batch=10, at_once=1)

    async def send(self, messages: Sequence[Message], now: datetime) -> list[Outcome]:
        """Send one after the other; what a gateway raises may hold the number, so that only its kind is told."""
        outcomes: list[Outcome] = []
        for message in messages:
            mark = repeat_mark(message.language) if message.repeat else ""
            text = f"{mark}{message.title}: {message.body}"[:LONGEST]
            try:
                await self._sender.send_text(message.address.parts["to"], text, now)
            except Exception as fault:  # noqa: BLE001 - whatever the gateway raises
                log.error("sms.failed", cause=type(fault).__name__)  # noqa: TRY400 - likewise: no traceback
                outcomes.append(retry("gateway_failed", uncertain=True))
            else:
                outcomes.append(DELIVERED)
        return outcomes

    async def aclose(self) -> None:
        """Hold nothing."""
