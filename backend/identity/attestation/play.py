"""Play Integrity: Google's word, sealed for us and read without asking Google, that app and phone are unaltered (pure).

The token is a signed JWT (ES256) in a JWE (A256KW, A256GCM); both keys are those of the app's own response encryption.
"""

import base64
import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import jwt
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from backend.identity.attestation.model import Evidence, Subject, Trust, UnprovenError
from backend.identity.phone_keys import read_base64url
from backend.kit.ids import EPOCH

GENUINE: Final = frozenset({"MEETS_DEVICE_INTEGRITY", "MEETS_STRONG_INTEGRITY"})
RECOGNIZED: Final = "PLAY_RECOGNIZED"
LIFE: Final = timedelta(minutes=10)
_PARTS: Final = 5
_TAG: Final = 16


@dataclass(frozen=True, slots=True)
class PlayTrust:
    """What is pinned: the key that opens tokens, the one that signs them, apps with digests of their certificates."""

    decryption_key: bytes
    verification_key: EllipticCurvePublicKey
    apps: Mapping[str, Collection[bytes]]


def check_token(evidence: Evidence, subject: Subject, at: datetime, trust: PlayTrust) -> Trust:
    """Return `play_integrity`; raises UnprovenError."""
    if len(evidence.parts) != 1:
        raise UnprovenError("malformed")
    try:
        said: Any = jwt.decode(
            _open(evidence.parts[0].decode("ascii"), trust.decryption_key),
            trust.verification_key,
            algorithms=["ES256"],
            options={"verify_aud": False, "verify_iss": False, "verify_exp": False, "verify_iat": False},
        )
        _check(said, subject, at, trust)
    except (InvalidUnwrap, InvalidTag, jwt.InvalidSignatureError) as error:
        raise UnprovenError("root") from error
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise UnprovenError("malformed") from error
    return "play_integrity"


def _check(said: Mapping[str, Any], subject: Subject, at: datetime, trust: PlayTrust) -> None:
    request, app, device = said["requestDetails"], said["appIntegrity"], said["deviceIntegrity"]
    wanted = base64.urlsafe_b64encode(subject.message_digest).decode().rstrip("=")
    if str(request.get("requestHash") or request.get("nonce")).rstrip("=") != wanted:
        raise UnprovenError("challenge")
    made = EPOCH + timedelta(milliseconds=int(request["timestampMillis"]))
    if not at - LIFE <= made <= at + LIFE:
        raise UnprovenError("expired")
    name = str(app.get("packageName"))
    digests = {read_base64url(str(one).rstrip("=")) for one in app.get("certificateSha256Digest", ())}
    known = {bytes(one) for one in trust.apps.get(name, ())}
    if app["appRecognitionVerdict"] != RECOGNIZED or request["requestPackageName"] != name or not digests & known:
        raise UnprovenError("app")
    if not GENUINE & set(device.get("deviceRecognitionVerdict", ())):
        raise UnprovenError("device")


def _open(token: str, key: bytes) -> str:
    """Return the signed token inside of an encrypted one (RFC 7516 §5.2)."""
    parts = token.split(".")
    contents = [read_base64url(part) for part in parts]
    if len(parts) != _PARTS or any(one is None for one in contents):
        raise UnprovenError("malformed")
    header, wrapped, nonce, sealed, tag = (one or b"" for one in contents)
    told = json.loads(header)
    if (told.get("alg"), told.get("enc")) != ("A256KW", "A256GCM") or len(tag) != _TAG:
        raise UnprovenError("malformed")
    content_key = aes_key_unwrap(key, wrapped)
    return AESGCM(content_key).decrypt(nonce, sealed + tag, parts[0].encode("ascii")).decode("ascii")
