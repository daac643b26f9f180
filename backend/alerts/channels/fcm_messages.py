"""Writes messages as FCM takes them, and reads what its answers mean."""

from __future__ import annotations

import warnings
from datetime import datetime, timedelta
from typing import Final

import httpx
from firebase_admin import exceptions, messaging

from backend.alerts.channels.model import DELIVERED, AddressKind, Message, Outcome, dead, failed, retry
from backend.kit.retry_after import read_retry_after

QUOTA_PAUSE: Final = timedelta(minutes=1)
"""What FCM's guide asks for after a 429 that says nothing."""
TOPIC_LENGTH: Final = 32


def make_message(message: Message, now: datetime) -> messaging.Message:
    """Write a message for every kind of receiver; the tag makes a later one take its place on each."""
    lives = max(message.expires_at - now, timedelta())
    address = message.address
    to = {"token" if address.kind is AddressKind.FCM_TOKEN else "fid": address.parts["to"]}
    with warnings.catch_warnings():
        # Apps still name themselves by registration tokens, which the library calls deprecated.
        warnings.simplefilter("ignore", DeprecationWarning)
        return messaging.Message(
            **to,
            notification=messaging.Notification(title=message.title, body=message.body),
            data={"tag": message.tag, "path": message.path},
            android=messaging.AndroidConfig(
                collapse_key=message.tag,
                priority="high" if message.urgent else "normal",
                ttl=lives,
                notification=messaging.AndroidNotification(tag=message.tag, channel_id="alerts"),
            ),
            apns=messaging.APNSConfig(
                headers={
                    "apns-collapse-id": message.tag,
                    "apns-expiration": str(int(message.expires_at.timestamp())),
                    "apns-priority": "10" if message.urgent else "5",
                },
                payload=messaging.APNSPayload(
                    aps=messaging.Aps(
                        alert=messaging.ApsAlert(title=message.title, body=message.body),
                        sound="default" if message.urgent else None,
                        thread_id="alerts",
                    )
                ),
            ),
            webpush=messaging.WebpushConfig(
                headers={
                    "Topic": message.tag.replace("-", "")[:TOPIC_LENGTH],
                    "TTL": str(int(lives.total_seconds())),
                    "Urgency": "high" if message.urgent else "normal",
                },
                notification=messaging.WebpushNotification(
                    title=message.title, body=message.body, tag=message.tag, renotify=message.urgent
                ),
            ),
        )


_MEANINGS: Final[tuple[tuple[type[Exception], Outcome], ...]] = (
    (messaging.UnregisteredError, dead("unregistered")),
    (messaging.SenderIdMismatchError, dead("sender_id_mismatch")),
    # The project's own key for Apple's or the browsers' service is missing or wrong: the operator has to look.
    (messaging.ThirdPartyAuthError, failed("third_party_auth")),
    (exceptions.UnauthenticatedError, retry("token_refused", whole=True)),
    # The service account may not send, or there is no such project: nothing arrives until somebody mends that.
    (exceptions.PermissionDeniedError, retry("not_allowed", whole=True)),
    (exceptions.NotFoundError, retry("not_allowed", whole=True)),
    (exceptions.DeadlineExceededError, retry("timeout", uncertain=True)),
)
_STRANGE: Final = retry("answer_unknown", uncertain=True)


def judge_answer(answer: messaging.SendResponse, now: datetime) -> Outcome:
    """Say what one answer of FCM means."""
    fault = answer.exception
    if fault is None:
        return DELIVERED if answer.success else _STRANGE
    if isinstance(fault.cause, httpx.DecodingError):
        return _STRANGE
    response: httpx.Response | None = fault.http_response
    asked_for = read_retry_after(None if response is None else response.headers.get("Retry-After"), now)
    for meant, outcome in _MEANINGS:
        if isinstance(fault, meant):
            return outcome
    if isinstance(fault, messaging.QuotaExceededError | exceptions.ResourceExhaustedError):
        return retry("quota_exceeded", asked_for or now + QUOTA_PAUSE, whole=True)
    if isinstance(fault, exceptions.InvalidArgumentError):
        return dead("address_malformed") if _names_address(response) else failed("invalid_argument")
    reached = response is not None or not isinstance(fault.cause, httpx.ConnectError | httpx.ConnectTimeout)
    return retry("unavailable" if reached else "unreachable", asked_for, uncertain=reached, whole=not reached)


def _names_address(response: httpx.Response | None) -> bool:
    """Tell whether the complaint is about the address, not about the message."""
    try:
        details = [] if response is None else response.json()["error"]["details"]
        fields = [violation["field"] for detail in details for violation in detail.get("fieldViolations", [])]
    except (ValueError, KeyError, TypeError):
        return False
    return bool(fields) and all(field in {"message.token", "message.fid"} for field in fields)
