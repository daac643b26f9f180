"""Android Key Attestation: the phone's own signing key, made in its hardware with our challenge (pure).

The form of the extension is that of source.android.com/docs/security/features/keystore/attestation.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography.x509 import Certificate, ObjectIdentifier

from backend.identity.attestation.chains import find_extension, follow_chain, spki_of
from backend.identity.attestation.der import CONTEXT, OCTETS, SET, Element, NotDerError, read_all, read_one
from backend.identity.attestation.model import Evidence, Subject, Trust, UnprovenError

EXTENSION: Final = ObjectIdentifier("1.3.6.1.4.1.11129.2.1.17")
PURPOSE, ORIGIN, ROOT_OF_TRUST, APPLICATION_ID = 1, 702, 704, 709
SIGN, GENERATED, VERIFIED_BOOT = 2, 0, 0
LEVELS: Final[Mapping[int, Trust]] = {0: "software", 1: "hardware", 2: "strongbox"}
_FIELDS: Final = 8


@dataclass(frozen=True, slots=True)
class AndroidTrust:
    """What is pinned: roots, serial numbers that were withdrawn, apps by name with digests of their certificates."""

    roots: Sequence[Certificate]
    revoked: Collection[int]
    apps: Mapping[str, Collection[bytes]]


def check_key(evidence: Evidence, subject: Subject, at: datetime, trust: AndroidTrust) -> Trust:
    """Return how the key is kept: `hardware` or `strongbox`. Raises UnprovenError."""
    chain = follow_chain(evidence.parts, trust.roots, at, revoked=trust.revoked)
    # What a key of the phone itself has signed would have that key's own description further up.
    described = [find_extension(one, EXTENSION) for one in chain]
    if described[0] is None or any(one is not None for one in described[1:]):
        raise UnprovenError("malformed")
    try:
        fields = read_one(described[0]).sequence()
        level = _level(fields)
        challenge = fields[4].expect(OCTETS)
        software, hardware = (_authorizations(one) for one in fields[6:_FIELDS])
        app = _application(software.get(APPLICATION_ID) or hardware.get(APPLICATION_ID))
        if level == "software":
            raise UnprovenError("software")
        if challenge != subject.challenge_digest:
            raise UnprovenError("challenge")
        if spki_of(chain[0]) != subject.der:
            raise UnprovenError("key")
        _check_making(hardware)
        _check_boot(hardware)
    except (ValueError, IndexError) as error:
        raise UnprovenError("malformed") from error
    name, digests = app
    if not digests & {bytes(one) for one in trust.apps.get(name, ())}:
        raise UnprovenError("app")
    return level


def _level(fields: Sequence[Element]) -> Trust:
    """Return the lower of two levels: that of the attestation and that of the key's keeper."""
    if len(fields) < _FIELDS:
        msg = "a description of a key that is too short"
        raise NotDerError(msg)
    return LEVELS.get(min(fields[1].whole(), fields[3].whole()), "software")


def _authorizations(listed: Element) -> dict[int, Element]:
    return {one.number: read_one(one.content) for one in listed.sequence() if one.kind == CONTEXT}


def _check_making(hardware: Mapping[int, Element]) -> None:
    """Refuse a key that was brought in from outside, or may not sign."""
    origin, purposes = hardware.get(ORIGIN), hardware.get(PURPOSE)
    if origin is None or origin.whole() != GENERATED:
        raise UnprovenError("origin")
    if purposes is None or SIGN not in {one.whole() for one in read_all(purposes.expect(SET))}:
        raise UnprovenError("origin")


def _check_boot(hardware: Mapping[int, Element]) -> None:
    """Refuse a phone whose system is not its maker's: unlocked, or started from something else."""
    root = hardware.get(ROOT_OF_TRUST)
    if root is None:
        raise UnprovenError("boot")
    _, locked, state, *_ = root.sequence()
    if not locked.truth() or state.whole() != VERIFIED_BOOT:
        raise UnprovenError("boot")


def _application(stated: Element | None) -> tuple[str, set[bytes]]:
    """Return the name of the one app that may use the key, and digests of the certificates that signed it."""
    if stated is None:
        raise UnprovenError("app")
    packages, digests, *_ = read_one(stated.expect(OCTETS)).sequence()
    names = [one.sequence()[0].expect(OCTETS).decode() for one in read_all(packages.expect(SET))]
    if len(names) != 1:
        raise UnprovenError("app")
    return names[0], {one.expect(OCTETS) for one in read_all(digests.expect(SET))}
