"""Draws log-in codes, stores only their keyed digest, and judges an attempt (pure)."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from backend.kit.crypto import BlindIndex

CODE_DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class SmsPolicy:
    """Limits of log-in by SMS code; counts are per clock hour."""

    valid_for: timedelta = timedelta(minutes=5)
    resend_after: timedelta = timedelta(seconds=60)
    attempts: int = 5
    codes_per_phone: int = 6
    codes_per_address: int = 300
    failures_per_address: int = 150


class CodeVerdict(StrEnum):
    """What becomes of an attempt."""

    RIGHT = "right"
    WRONG = "wrong"
    EXHAUSTED = "exhausted"


@dataclass(frozen=True, slots=True)
class IssuedCode:
    """What is on record about the last code of a number; attempts counts those already made."""

    id: UUID
    code_hash: bytes
    expires_at: datetime
    attempts: int
    used: bool


def draw_code() -> str:
    """Return six random digits."""
    return f"{secrets.randbelow(10**CODE_DIGITS):0{CODE_DIGITS}d}"


def hash_code(index: BlindIndex, code_id: UUID, code: str) -> bytes:
    """Return the keyed digest of a code; without the key six digits would be guessed from it at once."""
    return index.digest("sms-code", code_id.bytes + code.encode("utf-8", "surrogatepass"))


def judge_code(
    issued: IssuedCode | None,
    code: str,
    *,
    index: BlindIndex,
    policy: SmsPolicy,
    now: datetime,
) -> CodeVerdict:
    """Judge an attempt with `code` at `now`; the same digest work is done when no code was issued.

    A used, expired or missing code is simply wrong, so that the answer tells nothing about the number.
    """
    known = issued or IssuedCode(UUID(int=0), bytes(32), now, 0, used=True)
    matches = hmac.compare_digest(hash_code(index, known.id, code), known.code_hash)
    if known.used or now >= known.expires_at:
        return CodeVerdict.WRONG
    if known.attempts >= policy.attempts:
        return CodeVerdict.EXHAUSTED
    return CodeVerdict.RIGHT if matches else CodeVerdict.WRONG


def wait_before_resend(last_issued_at: datetime | None, *, policy: SmsPolicy, now: datetime) -> int:
    """Return how many whole seconds to wait before another code may be sent; 0 when it may be now."""
    if last_issued_at is None:
        return 0
    left = (last_issued_at + policy.resend_after - now).total_seconds()
    return max(0, -int(-left // 1))
