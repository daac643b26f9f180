"""Judges a presented refresh token: rotate, answer a retry, refuse, or revoke the whole family (pure).

A phone that lost the answer to a refresh holds only the old token. It may present it again as long as
nobody used what was issued in its place. Once a newer token was used, the old one is in the wrong hands
or the newer one is, and the family ends.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

MOST_CHILDREN: Final = 5
"""How many tokens may be issued in the place of one: the first answer and four retries."""

_PREFIX: Final = "dgr_"
_SECRET_BYTES: Final = 32


class Verdict(StrEnum):
    """What becomes of a presented token."""

    ROTATE = "rotate"
    RETRY = "retry"
    REUSED = "reused"
    EXHAUSTED = "exhausted"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Presented:
    """What is on record about a presented token while its family is locked."""

    used: bool
    expires_at: datetime
    family_expires_at: datetime
    family_revoked: bool
    sibling_used: bool
    children: int
    child_used: bool


def judge(token: Presented, now: datetime) -> Verdict:
    """Say what to do with `token` at `now` (aware)."""
    if token.family_revoked:
        return Verdict.ENDED
    # Reuse is looked for before expiry: an old token in the wrong hands is news even when it is stale.
    if token.child_used if token.used else token.sibling_used:
        return Verdict.REUSED
    if now >= token.expires_at or now >= token.family_expires_at:
        return Verdict.ENDED
    if not token.used:
        return Verdict.ROTATE
    return Verdict.RETRY if token.children < MOST_CHILDREN else Verdict.EXHAUSTED


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """How long a session lasts: `idle` without a refresh, `whole` at most."""

    idle: timedelta
    whole: timedelta


STAFF_LIFETIMES: Final = Lifetimes(idle=timedelta(hours=12), whole=timedelta(days=7))
PHONE_LIFETIMES: Final = Lifetimes(idle=timedelta(days=45), whole=timedelta(days=180))


def draw_secret() -> str:
    """Return a new refresh token: 256 random bits behind a prefix that secret scanners recognise."""
    return _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


def hash_secret(token: str) -> bytes:
    """Return what is stored of a token. Plain SHA-256 is enough: 256 random bits cannot be guessed."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
