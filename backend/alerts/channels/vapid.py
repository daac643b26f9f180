"""The key by which push services know this server (VAPID, RFC 8292), derived from the ring of purpose `web_push`."""

import base64
import hashlib
from typing import Final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from backend.kit.keyring import KeyRing, Purpose

_LABEL = b"daogang.vapid.v1\x00"
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def vapid_key(secret: bytes) -> ec.EllipticCurvePrivateKey:
    """Derive the server's P-256 key from a secret of purpose `web_push`.

    FIPS 186-5 §A.2.1: 64 bytes of hash, reduced into 1 … n−1.
    """
    number = int.from_bytes(hashlib.sha512(_LABEL + secret).digest())
    return ec.derive_private_key(number % (_ORDER - 1) + 1, ec.SECP256R1())


def vapid_public_key(ring: KeyRing) -> tuple[str, str]:
    """Return (key id, applicationServerKey): the active key's uncompressed point, base64url without padding."""
    key = ring.active(Purpose.WEB_PUSH)
    point = (
        vapid_key(key.secret)
        .public_key()
        .public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    )
    return key.id, base64.urlsafe_b64encode(point).rstrip(b"=").decode()
