"""Sends alerts by SMS through identity's port."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

import structlog

from backend.alerts.channels.marks import repeat_mark
from backend.alerts.channels.model import DELIVERED, ChannelName, Message, Outcome, dead, failed, retry
from backend.alerts.channels.port import Pace
from backend.identity.sms import SmsFate, SmsNotTaken, SmsSender

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
        """Send one after the other; a gateway that takes none is not asked for the rest."""
        outcomes: list[Outcome] = []
        for message in messages:
            if outcomes and outcomes[-1].whole:
                outcomes.append(replace(outcomes[-1], uncertain=False))
            else:
                outcomes.append(await self._send(message, now))
        return outcomes

    async def aclose(self) -> None:
        """Hold nothing."""

    async def _send(self, message: Message, now: datetime) -> Outcome:
        mark = repeat_mark(message.language) if message.repeat else ""
        text = f"{mark}{message.title}: {message.body}"[:LONGEST]
        try:
            await self._sender.send_text(message.delivery_id, message.address.parts["to"], text, now)
        except SmsNotTaken as fault:
            return _outcome_of(fault)
        except Exception as fault:  # noqa: BLE001 - whatever an adapter raises; it may hold the number: its kind is told
            log.error("sms.failed", cause=type(fault).__name__)  # noqa: TRY400 - likewise: no traceback
            return retry("gateway_failed", uncertain=True)
        return DELIVERED


def _outcome_of(fault: SmsNotTaken) -> Outcome:
    match fault.fate:
        case SmsFate.NO_SUCH_NUMBER:
            return dead(fault.reason)
        case SmsFate.REFUSED:
            return failed(fault.reason)
        case SmsFate.LATER:
            return retry(fault.reason, fault.retry_at, uncertain=fault.uncertain, whole=fault.whole)
