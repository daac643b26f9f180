"""What there is to see and to do of showing presence in a town: a passkey, challenges, a site code, requests."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import cbor2
from sqlalchemy import insert

from backend.evidence.ways import site_codes
from backend.evidence.ways.way_tables import Passkey, PasskeyChallenge, SiteCode, WitnessRequest
from backend.identity.consents.service import give
from backend.kit.crypto import Cell, FieldCipher
from backend.kit.db import Tx
from backend.kit.ids import new_id
from backend.kit.keyring import KeyRing
from tests.support.authenticators import Authenticator, base64url


@dataclass(frozen=True)
class Ways:
    """Ids of what was made, and the bodies by which somebody goes on with it."""

    passkey_id: UUID
    code_id: UUID
    screen_token: str
    request_id: UUID
    registering: dict[str, Any]
    showing: dict[str, Any]
    scan: str
    witness_code: str


async def make_ways(
    tx: Tx, keys: KeyRing, project_id: UUID, mine: tuple[UUID, UUID], theirs: tuple[UUID, UUID], by: UUID, at: datetime
) -> Ways:
    """Make them for two people, each with a phone: the first has a passkey, both ask for a witness."""
    person_id, phone_id = mine
    passkey_id, authenticator = new_id(at), Authenticator()
    numbers = authenticator.private.public_key().public_numbers()
    cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
    await tx.execute(
        insert(Passkey).values(
            id=passkey_id,
            person_id=person_id,
            phone_id=phone_id,
            credential_id=authenticator.credential_id,
            public_key=cbor2.dumps(cose),
            sign_count=0,
            synced=False,
            aaguid="00000000-0000-0000-0000-000000000000",
            created_at=at,
        )
    )
    registering = await _challenge(tx, "register", mine, None, at)
    showing = await _challenge(tx, "show", mine, project_id, at)
    await give(tx, person_id, phone_id, "face_reference", version=1, language="zh-CN", now=at)
    code_id, token, secret = new_id(at), secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    await tx.execute(
        insert(SiteCode).values(
            project_id=project_id,
            id=code_id,
            name="东门",
            secret_cipher=FieldCipher(keys, lambda: at).encrypt(secret, Cell("site_code", "secret_cipher", code_id)),
            screen_hash=hashlib.sha256(token.encode()).digest(),
            created_at=at,
            created_by=by,
        )
    )
    request_id, _ = await _request(tx, project_id, mine, at)
    _, witness_code = await _request(tx, project_id, theirs, at)
    return Ways(
        passkey_id=passkey_id,
        code_id=code_id,
        screen_token=token,
        request_id=request_id,
        registering={"challenge_id": str(registering[0]), "credential": Authenticator().registers(registering[1])},
        showing={"challenge_id": str(showing[0]), "credential": authenticator.shows(showing[1])},
        scan=site_codes.write_code(secret.encode(), project_id, code_id, site_codes.step_at(at)),
        witness_code=witness_code,
    )


async def _challenge(
    tx: Tx, purpose: str, of: tuple[UUID, UUID], project_id: UUID | None, at: datetime
) -> tuple[UUID, dict[str, Any]]:
    challenge_id, challenge = new_id(at), secrets.token_bytes(32)
    await tx.execute(
        insert(PasskeyChallenge).values(
            id=challenge_id,
            purpose=purpose,
            person_id=of[0],
            phone_id=of[1],
            project_id=project_id,
            challenge=challenge,
            issued_at=at - timedelta(hours=2),
            expires_at=at + timedelta(days=1),
        )
    )
    return challenge_id, {"challenge": base64url(challenge)}


async def _request(tx: Tx, project_id: UUID, of: tuple[UUID, UUID], at: datetime) -> tuple[UUID, str]:
    request_id, code = new_id(at), secrets.token_urlsafe(16)
    await tx.execute(
        insert(WitnessRequest).values(
            project_id=project_id,
            id=request_id,
            person_id=of[0],
            phone_id=of[1],
            code_hash=hashlib.sha256(code.encode()).digest(),
            place="counted",
            asked_at=at - timedelta(hours=2),
            expires_at=at + timedelta(days=1),
        )
    )
    return request_id, code
