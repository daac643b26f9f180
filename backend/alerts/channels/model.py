"""Says what a channel is given, what it answers, and when it is asked again (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final
from uuid import UUID

KEEP_TRYING: Final = timedelta(hours=24)
"""After that an alert is no news; the inbox has it."""
FIRST_WAIT: Final = timedelta(seconds=5)
LONGEST_WAIT: Final = timedelta(hours=1)
_FACTOR: Final = 3


class ChannelName(StrEnum):
    """Ways to reach somebody who is not looking at his inbox."""

    FCM = "fcm"
    WEB_PUSH = "web_push"
    WECOM = "wecom"
    DINGTALK = "dingtalk"
    EMAIL = "email"
    SMS = "sms"


class AddressKind(StrEnum):
    """What an address is; FCM names an installed app by a registration token or by its installation."""

    FCM_TOKEN = "fcm_token"  # noqa: S105 - the name of a kind, not a secret
    FCM_INSTALLATION = "fcm_installation"
    WEB_PUSH = "web_push"
    WECOM = "wecom"
    DINGTALK = "dingtalk"
    EMAIL = "email"
    SMS = "sms"


CHANNEL_OF: Final[Mapping[str, ChannelName]] = MappingProxyType(
    {
        AddressKind.FCM_TOKEN: ChannelName.FCM,
        AddressKind.FCM_INSTALLATION: ChannelName.FCM,
        AddressKind.WEB_PUSH: ChannelName.WEB_PUSH,
        AddressKind.WECOM: ChannelName.WECOM,
        AddressKind.DINGTALK: ChannelName.DINGTALK,
        AddressKind.EMAIL: ChannelName.EMAIL,
        AddressKind.SMS: ChannelName.SMS,
    }
)

REPLACES: Final = frozenset({ChannelName.FCM, ChannelName.WEB_PUSH})
"""Channels on which a message takes the place of the one shown before under the same tag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a message goes; `parts` are the kind's own: token, endpoint and keys, number, and so on. Never logged."""

    id: UUID
    kind: AddressKind
    parts: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Enclosure:
    """A file that belongs to a message: of what it is (the fact of its alert), for whose eyes, in which language."""

    subject: str
    account_id: UUID
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One alert for one address, in the words that are shown.

    `tag` names what it is about: a later message with the same tag takes its place where the channel can do that.
    `repeat` says that it may have arrived already; channels that cannot replace show the mark. `path` is the page of
    the alert below the board's address. `expires_at` is when it is no news any more. `enclosure` is what goes with it
    where the channel can take files.
    """

    delivery_id: UUID
    address: Address
    tag: str
    title: str
    body: str
    urgent: bool
    path: str
    language: str
    expires_at: datetime
    repeat: bool = False
    enclosure: Enclosure | None = None


class OutcomeKind(StrEnum):
    """What became of an attempt."""

    DELIVERED = "delivered"
    DEAD_ADDRESS = "dead_address"
    RETRY = "retry"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What a channel says of one message.

    `reason` is a short code, never a text of the other side. `retry_at` is when the other side wants to be asked again
    (None: our own back-off). `uncertain` means that the message may have arrived although no answer came. `whole` says
    that it is the channel that fails, not this message: the others wait too.
    """

    kind: OutcomeKind
    reason: str = ""
    retry_at: datetime | None = None
    uncertain: bool = False
    whole: bool = False


DELIVERED: Final = Outcome(kind=OutcomeKind.DELIVERED)


def dead(reason: str) -> Outcome:
    """Say that nobody is at this address any more."""
    return Outcome(kind=OutcomeKind.DEAD_ADDRESS, reason=reason)


def failed(reason: str) -> Outcome:
    """Say that this message will never be taken."""
    return Outcome(kind=OutcomeKind.FAILED, reason=reason)


def retry(reason: str, at: datetime | None = None, *, uncertain: bool = False, whole: bool = False) -> Outcome:
    """Say that it should be tried again, not before `at`."""
    return Outcome(kind=OutcomeKind.RETRY, reason=reason, retry_at=at, uncertain=uncertain, whole=whole)


def next_attempt_at(
    attempts: int, now: datetime, expires_at: datetime, asked_for: datetime | None, spread: float
) -> datetime | None:
    """Return when to try again after `attempts` tries, or None when it would come too late.

    5 s, then three times as long each time, an hour at most, lengthened by up to a half by `spread` (0 to 1) so that
    what failed together does not come back together; never before what the other side asked for.
    """
    wait = min(LONGEST_WAIT, FIRST_WAIT * _FACTOR ** min(max(attempts, 1) - 1, 10))
    at = now + wait * (1 + spread / 2)
    if asked_for is not None:
        at = max(at, asked_for)
    return at if at < expires_at else None
