"""Makes the protocol's test vectors: what a client must be able to make and check, byte by byte, in plain JSON."""

import base64
import json
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256

from backend.identity.phone_keys import digest_text, jwk_thumbprint
from backend.kit.canonical import canonical_bytes
from mobile_api.offline.items import item_message, key_message, sync_message

_SECRET: Final = 0x1F2E3D4C5B6A79880102030405060708090A0B0C0D0E0F101112131415161718
"""A private key that everybody knows: vectors have to be reproducible."""
_FIRST: Final = {
    "v": 1,
    "counter": 1,
    "salt": "AAECAwQFBgcICQoLDA0ODw",
    "event_id": "019cf46f-0b40-7abc-8def-000000000001",
    "project_id": "019cd000-0000-7000-8000-000000000001",
    "at": 1773624600000,
    "mono_ms": 605000,
    "boot": "3b241101-e2bb-4255-8caf-4136c566a962",
    "clock": "page",
    "anchor": {
        "id": "019cf465-e3a0-7000-8000-000000000001",
        "at": 1773624000080,
        "mono_ms": 5080,
        "boot": "3b241101-e2bb-4255-8caf-4136c566a962",
        "waited_ms": 80,
    },
    "fixes": [
        {
            "lon_e7": 1142823881,
            "lat_e7": 305109307,
            "crs": "wgs84",
            "accuracy_mm": 8000,
            "platform": "web",
            "age_ms": 900,
            "mock": False,
        }
    ],
    "direction": "in",
    "app": "1.0.0",
}
_SECOND: Final = {
    **{name: _FIRST[name] for name in ("v", "project_id", "clock", "anchor", "app")},
    "counter": 2,
    "salt": "EBESExQVFhcYGRobHB0eHw",
    "event_id": "019cf597-5ce0-7abc-8def-000000000002",
    "at": 1773644030000,
    "mono_ms": 2100,
    "boot": "9f8a1d52-0c6f-4d65-9a35-9be1a7c1f2aa",
    "fixes": [],
    "no_fix_reason": "timeout",
    "photos": ["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
}
_WITH_PROOF: Final = {
    **{name: _SECOND[name] for name in ("v", "project_id", "clock", "anchor", "boot", "fixes", "no_fix_reason", "app")},
    "counter": 3,
    "salt": "ICEiIyQlJicoKSorLC0uLw",
    "event_id": "019cf597-aefc-7abc-8def-000000000003",
    "at": 1773644051000,
    "mono_ms": 23100,
    "proof_id": "019cf597-9b74-7abc-8def-000000000004",
}


def make_vectors() -> bytes:
    """Return the vectors as JSON; the same at every run."""
    private = ec.derive_private_key(_SECRET, ec.SECP256R1())
    numbers = private.public_key().public_numbers()
    x, y, d = (_base64url(number.to_bytes(32)) for number in (numbers.x, numbers.y, _SECRET))
    key = jwk_thumbprint(x, y)
    challenge = "anchor-20260316-0a1b2c3d.eyJleHBpcmVzX2F0IjoxfQ.AA"
    first = canonical_bytes({**_FIRST, "key": key, "prev": key}).decode()
    second = canonical_bytes({**_SECOND, "key": key, "prev": digest_text(first.encode())}).decode()
    third = canonical_bytes({**_WITH_PROOF, "key": key, "prev": digest_text(second.encode())}).decode()
    *items, with_proof = [
        _signed(private, item_message(text), text=text, digest=digest_text(text.encode()))
        for text in (first, second, third)
    ]
    envelope = {
        "sent_at": 1773647600000,
        "mono_ms": 3572100,
        "boot": _SECOND["boot"],
        "anchors": ["…"],
        "items": [{"item": one["text"], "signature": one["signature"]} for one in items],
    }
    body = json.dumps(envelope, ensure_ascii=False, separators=(",", ":"))
    spoiled = first.replace('"counter":1', '"counter":9')
    vectors: dict[str, Any] = {
        "about": "Test vectors of docs/offline-protocol.md. Signatures as by RFC 6979; others are as good.",
        "key": {"jwk": {"kty": "EC", "crv": "P-256", "x": x, "y": y}, "private_d": d, "thumbprint": key},
        "registration": _signed(private, key_message(challenge, key), challenge=challenge),
        "items": items,
        "with_proof": with_proof,
        "call": _signed(private, sync_message(body.encode()), body=body),
        "refused": {
            "altered": {"text": spoiled, "signature": items[0]["signature"]},
            "spelled_otherwise": [
                first.replace('","', '", "', 1),
                first.replace('"counter":1', '"counter":1.0'),
                first.replace("{", '{"v":1,', 1),
                first.replace('"web"', '"\\u0077eb"'),
            ],
        },
    }
    return json.dumps(vectors, ensure_ascii=False, indent=1).encode() + b"\n"


def _signed(private: ec.EllipticCurvePrivateKey, message: bytes, **told: str) -> dict[str, str]:
    signature = private.sign(message, ec.ECDSA(SHA256(), deterministic_signing=True))
    raw = b"".join(part.to_bytes(32) for part in decode_dss_signature(signature))
    return {
        **told,
        "signed_message_hex": message.hex(),
        "signature": _base64url(raw),
        "signature_der": _base64url(signature),
    }


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
