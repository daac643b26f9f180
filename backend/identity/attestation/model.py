"""What a phone may show of its key, and what can come of looking at it (pure)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, Protocol, runtime_checkable

Kind = Literal["android_key", "app_attest", "play_integrity"]
Trust = Literal["software", "hardware", "strongbox", "app_attest", "play_integrity"]
"""What is known of a key: nothing (`software`), that it lies in a phone's hardware (`hardware`, `strongbox`), or that
an unaltered app on an unaltered phone speaks for it (`app_attest`, `play_integrity`)."""

Fault = Literal[
    "malformed",
    "chain",
    "root",
    "expired",
    "revoked",
    "challenge",
    "key",
    "app",
    "software",
    "origin",
    "boot",
    "device",
]
"""Why an attestation proves nothing: not of its form; a link that did not sign the next; none of the pinned roots; not
good at present; withdrawn by the maker; of another challenge; of another key; of another app; the key lies in software;
it was brought in from outside; the phone's system is altered; the phone is not what the maker vouches for."""

LONGEST_CHAIN: Final = 8


class UnprovenError(Exception):
    """An attestation that proves nothing; `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        """Name the fault."""
        super().__init__(fault)
        self.fault: Fault = fault


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the phone's platform says: `parts` are its certificates, leaf first, or its one object or token."""

    kind: Kind
    parts: Sequence[bytes]


@dataclass(frozen=True, slots=True)
class Subject:
    """What has to be attested: a key (SubjectPublicKeyInfo), our challenge, and the message that binds both.

    A key in Android's Keystore is made with the digest of the challenge; the other platforms attest that of the
    message, which names the key.
    """

    der: bytes
    challenge: bytes
    message: bytes

    @property
    def challenge_digest(self) -> bytes:
        """SHA-256 of the challenge: Android takes 128 bytes at most."""
        return hashlib.sha256(self.challenge).digest()

    @property
    def message_digest(self) -> bytes:
        """SHA-256 of the message."""
        return hashlib.sha256(self.message).digest()


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is known of a key from now on; with `fault` something was shown and proved nothing."""

    trust: Trust
    fault: Fault | None = None


@runtime_checkable
class Attestation(Protocol):
    """Looks at what a phone shows of its key."""

    def can_judge(self, kind: Kind) -> bool:
        """Tell whether the roots and apps of a kind are known here."""
        ...

    def judge(self, evidence: Evidence, subject: Subject, at: datetime) -> Verdict:
        """Return what the evidence proves; what cannot be judged here is `software` without a fault. Never raises."""
        ...


class NoAttestation:
    """Where nothing is pinned: every key is `software`, and nothing is held against it."""

    def can_judge(self, kind: Kind) -> bool:
        """Say no."""
        del kind
        return False

    def judge(self, evidence: Evidence, subject: Subject, at: datetime) -> Verdict:
        """Prove nothing and blame nothing."""
        del evidence, subject, at
        return Verdict("software")
