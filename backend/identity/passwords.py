"""Hashes and checks passwords with Argon2id off the event loop, with the same work for unknown names."""

from __future__ import annotations

import math
import secrets
from dataclasses import dataclass
from typing import Final

import anyio
import anyio.to_thread
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from backend.identity.errors import PasswordTooWeak

SHORTEST: Final = 10
LONGEST: Final = 128
_FEWEST_DIFFERENT: Final = 5


@dataclass(frozen=True, slots=True)
class PasswordCheck:
    """Outcome of a check; `new_hash` is set when the stored hash is of older parameters."""

    right: bool
    new_hash: str | None = None


class Passwords:
    """Argon2id with OWASP's parameters (19 MiB, 2 passes, 1 lane); at most `at_once` run together.

    The bound keeps a flood of log-ins from taking all memory and all cores; the rest wait their turn.
    """

    def __init__(self, *, memory_kib: int = 19456, passes: int = 2, at_once: int = 2) -> None:
        """Choose parameters; tests take small ones."""
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        # A hash nobody has the password of, with today's parameters: unknown names are checked against it.
        self._nobody = self._hasher.hash(secrets.token_urlsafe(32))
        self._at_once = at_once
        self._limiter: anyio.CapacityLimiter | None = None

    async def hash(self, password: str) -> str:
        """Return the encoded Argon2id hash of `password` with a fresh salt."""
        return await anyio.to_thread.run_sync(self._hasher.hash, _bytes(password), limiter=self._limit())

    async def check(self, stored: str | None, password: str) -> PasswordCheck:
        """Check `password` against `stored`; None (unknown name, no password set) costs the same and is wrong."""
        if len(password) > LONGEST:
            password = password[:LONGEST] + "\x00"  # never right, and no more work than a long one
        right = await anyio.to_thread.run_sync(self._verify, stored or self._nobody, password, limiter=self._limit())
        if not right or stored is None:
            return PasswordCheck(right=False)
        if self._hasher.check_needs_rehash(stored):
            return PasswordCheck(right=True, new_hash=await self.hash(password))
        return PasswordCheck(right=True)

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False

    def _limit(self) -> anyio.CapacityLimiter:
        # Made on first use: a limiter belongs to the event loop that runs it.
        if self._limiter is None:
            self._limiter = anyio.CapacityLimiter(self._at_once)
        return self._limiter


def require_strong(password: str, username: str) -> None:
    """Refuse what NIST SP 800-63B §5.1.1 would: too short, too long, the user name, or hardly any variety.

    Raises `PasswordTooWeak`.
    """
    too_plain = len(set(password)) < _FEWEST_DIFFERENT or username.lower() in password.lower()
    if not SHORTEST <= len(password) <= LONGEST or too_plain:
        raise PasswordTooWeak(shortest=SHORTEST, longest=LONGEST)


def draw_password() -> str:
    """Return a random first password of at least 90 bits, to be handed over once."""
    return secrets.token_urlsafe(math.ceil(90 / 8))


def _bytes(password: str) -> bytes:
    return password.encode("utf-8", "surrogatepass")
