"""Reads and writes the headers of tus 1.0.0 (core, creation, checksum, expiration, termination)."""

import base64
import binascii
import re
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Final

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,expiration,checksum,termination"
ALGORITHMS: Final = {"sha256": 32, "sha1": 20}
"""Checksums of single requests with their length in bytes; tus demands SHA-1."""

CHUNK_MEDIA_TYPE: Final = "application/offset+octet-stream"
_NUMBER = re.compile(r"[0-9]{1,15}")
_KEY = re.compile(r"[!-+\--~]+")  # printable ASCII without blanks and commas
_DIGEST = re.compile(r"[0-9a-f]{64}")


def read_number(text: str | None) -> int | None:
    """Return a length or offset in bytes; None for what is none."""
    return int(text) if text is not None and _NUMBER.fullmatch(text) else None


def read_metadata(text: str) -> dict[str, bytes] | None:
    """Return `Upload-Metadata` decoded: pairs of key and base64, joined by commas. None if it is malformed."""
    found: dict[str, bytes] = {}
    for pair in text.split(",") if text else ():
        key, _, encoded = pair.strip().partition(" ")
        value = _base64(encoded)
        if not _KEY.fullmatch(key) or key in found or value is None:
            return None
        found[key] = value
    return found


def read_digest(value: bytes | None) -> bytes | None:
    """Return a SHA-256 that is written as 64 lower-case hexadecimal digits; None for anything else."""
    text = (value or b"").decode("ascii", "replace")
    return bytes.fromhex(text) if _DIGEST.fullmatch(text) else None


def read_checksum(text: str) -> tuple[str, bytes] | None:
    """Return algorithm and digest of `Upload-Checksum`; None if it is malformed or of another algorithm."""
    algorithm, _, encoded = text.partition(" ")
    digest = _base64(encoded)
    if digest is None or ALGORITHMS.get(algorithm) != len(digest):
        return None
    return algorithm, digest


def http_date(at: datetime) -> str:
    """Return an aware instant as HTTP writes it (RFC 9110 §5.6.7)."""
    return format_datetime(at.astimezone(UTC), usegmt=True)


def _base64(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
