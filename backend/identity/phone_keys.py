"""Reads the public key with which a phone signs: ECDSA P-256, SubjectPublicKeyInfo, base64url (pure)."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
)

from backend.identity.errors import PublicKeyMalformed

_LONGEST: Final = 200


def read_public_key(text: str) -> bytes:
    """Return the DER bytes of a P-256 public key given as base64url, with or without padding.

    This is what WebCrypto's `exportKey("spki")` gives. The point is checked to lie on the curve.
    Raises `PublicKeyMalformed`.
    """
    if len(text) > _LONGEST:
        raise PublicKeyMalformed
    try:
        der = base64.b64decode(
            text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4),
            altchars=b"-_",
            validate=True,
        )
        key = load_der_public_key(der)
    except (binascii.Error, ValueError, UnsupportedAlgorithm):
        raise PublicKeyMalformed from None
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
        raise PublicKeyMalformed
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def key_thumbprint(der: bytes) -> str:
    """Return the SHA-256 of a key in hex: how logs and the audit speak of it."""
    return hashlib.sha256(der).hexdigest()
