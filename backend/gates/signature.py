"""Signs and checks gate requests: HMAC-SHA256 over method, path, timestamp, nonce and body digest (pure).

The server, the reference client, the demo and the tests all sign with `sign_request`; docs/gate-api.md tells the rest.
"""

import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Final

from backend.gates.errors import ClockSkew, SignatureMissing

KEY_HEADER: Final = "X-Daogang-Key"
TIMESTAMP_HEADER: Final = "X-Daogang-Timestamp"
NONCE_HEADER: Final = "X-Daogang-Nonce"
SIGNATURE_HEADER: Final = "X-Daogang-Signature"

SKEW_LIMIT_S: Final = 300

_KEY: Final = re.compile(r"[0-9A-Za-z_-]{1,64}")
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}")
_NONCE: Final = re.compile(r"[0-9A-Za-z_-]{16,64}")
_SIGNATURE: Final = re.compile(r"[0-9a-fA-F]{64}")

# What a request with an unknown key is checked against, so that it takes as long as one with a wrong signature.
_NOBODY: Final = secrets.token_bytes(43)


@dataclass(frozen=True, slots=True)
class Signature:
    """The four headers of a signed request; `timestamp` in Unix seconds as it was written."""

    key_id: str
    timestamp: str
    nonce: str
    signature: str


def sign_request(secret: str, *, method: str, path: str, timestamp: int | str, nonce: str, body: bytes) -> str:
    """Return the signature in lower-case hexadecimal.

    The key is the secret exactly as it was shown, in ASCII. The message is `method`, `path` (as in the request line,
    without query), `timestamp` (Unix seconds), `nonce` and the hexadecimal SHA-256 of the body, joined by line feeds.
    """
    return _mac(secret.encode(), method, path, str(timestamp), nonce, body)


def signed_headers(
    key_id: str, secret: str, *, method: str, path: str, body: bytes, at: datetime, nonce: str | None = None
) -> dict[str, str]:
    """Return the headers that sign a request at the aware instant `at` of the server's time (RFC 2104, FIPS 180-4).

    A client whose clock is off passes its own time plus the offset that it learned from `gates.clock_skew`. A nonce is
    drawn unless one is given: each sending, a repetition too, needs one of its own.
    """
    nonce = nonce or secrets.token_urlsafe(18)
    timestamp = str(int(at.timestamp()))
    return {
        KEY_HEADER: key_id,
        TIMESTAMP_HEADER: timestamp,
        NONCE_HEADER: nonce,
        SIGNATURE_HEADER: sign_request(secret, method=method, path=path, timestamp=timestamp, nonce=nonce, body=body),
    }


def read_signature(headers: Mapping[str, str]) -> Signature:
    """Take the four headers; raises SignatureMissing naming the first that is absent or has another form."""
    values: list[str] = []
    for name, form in (
        (KEY_HEADER, _KEY),
        (TIMESTAMP_HEADER, _TIMESTAMP),
        (NONCE_HEADER, _NONCE),
        (SIGNATURE_HEADER, _SIGNATURE),
    ):
        value = headers.get(name) or headers.get(name.lower()) or ""
        if form.fullmatch(value) is None:
            raise SignatureMissing(header=name)
        values.append(value)
    return Signature(*values)


def matches(secret: str | None, given: Signature, *, method: str, path: str, body: bytes) -> bool:
    """Tell whether the secret made the signature, in constant time; None (no such key) takes as long and is False."""
    key = _NOBODY if secret is None else secret.encode()
    expected = _mac(key, method, path, given.timestamp, given.nonce, body)
    return hmac.compare_digest(expected, given.signature.lower()) and secret is not None


def require_fresh(given: Signature, now: datetime) -> None:
    """Refuse a timestamp more than 300 s away from `now`; ClockSkew carries the server's time."""
    behind_s = int(now.timestamp()) - int(given.timestamp)
    if abs(behind_s) > SKEW_LIMIT_S:
        raise ClockSkew(server_time=now.isoformat(), behind_s=behind_s, limit_s=SKEW_LIMIT_S)


def _mac(key: bytes, method: str, path: str, timestamp: str, nonce: str, body: bytes) -> str:
    message = "\n".join((method.upper(), path, timestamp, nonce, sha256(body).hexdigest()))
    return hmac.new(key, message.encode(), sha256).hexdigest()
