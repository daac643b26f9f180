"""The key with which a phone signs: ECDSA P-256 as JWK, its thumbprint, and what it has signed (pure)."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from backend.identity.errors import PublicKeyMalformed

_COORDINATE: Final = 32
_ALGORITHM: Final = ec.ECDSA(SHA256())
_RAW_SIGNATURE: Final = 64
_LONGEST_SIGNATURE: Final = 100
_BASE64URL: Final = re.compile(r"[0-9A-Za-z_-]*")

KEYS_IN_MEMORY: Final = 1024
"""Keys that stay read, for the punches of one queue: each takes 2.6 kB, and reading one again an eighth of a check."""


@dataclass(frozen=True, slots=True)
class PhoneKey:
    """A public key: its RFC 7638 thumbprint (SHA-256, base64url), by which it is named, and its DER bytes (SPKI)."""

    thumbprint: str
    der: bytes


def key_thumbprint(der: bytes) -> str:
    """Return the SHA-256 of a key in hex: how logs and the audit speak of it."""
    return hashlib.sha256(der).hexdigest()


def read_jwk(x: str, y: str) -> PhoneKey:
    """Return the key of a JWK's coordinates (RFC 7518 §6.2.1); raises `PublicKeyMalformed`.

    Each is 32 bytes in base64url without padding. The point is checked to lie on the curve.
    """
    numbers = [read_base64url(text) for text in (x, y)]
    if any(number is None or len(number) != _COORDINATE for number in numbers):
        raise PublicKeyMalformed
    try:
        point = b"\x04" + b"".join(cast("list[bytes]", numbers))
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    except ValueError:
        raise PublicKeyMalformed from None
    return PhoneKey(jwk_thumbprint(x, y), key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


def jwk_thumbprint(x: str, y: str) -> str:
    """Return the RFC 7638 thumbprint of a P-256 key: SHA-256 of its required members in order, base64url."""
    return digest_text(f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'.encode())


def digest_text(content: bytes) -> str:
    """Return the SHA-256 of bytes in base64url without padding: 43 characters."""
    return base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()


def read_base64url(text: str) -> bytes | None:
    """Return the bytes of base64url without padding in its one spelling; None for anything else."""
    if _BASE64URL.fullmatch(text) is None or len(text) % 4 == 1:
        return None
    content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    # Spare bits at the end must be zero, or one content would have several spellings.
    return content if base64.urlsafe_b64encode(content).rstrip(b"=").decode() == text else None


def has_signed(der: bytes, signature: str, message: bytes) -> bool:
    """Tell whether the key of `der` made the signature (ECDSA with SHA-256) over the message.

    The signature is base64url of r and s in 32 bytes each, as WebCrypto gives them, or of their DER form, as Android
    and Apple do.
    """
    if len(signature) > _LONGEST_SIGNATURE:
        return False
    content = read_base64url(signature)
    if not content:
        return False
    if len(content) == _RAW_SIGNATURE:
        half = _RAW_SIGNATURE // 2
        content = encode_dss_signature(int.from_bytes(content[:half]), int.from_bytes(content[half:]))
    try:
        _loaded(der).verify(content, message, _ALGORITHM)
    except InvalidSignature:
        return False
    return True


@lru_cache(maxsize=KEYS_IN_MEMORY)
def _loaded(der: bytes) -> ec.EllipticCurvePublicKey:
    return cast("ec.EllipticCurvePublicKey", load_der_public_key(der))
