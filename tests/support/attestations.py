"""Makers of phones: roots of their own, and whatever they, or somebody who pretends to be one, would attest."""

import base64
import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from secrets import token_bytes
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from backend.identity.attestation import android, apple, pinned
from backend.identity.attestation.model import Evidence, Subject
from backend.kit.ids import EPOCH
from tests.support.queues import base64url

PACKAGE, TEAM_APP = "cn.example.daogang", "ABCDE12345.cn.example.daogang"
SIGNER = hashlib.sha256(b"the certificate that signs the app").digest()
Key = ec.EllipticCurvePrivateKey


def new_key() -> Key:
    """Make a P-256 key."""
    return ec.generate_private_key(ec.SECP256R1())


def spki(key: Key) -> bytes:
    """Return the public key as SubjectPublicKeyInfo."""
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


# --- DER and CBOR, as far as a maker writes them


def der(tag: int, *contents: bytes) -> bytes:
    """Spell an element with a tag of one byte."""
    return bytes([tag]) + _length(b"".join(contents))


def tagged(number: int, content: bytes) -> bytes:
    """Spell an explicitly tagged, context-specific element."""
    if number < 31:
        return bytes([0xA0 | number]) + _length(content)
    return bytes([0xBF, 0x80 | number >> 7, number & 0x7F]) + _length(content)


def _length(content: bytes) -> bytes:
    size = len(content)
    if size < 128:
        return bytes([size]) + content
    spelled = size.to_bytes((size.bit_length() + 7) // 8)
    return bytes([0x80 | len(spelled)]) + spelled + content


def whole(number: int) -> bytes:
    """Spell a small INTEGER."""
    return der(0x02, bytes([number]))


def cbor(value: Any) -> bytes:
    """Spell a value in CBOR, without looking for its shortest form beyond two bytes of length."""
    match value:
        case bytes():
            return _head(2, len(value)) + value
        case str():
            return _head(3, len(value.encode())) + value.encode()
        case list():
            return _head(4, len(value)) + b"".join(map(cbor, value))
        case dict():
            return _head(5, len(value)) + b"".join(cbor(name) + cbor(one) for name, one in value.items())
        case _:
            return _head(0, value)


def _head(kind: int, count: int) -> bytes:
    if count < 24:
        return bytes([kind << 5 | count])
    if count < 256:
        return bytes([kind << 5 | 24, count])
    return bytes([kind << 5 | 25]) + count.to_bytes(2)


# --- certificates


@dataclass
class Authority:
    """Somebody who issues certificates."""

    name: str
    at: datetime
    key: Key = field(default_factory=new_key)
    issuer: "Authority | None" = None
    is_ca: bool = True
    life: tuple[timedelta, timedelta] = (timedelta(days=-30), timedelta(days=30))
    path_length: int | None = None
    extensions: Sequence[tuple[x509.ObjectIdentifier, bytes]] = ()
    serial: int = field(default_factory=x509.random_serial_number)

    @property
    def certificate(self) -> x509.Certificate:
        """The certificate of its own."""
        issuer = self.issuer or self
        builder = (
            x509.CertificateBuilder()
            .subject_name(_named(self.name))
            .issuer_name(_named(issuer.name))
            .public_key(self.key.public_key())
            .serial_number(self.serial)
            .not_valid_before(self.at + self.life[0])
            .not_valid_after(self.at + self.life[1])
        )
        if self.is_ca:
            builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=self.path_length), critical=True)
        for oid, value in self.extensions:
            builder = builder.add_extension(x509.UnrecognizedExtension(oid, value), critical=False)
        return builder.sign(issuer.key, SHA256())

    @property
    def der(self) -> bytes:
        """The certificate in DER."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> bytes:
        """The certificate in PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    def issues(self, name: str, **changes: Any) -> "Authority":
        """Make another one below this one."""
        said: dict[str, Any] = {"at": self.at, "issuer": self, **changes}
        return Authority(name, **said)


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


# --- Android


def key_description(challenge: bytes, **changes: Any) -> bytes:
    """Spell what Android says of a key; `changes` are what somebody would rather say."""
    said: dict[str, Any] = {
        "level": 1,
        "keeper": 1,
        "package": PACKAGE,
        "signer": SIGNER,
        "locked": True,
        "boot": 0,
        "origin": 0,
        "purpose": 2,
        **changes,
    }
    application = der(
        0x30,
        der(0x31, der(0x30, der(0x04, said["package"].encode()), whole(7))),
        der(0x31, der(0x04, said["signer"])),
    )
    root = der(
        0x30,
        der(0x04, bytes(32)),
        der(0x01, b"\xff" if said["locked"] else b"\x00"),
        der(0x0A, bytes([said["boot"]])),
        der(0x04, bytes(32)),
    )
    return der(
        0x30,
        der(0x02, b"\x01\x2c"),
        der(0x0A, bytes([said["level"]])),
        der(0x02, b"\x01\x2c"),
        der(0x0A, bytes([said["keeper"]])),
        der(0x04, challenge),
        der(0x04),
        der(0x30, tagged(android.APPLICATION_ID, der(0x04, application))),
        der(
            0x30,
            tagged(android.PURPOSE, der(0x31, whole(said["purpose"]))),
            tagged(android.ORIGIN, whole(said["origin"])),
            tagged(android.ROOT_OF_TRUST, root),
        ),
    )


