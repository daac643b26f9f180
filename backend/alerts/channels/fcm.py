"""Sends alerts to phones and browsers through Firebase Cloud Messaging with firebase-admin."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import uuid4

import firebase_admin
import structlog
from firebase_admin import credentials, exceptions, messaging
from google.auth.exceptions import GoogleAuthError

from backend.alerts.channels.fcm_messages import judge_answer, make_message
from backend.alerts.channels.fcm_transport import AccessToken, FcmTransport, send_by
from backend.alerts.channels.model import ChannelName, Message, Outcome, failed, retry
from backend.alerts.channels.port import Pace

log = structlog.get_logger()

TIMEOUT_S: Final = 10.0
AT_ONCE: Final = 100
"""Requests under way: with answers after 50 ms there would be room for 2,000 a second."""


class FcmChannel:
    """FCM's HTTP v1 interface, one request for each message, many at once."""

    def __init__(
        self,
        credentials_file: str,
        *,
        endpoint: str | None = None,
        timeout_s: float = TIMEOUT_S,
        at_once: int = AT_ONCE,
    ) -> None:
        """Read the service account's file; `endpoint` (scheme and host) replaces Google's.

        Raises ValueError or OSError when the file is not one.
        """
        certificate = credentials.Certificate(credentials_file)
        self._app = firebase_admin.initialize_app(
            certificate, {"projectId": certificate.project_id}, f"daogang-{uuid4()}"
        )
        self._token = AccessToken(certificate.get_credential())
        self._transport = FcmTransport(self._token, endpoint=endpoint, timeout_s=timeout_s, at_once=at_once)
        send_by(self._app, self._transport)

    @property
    def name(self) -> ChannelName:
        """Return which one it is."""
        return ChannelName.FCM

    @property
    def missing(self) -> str | None:
        """It has all it needs."""
        return None

    @property
    def pace(self) -> Pace:
        """Take more than is under way, so that none waits for the database."""
        return Pace(batch=250, at_once=2)

    async def send(self, messages: Sequence[Message], now: datetime) -> list[Outcome]:
        """Send each message by a request of its own, as many at once as the connections carry."""
        try:
            await self._token.make_ready(now)
        except GoogleAuthError as fault:
            log.warning("fcm.no_token", cause=type(fault).__name__)
            return [retry("no_token", whole=True) for _ in messages]
        return await self._send_all(messages, now)

    def forget_token(self) -> None:
        """Fetch another access token before the next message."""
        self._token.forget()

    async def _send_all(self, messages: Sequence[Message], now: datetime) -> list[Outcome]:
        made = [make_message(message, now) for message in messages]
        try:
            answer = await messaging.send_each_async(made, app=self._app)
        except ValueError as fault:
            # The library looks at all of them before it sends any, and refuses all for one that is malformed.
            if len(messages) > 1:
                return [outcome for message in messages for outcome in await self._send_all([message], now)]
            log.warning("fcm.malformed", cause=type(fault).__name__)
            return [failed("malformed")]
        except exceptions.FirebaseError as fault:
            log.warning("fcm.strange_answer", cause=type(fault.cause).__name__)
            return [retry("answer_unknown", uncertain=True) for _ in messages]
        return [judge_answer(one, now) for one in answer.responses]

    async def aclose(self) -> None:
        """Close connections and forget the app."""
        await self._transport.aclose()
        # In a thread, because the library calls asyncio.run for its client; it finds it closed.
        await asyncio.to_thread(firebase_admin.delete_app, self._app)
