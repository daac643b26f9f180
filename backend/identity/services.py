"""Holds the adapters and keyed helpers that identity's use cases work with, one set per process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from backend.channel_settings import SmsGateway
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
    ring: KeyRing,
    clock: Clock,
    sms_outbox: Path | None,
    *,
    sms_console: bool = True,
    sms_gateway: SmsGateway | None = None,
    push_hosts: Sequence[str] = (),
) -> IdentityServices:
    """Choose the adapters: a gateway, or an outbox file for development, else no SMS at all, which then says so.

    `push_hosts` replaces the browsers' push services as the hosts that Web Push may lead to.
    """
    return IdentityServices(
        access=AccessTokens(ring),
        passwords=Passwords(),
        sms=_open_sms(sms_gateway, sms_outbox, console=sms_console),
        cipher=FieldCipher(ring, clock.now),
        index=BlindIndex(ring, clock.now),
        push_hosts=push_hosts or DEFAULT_HOSTS,
    )


def _open_sms(gateway: SmsGateway | None, outbox: Path | None, *, console: bool) -> SmsSender:
    if gateway is not None:
        # An HTTP client takes its time to load; a server without a gateway needs none.
        from backend.identity.sms_gateway import HttpSmsSender  # noqa: PLC0415 - likewise

        return HttpSmsSender(gateway)
    return NullSmsSender() if outbox is None else OutboxSmsSender(outbox, console=console)
