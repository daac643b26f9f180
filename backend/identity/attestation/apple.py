"""App Attest: a key of the Secure Enclave by which an unaltered app speaks for the phone's signing key (pure).

As developer.apple.com/documentation/devicecheck/validating-apps-that-connect-to-your-server describes it; the client's
data is the message that registers the signing key.
"""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import Certificate, ObjectIdentifier

from backend.identity.attestation.cbor import NotCborError, Value, read_cbor
from backend.identity.attestation.chains import find_extension, follow_chain
from backend.identity.attestation.der import CONTEXT, OCTETS, read_one
from backend.identity.attestation.model import Evidence, Subject, Trust, UnprovenError

NONCE: Final = ObjectIdentifier("1.2.840.113635.100.8.2")
PRODUCTION, DEVELOPMENT = b"appattest" + bytes(7), b"appattestdevelop"
_HEADER: Final = 55  # digest of the app, flags, counter, kind of authenticator, length of the key's name


@dataclass(frozen=True, slots=True)
class AppleTrust:
    """What is pinned: roots, apps as `TEAM.bundle`, and whether apps that are being developed are taken too."""

    roots: Sequence[Certificate]
    apps: Collection[str]
    development: bool


def check_app(evidence: Evidence, subject: Subject, at: datetime, trust: AppleTrust) -> Trust:
    """Return `app_attest`; raises UnprovenError."""
    if len(evidence.parts) != 1:
        raise UnprovenError("malformed")
    certificates, data = _read(evidence.parts[0])
    chain = follow_chain(certificates, trust.roots, at)
    if _nonce(chain[0]) != hashlib.sha256(data + subject.message_digest).digest():
        raise UnprovenError("challenge")
    app, counter, maker = data[:32], data[33:37], data[37:53]
    if app not in {hashlib.sha256(one.encode()).digest() for one in trust.apps}:
        raise UnprovenError("app")
    if maker != PRODUCTION and not (trust.development and maker == DEVELOPMENT):
        raise UnprovenError("device")
    key = chain[0].public_key()
    if not isinstance(key, EllipticCurvePublicKey):
        raise UnprovenError("key")
    name = hashlib.sha256(key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)).digest()
    length = int.from_bytes(data[53:_HEADER])
    if data[_HEADER : _HEADER + length] != name or counter != bytes(4):
        raise UnprovenError("key")
    return "app_attest"


def _read(content: bytes) -> tuple[list[bytes], bytes]:
    """Return the certificates, leaf first, and the authenticator's data."""
    try:
        found = read_cbor(content)
    except NotCborError as error:
        raise UnprovenError("malformed") from error
    if not isinstance(found, dict) or found.get("fmt") != "apple-appattest":
        raise UnprovenError("malformed")
    statement, data = found.get("attStmt"), found.get("authData")
    certificates: Value | None = statement.get("x5c") if isinstance(statement, dict) else None
    if not isinstance(certificates, list) or not isinstance(data, bytes) or len(data) < _HEADER:
        raise UnprovenError("malformed")
    return [one for one in certificates if isinstance(one, bytes)], data


def _nonce(leaf: Certificate) -> bytes:
    stated = find_extension(leaf, NONCE)
    if stated is None:
        raise UnprovenError("malformed")
    try:
        (tagged,) = read_one(stated).sequence()
        return read_one(tagged.expect(1, CONTEXT)).expect(OCTETS)
    except ValueError as error:
        raise UnprovenError("malformed") from error
