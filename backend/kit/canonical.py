"""One spelling of a value, so that its digest can be compared and signed."""

from hashlib import sha256
from typing import Any

import msgspec

_encoder = msgspec.json.Encoder(order="deterministic", decimal_format="string", uuid_format="canonical")


def canonical_bytes(value: Any) -> bytes:  # noqa: ANN401 - any value that JSON can hold
    """Encode as JSON with sorted keys, no white space and shortest round-trip numbers, in UTF-8.

    This is RFC 8785 for the values we use: keys are ASCII, so that sorting by code point and by UTF-16 unit agree, and
    numbers are integers below 2**53 or finite floats.
    """
    return _encoder.encode(value)


def digest(value: Any) -> bytes:  # noqa: ANN401 - any value that JSON can hold
    """Return the SHA-256 (32 bytes) of the canonical bytes."""
    return sha256(canonical_bytes(value)).digest()
