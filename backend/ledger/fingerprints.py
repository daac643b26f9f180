"""Keyed digests by which a repeated event is known: equal facts are recognised, not guessed from the table."""

import hmac
from collections.abc import Callable
from datetime import datetime
from typing import Any

from backend.kit.canonical import canonical_bytes
from backend.kit.keyring import KeyRing, Purpose

_LABEL = b"daogang.fingerprint\x00"


class Fingerprints:
    """HMAC-SHA256 over the canonical bytes of an event's facts, under the blind-index keys.

    Facts hold where somebody stood and who it was. Their plain digest would outlive the private row, and whoever reads
    the table could try positions and names until one fits. An event that was taken under an earlier key is still known
    by it: keys of this purpose stay usable until a person retires them by name.
    """

    def __init__(self, ring: KeyRing, now: Callable[[], datetime]) -> None:
        """Use the blind-index keys of `ring`."""
        self._ring = ring
        self._now = now

    def of(self, facts: Any) -> tuple[str, ...]:  # noqa: ANN401 - any value that JSON can hold
        """Return the digests of the facts as 64 hexadecimal digits: first the one to store, then those of old keys."""
        message = _LABEL + canonical_bytes(facts)
        keys = self._ring.usable(Purpose.BLIND_INDEX, self._now())
        return tuple([hmac.digest(key.secret, message, "sha256").hex() for key in keys])