@dataclass
class AndroidMaker:
    """A maker with a root, an authority below it, and phones."""

    at: datetime
    root: Authority = field(init=False)
    middle: Authority = field(init=False)

    def __post_init__(self) -> None:
        """Make its keys."""
        self.root = Authority("maker", self.at)
        self.middle = self.root.issues("keystores")

    def leaf(self, key: Key, description: bytes, **changes: Any) -> Authority:
        """Certify a phone's key."""
        said: dict[str, Any] = {"key": key, "is_ca": False, "extensions": [(android.EXTENSION, description)], **changes}
        return self.middle.issues("Android Keystore Key", **said)

    def attests(self, key: Key, subject: Subject, **changes: Any) -> Evidence:
        """Attest a key as its phone would."""
        leaf = self.leaf(key, key_description(subject.challenge_digest, **changes))
        return Evidence("android_key", [leaf.der, self.middle.der, self.root.der])


# --- Apple


@dataclass
class AppleMaker:
    """Apple with another root."""

    at: datetime
    root: Authority = field(init=False)
    middle: Authority = field(init=False)

    def __post_init__(self) -> None:
        """Make its keys."""
        self.root = Authority("app attestation root", self.at)
        self.middle = self.root.issues("app attestation")

    def attests(self, subject: Subject, **changes: Any) -> Evidence:
        """Attest that an app speaks; `changes` are what somebody would rather say."""
        key = new_key()
        point = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        said: dict[str, Any] = {
            "app": TEAM_APP,
            "counter": 0,
            "maker": apple.PRODUCTION,
            "name": hashlib.sha256(point).digest(),
            "digest": subject.message_digest,
            "middle": self.middle,
            "fmt": "apple-appattest",
            **changes,
        }
        data = (
            hashlib.sha256(said["app"].encode()).digest()
            + b"\x40"
            + said["counter"].to_bytes(4)
            + said["maker"]
            + len(said["name"]).to_bytes(2)
            + said["name"]
        )
        nonce = hashlib.sha256(data + said["digest"]).digest()
        extension = der(0x30, tagged(1, der(0x04, nonce)))
        leaf = said["middle"].issues("credential", key=key, is_ca=False, extensions=[(apple.NONCE, extension)])
        statement = {"x5c": [leaf.der, said["middle"].der], "receipt": b"receipt"}
        return Evidence("app_attest", [cbor({"fmt": said["fmt"], "attStmt": statement, "authData": data})])


# --- Google


@dataclass
class PlayMaker:
    """Google Play with keys of its own."""

    at: datetime
    opens: bytes = field(default_factory=lambda: token_bytes(32))
    signs: Key = field(default_factory=new_key)

    @property
    def verification_pem(self) -> bytes:
        """The public key that verifies tokens."""
        return self.signs.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def attests(self, subject: Subject, **changes: Any) -> Evidence:
        """Say what Google says of app and phone; `changes` are what somebody would rather say."""
        said: dict[str, Any] = {
            "package": PACKAGE,
            "asked": changes.get("package", PACKAGE),
            "digest": subject.message_digest,
            "signer": SIGNER,
            "app": "PLAY_RECOGNIZED",
            "device": ["MEETS_DEVICE_INTEGRITY"],
            "at": self.at,
            "opens": self.opens,
            "signs": self.signs,
            "algorithm": "ES256",
            **changes,
        }
        payload = {
            "requestDetails": {
                "requestPackageName": said["asked"],
                "requestHash": base64url(said["digest"]),
                "timestampMillis": str((said["at"] - EPOCH) // timedelta(milliseconds=1)),
            },
            "appIntegrity": {
                "appRecognitionVerdict": said["app"],
                "packageName": said["package"],
                "certificateSha256Digest": [base64url(said["signer"])],
                "versionCode": "7",
            },
            "deviceIntegrity": {"deviceRecognitionVerdict": said["device"]},
            "accountDetails": {"appLicensingVerdict": "UNEVALUATED"},
        }
        token = jwt.encode(payload, said["signs"], algorithm=said["algorithm"])
        return Evidence("play_integrity", [encrypted(token, said["opens"]).encode()])


def encrypted(token: str, key: bytes) -> str:
    """Encrypt a token for the app's own key (JWE, A256KW and A256GCM)."""
    header = base64url(json.dumps({"alg": "A256KW", "enc": "A256GCM"}).encode())
    content_key, nonce = token_bytes(32), token_bytes(12)
    sealed = AESGCM(content_key).encrypt(nonce, token.encode(), header.encode())
    parts = (aes_key_wrap(key, content_key), nonce, sealed[:-16], sealed[-16:])
    return ".".join([header, *map(base64url, parts)])


@dataclass
class Makers:
    """The makers that an installation trusts, and the folder in which they are pinned."""

    folder: Path
    at: datetime
    android: AndroidMaker = field(init=False)
    apple: AppleMaker = field(init=False)
    play: PlayMaker = field(init=False)

    def __post_init__(self) -> None:
        """Make them and pin them."""
        self.android, self.apple, self.play = AndroidMaker(self.at), AppleMaker(self.at), PlayMaker(self.at)
        self.folder.mkdir(parents=True, exist_ok=True)
        written = {
            pinned.ANDROID_ROOTS: self.android.root.pem,
            pinned.APPLE_ROOTS: self.apple.root.pem,
            pinned.PLAY_DECRYPTION: base64.b64encode(self.play.opens),
            pinned.PLAY_VERIFICATION: self.play.verification_pem,
            pinned.APPS: json.dumps({"android": {PACKAGE: [SIGNER.hex()]}, "apple": [TEAM_APP]}).encode(),
        }
        for name, content in written.items():
            (self.folder / name).write_bytes(content)

    def judge(self) -> pinned.PinnedAttestation:
        """Return the port over the folder."""
        return pinned.PinnedAttestation(self.folder)
