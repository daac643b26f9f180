"""Holds the adapters and keyed helpers that identity's use cases work with, one set per process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from backend.identity.passwords import Passwords
from backend.identity.push_services import DEFAULT_HOSTS
from backend.identity.refresh import PHONE_LIFETIMES, STAFF_LIFETIMES, Lifetimes
from backend.identity.sms import NullSmsSender, OutboxSmsSender, SmsSender
from backend.identity.sms_codes import SmsPolicy
from backend.identity.tokens import AccessTokens
from backend.kit.clock import Clock
from backend.kit.crypto import BlindIndex, FieldCipher
from backend.kit.keyring import KeyRing


@dataclass(frozen=True, kw_only=True)
class IdentityServices:
    """What log-in, sessions and accounts need beside a transaction and a clock."""

    access: AccessTokens
    passwords: Passwords
    sms: SmsSender
    cipher: FieldCipher
    index: BlindIndex
    push_hosts: Sequence[str] = DEFAULT_HOSTS
    sms_policy: SmsPolicy = field(default_factory=SmsPolicy)
    staff_lifetimes: Lifetimes = STAFF_LIFETIMES
    phone_lifetimes: Lifetimes = PHONE_LIFETIMES


def make_identity_services(
    ring: KeyRing, clock: Clock, sms_outbox: Path | None, *, sms_console: bool = True, push_hosts: Sequence[str] = ()
) -> IdentityServices:
    """Choose the adapters: an outbox file for development, else no SMS at all, which then says so.

    `push_hosts` replaces the browsers' push services as the hosts that Web Push may lead to.
    """
    sms: SmsSender = NullSmsSender() if sms_outbox is None else OutboxSmsSender(sms_outbox, console=sms_console)
    return IdentityServices(
        access=AccessTokens(ring),
        passwords=Passwords(),
        sms=sms,
        cipher=FieldCipher(ring, clock.now),
        index=BlindIndex(ring, clock.now),
        push_hosts=push_hosts or DEFAULT_HOSTS,
    )
