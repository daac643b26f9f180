"""The attestation port over a folder of pinned roots and keys: what is not in the folder proves nothing.

The folder is read at every judgement: phones are bound seldom, and a new list of withdrawn keys counts at once.
"""

import base64
import binascii
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from cryptography.x509 import Certificate, load_pem_x509_certificates
from msgspec import field

from backend.identity.attestation.android import AndroidTrust, check_key
from backend.identity.attestation.apple import AppleTrust, check_app
from backend.identity.attestation.model import Evidence, Kind, Subject, UnprovenError, Verdict
from backend.identity.attestation.play import PlayTrust, check_token
from backend.kit.wire import Wire

log = structlog.get_logger()

APPS: Final = "apps.json"
ANDROID_ROOTS: Final = "android-roots.pem"
ANDROID_REVOKED: Final = "android-revoked.json"
APPLE_ROOTS: Final = "apple-roots.pem"
PLAY_DECRYPTION: Final = "play-decryption.key"
PLAY_VERIFICATION: Final = "play-verification.pem"
_AES_BYTES: Final = 32


class Apps(Wire, frozen=True, kw_only=True):
    """Which apps speak for us.

    Android's by package name with the SHA-256 digests (hexadecimal) of their signing certificates, Apple's as
    `TEAM.bundle`.
    """

    android: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    apple: list[str] = field(default_factory=list[str])
    apple_development: bool = False


class AttestationFolderError(Exception):
    """A file of the folder cannot be read as what it should be; the message names it."""


class PinnedAttestation:
    """Judges by the roots, keys and apps in a folder."""

    def __init__(self, folder: Path) -> None:
        """Read the folder once, so that a mistake in it is found at the start; raises AttestationFolderError."""
        self._folder = folder
        for kind in ("android_key", "app_attest", "play_integrity"):
            self.can_judge(kind)

    def can_judge(self, kind: Kind) -> bool:
        """Tell whether the folder has the roots and apps of a kind."""
        match kind:
            case "android_key":
                return self._android() is not None
            case "app_attest":
                return self._apple() is not None
            case "play_integrity":
                return self._play() is not None

    def judge(self, evidence: Evidence, subject: Subject, at: datetime) -> Verdict:
        """Return what the evidence proves."""
        try:
            return self._judge(evidence, subject, at)
        except UnprovenError as error:
            return Verdict("software", error.fault)
        except AttestationFolderError as error:
            # Ours to mend, not the phone's fault.
            log.error("attestation.folder", cause=str(error))  # noqa: TRY400 - the trace says nothing more
            return Verdict("software")

    def _judge(self, evidence: Evidence, subject: Subject, at: datetime) -> Verdict:
        if evidence.kind == "android_key" and (android := self._android()):
            return Verdict(check_key(evidence, subject, at, android))
        if evidence.kind == "app_attest" and (apple := self._apple()):
            return Verdict(check_app(evidence, subject, at, apple))
        if evidence.kind == "play_integrity" and (play := self._play()):
            return Verdict(check_token(evidence, subject, at, play))
        return Verdict("software")

    def _android(self) -> AndroidTrust | None:
        roots = self._roots(ANDROID_ROOTS)
        return AndroidTrust(roots, self._revoked(), self._android_apps()) if roots else None

    def _apple(self) -> AppleTrust | None:
        roots, apps = self._roots(APPLE_ROOTS), self._apps()
        return AppleTrust(roots, apps.apple, apps.apple_development) if roots else None

    def _play(self) -> PlayTrust | None:
        opens, signs = self._content(PLAY_DECRYPTION), self._content(PLAY_VERIFICATION)
        if opens is None or signs is None:
            return None
        try:
            key, public = base64.b64decode(opens.strip(), validate=True), load_pem_public_key(signs)
        except (binascii.Error, ValueError) as error:
            msg = f"{PLAY_DECRYPTION} (base64) or {PLAY_VERIFICATION} (PEM) is not what it should be"
            raise AttestationFolderError(msg) from error
        if len(key) != _AES_BYTES or not isinstance(public, EllipticCurvePublicKey):
            msg = f"{PLAY_DECRYPTION} has to be of 256 bits, and {PLAY_VERIFICATION} of an elliptic curve"
            raise AttestationFolderError(msg)
        return PlayTrust(key, public, self._android_apps())

    def _roots(self, name: str) -> list[Certificate]:
        content = self._content(name)
        if content is None:
            return []
        try:
            return load_pem_x509_certificates(content)
        except ValueError as error:
            msg = f"{name} holds no certificates in PEM"
            raise AttestationFolderError(msg) from error

    def _revoked(self) -> frozenset[int]:
        content = self._content(ANDROID_REVOKED)
        if content is None:
            return frozenset()
        try:
            entries: Any = msgspec.json.decode(content)["entries"]
            return frozenset(int(serial, 16) for serial in entries)
        except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
            msg = f"{ANDROID_REVOKED} has no `entries` by serial number in hexadecimal"
            raise AttestationFolderError(msg) from error

    def _apps(self) -> Apps:
        content = self._content(APPS)
        try:
            return Apps() if content is None else msgspec.json.decode(content, type=Apps)
        except msgspec.MsgspecError as error:
            msg = f"{APPS}: {error}"
            raise AttestationFolderError(msg) from error

    def _android_apps(self) -> dict[str, frozenset[bytes]]:
        try:
            return {
                name: frozenset(bytes.fromhex(digest.replace(":", "")) for digest in digests)
                for name, digests in self._apps().android.items()
            }
        except ValueError as error:
            msg = f"{APPS}: a digest is not hexadecimal"
            raise AttestationFolderError(msg) from error

    def _content(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            msg = f"{name} cannot be read: {error.strerror}"
            raise AttestationFolderError(msg) from error
