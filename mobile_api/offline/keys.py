"""Registers the key with which a phone signs: the phone shows that it has the private part, and keeps one at a time."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from backend.decision.attestation import KeyAttestation
from backend.identity.attestation.model import Attestation, Evidence, Kind, Subject, Trust
from backend.identity.audit import record_act
from backend.identity.phone_keys import PhoneKey, has_signed, key_thumbprint, read_jwk
from backend.identity.tables import Phone, PhoneKeyRow, SessionFamily
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from mobile_api.errors import SessionEnded
from mobile_api.offline.anchors import Anchors
from mobile_api.offline.errors import KeyTaken, ProofWrong
from mobile_api.offline.items import key_message
from mobile_api.offline.schemas import PhoneKeyBody
from mobile_api.offline.tables import PhoneQueue

KINDS_OF: Final[Mapping[str, tuple[Kind, ...]]] = {"android": ("android_key", "play_integrity"), "ios": ("app_attest",)}
"""What a platform can attest; a browser can nothing."""


@dataclass(frozen=True, slots=True)
class Attested:
    """What is known of a key by the word of its phone's maker."""

    trust: Trust
    state: KeyAttestation
    fault: str | None


@dataclass(frozen=True, slots=True)
class RegisteredKey:
    """A key as registered; `rekeyed` tells that it took the place of another one."""

    key: PhoneKey
    phone_id: UUID
    registered_at: datetime
    rekeyed: bool
    attested: Attested


async def find_session_phone(tx: Tx, actor: Actor) -> UUID:
    """Return the phone of a living session; raises SessionEnded."""
    phone_id = await tx.scalar(
        select(SessionFamily.phone_id).where(
            SessionFamily.id == actor.family_id,
            SessionFamily.account_id == actor.account_id,
            SessionFamily.revoked_at.is_(None),
        )
    )
    if phone_id is None:
        raise SessionEnded
    return phone_id


async def find_current_key(tx: Tx, phone_id: UUID) -> str | None:
    """Return the thumbprint of the key that a phone signs with now."""
    return await tx.scalar(
        select(PhoneKeyRow.id).where(PhoneKeyRow.phone_id == phone_id, PhoneKeyRow.ended_at.is_(None))
    )


async def register_key(
    tx: Tx, actor: Actor, body: PhoneKeyBody, *, anchors: Anchors, attestation: Attestation, clock: Clock
) -> RegisteredKey:
    """Register the session's phone with a key of which it shows the private part; the same key again changes nothing.

    A phone whose key was lost with its storage is re-keyed: the old key ends, what it signed before is still taken.
    What the platform says of the key is kept with it; nothing of that keeps it from being registered.
    Raises SessionEnded, PublicKeyMalformed, ProofWrong, or KeyTaken.
    """
    now = clock.now()
    key = read_jwk(body.jwk.x, body.jwk.y)
    answerable = anchors.is_answerable(body.challenge, actor.family_id, now)
    if not answerable or not has_signed(key.der, body.proof, key_message(body.challenge, key.thumbprint)):
        raise ProofWrong
    phone_id = await find_session_phone(tx, actor)
    row = (
        await tx.execute(
            select(
                PhoneKeyRow.phone_id,
                PhoneKeyRow.registered_at,
                PhoneKeyRow.ended_at,
                PhoneKeyRow.trust,
                PhoneKeyRow.attestation,
                PhoneKeyRow.attestation_fault,
            ).where(PhoneKeyRow.id == key.thumbprint)
        )
    ).one_or_none()
    if row is not None:
        if row[0] != phone_id or row[2] is not None:
            raise KeyTaken
        return RegisteredKey(
            key,
            phone_id,
            row[1],
            rekeyed=False,
            attested=Attested(cast("Trust", row[3]), cast("KeyAttestation", row[4]), row[5]),
        )
    platform = await tx.scalar(select(Phone.platform).where(Phone.id == phone_id))
    attested = _look_at(body, key, platform or "web", attestation, now)
    old = await tx.scalar(
        update(PhoneKeyRow)
        .where(PhoneKeyRow.phone_id == phone_id, PhoneKeyRow.ended_at.is_(None))
        .values(ended_at=now)
        .returning(PhoneKeyRow.id)
    )
    made = await tx.execute(
        insert(PhoneKeyRow)
        .values(
            id=key.thumbprint,
            phone_id=phone_id,
            public_key=key.der,
            registered_at=now,
            trust=attested.trust,
            attestation=attested.state,
            attestation_fault=attested.fault,
        )
        .on_conflict_do_nothing()
        .returning(PhoneKeyRow.id)
    )
    if made.one_or_none() is None:
        raise KeyTaken
    await tx.execute(insert(PhoneQueue).values(key_id=key.thumbprint))
    await tx.execute(
        update(SessionFamily)
        .where(SessionFamily.phone_id == phone_id, SessionFamily.revoked_at.is_(None))
        .values(key_attestation=attested.state)
    )
    detail = {
        "account_id": actor.account_id,
        "key": key_thumbprint(key.der),
        "key_before": old,
        "trust": attested.trust,
        "attestation": attested.state,
        "fault": attested.fault,
    }
    await record_act(
        tx, actor, "phone.rekeyed" if old else "phone.key_registered", "phone", phone_id, detail, clock=clock
    )
    return RegisteredKey(key, phone_id, now, rekeyed=old is not None, attested=attested)


def _look_at(body: PhoneKeyBody, key: PhoneKey, platform: str, attestation: Attestation, now: datetime) -> Attested:
    """Say what the platform's word about a key is worth; who could have given it and did not is told apart."""
    shown = body.attestation
    if shown is None:
        could_be = any(attestation.can_judge(kind) for kind in KINDS_OF.get(platform, ()))
        return Attested("software", "missing" if could_be else "unavailable", None)
    if not attestation.can_judge(shown.kind):
        return Attested("software", "unavailable", None)
    verdict = attestation.judge(
        Evidence(shown.kind, [_bytes(part, shown.kind) for part in shown.parts]),
        Subject(key.der, body.challenge.encode(), key_message(body.challenge, key.thumbprint)),
        now,
    )
    if verdict.fault is not None:
        return Attested("software", "failed", verdict.fault)
    return Attested(verdict.trust, "unavailable" if verdict.trust == "software" else "passed", None)


def _bytes(part: str, kind: Kind) -> bytes:
    if kind == "play_integrity":
        return part.encode()
    try:
        return base64.b64decode(part, validate=True)
    except ValueError:
        return b""  # which is no certificate and no object
