"""Follows certificates from a leaf to a pinned root (RFC 5280 §6, as far as attestations need it; pure)."""

from collections.abc import Collection, Sequence
from datetime import datetime
from itertools import pairwise

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import (
    BasicConstraints,
    Certificate,
    DuplicateExtension,
    ExtensionNotFound,
    InvalidVersion,
    KeyUsage,
    ObjectIdentifier,
    UnrecognizedExtension,
    UnsupportedGeneralNameType,
    load_der_x509_certificate,
)

from backend.identity.attestation.model import LONGEST_CHAIN, UnprovenError

UNREADABLE = (ValueError, InvalidVersion, DuplicateExtension, UnsupportedGeneralNameType, UnsupportedAlgorithm)
"""What the library raises for a certificate that is none; it has no class of its own above them."""


def follow_chain(
    parts: Sequence[bytes], roots: Sequence[Certificate], at: datetime, *, revoked: Collection[int] = ()
) -> list[Certificate]:
    """Return the certificates from the leaf up to, and without, a pinned root that stands above them.

    `roots` are trusted whatever their own dates say; the root that the chain may bring itself is not looked at beyond
    its key. `revoked` are serial numbers. Raises UnprovenError.
    """
    chain = [_certificate(part) for part in parts[: LONGEST_CHAIN + 1]]
    if not 1 <= len(chain) <= LONGEST_CHAIN:
        raise UnprovenError("malformed")
    brought = any(_is_same(chain[-1], root) for root in roots)
    below = chain[:-1] if brought else chain
    if not below:
        raise UnprovenError("malformed")
    for issued, issuer in pairwise(below):
        if not _has_issued(issuer, issued):
            raise UnprovenError("chain")
    if not any(_has_issued(root, below[-1]) for root in roots):
        raise UnprovenError("root")
    for place, one in enumerate(below):
        if not one.not_valid_before_utc <= at <= one.not_valid_after_utc:
            raise UnprovenError("expired")
        if one.serial_number in revoked:
            raise UnprovenError("revoked")
        if place and not _may_issue(one, below_it=place - 1):
            raise UnprovenError("chain")
    return below


def find_extension(certificate: Certificate, oid: ObjectIdentifier) -> bytes | None:
    """Return the DER value of an extension."""
    try:
        found = certificate.extensions.get_extension_for_oid(oid).value
    except ExtensionNotFound:
        return None
    except UNREADABLE as error:
        raise UnprovenError("malformed") from error
    return found.value if isinstance(found, UnrecognizedExtension) else None


def spki_of(certificate: Certificate) -> bytes:
    """Return the public key as SubjectPublicKeyInfo; raises UnprovenError for one of an unknown kind."""
    try:
        return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    except UNREADABLE as error:
        raise UnprovenError("malformed") from error


def _certificate(part: bytes) -> Certificate:
    try:
        return load_der_x509_certificate(part)
    except UNREADABLE as error:
        raise UnprovenError("malformed") from error


def _is_same(one: Certificate, root: Certificate) -> bool:
    # Roots are issued anew with other dates and the same key.
    return one.subject == root.subject and spki_of(one) == spki_of(root)


def _has_issued(issuer: Certificate, issued: Certificate) -> bool:
    try:
        issued.verify_directly_issued_by(issuer)
    except (*UNREADABLE, TypeError, InvalidSignature):
        return False
    return True


def _may_issue(certificate: Certificate, *, below_it: int) -> bool:
    """Tell whether a certificate is one of an authority, with room for so many other authorities below it."""
    try:
        limits = certificate.extensions.get_extension_for_class(BasicConstraints).value
    except (*UNREADABLE, ExtensionNotFound):
        return False
    if not limits.ca or (limits.path_length is not None and below_it > limits.path_length):
        return False
    try:
        return certificate.extensions.get_extension_for_class(KeyUsage).value.key_cert_sign
    except ExtensionNotFound:
        return True
