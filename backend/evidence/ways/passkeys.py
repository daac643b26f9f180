"""Use cases of passkeys: make one while logged in, show one for a project, take one off."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import ModuleType
from typing import Any, Final, Literal
from uuid import UUID

import structlog
from sqlalchemy import delete, func, insert, select, update

from backend.evidence.ways import errors
from backend.evidence.ways.callers import Caller
from backend.evidence.ways.model import LIFE, ProofOutcome
from backend.evidence.ways.passkey_model import AnswerUnfit, RelyingParty, Shown
from backend.evidence.ways.recording import NewProof, RecordedProof, record_proof
from backend.evidence.ways.signals import NewSignal, record_signal
from backend.evidence.ways.way_tables import Passkey, PasskeyChallenge
from backend.kit.db import AnyRow, Tx, translate_violations
from backend.kit.ids import new_id

CHALLENGE_LIFE: Final = timedelta(minutes=2)
AN_HOUR: Final = 60
"""Challenges for one person."""
MOST: Final = 5
"""Passkeys of a person; phones break, and old ones stay behind."""

Purpose = Literal["register", "show"]
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Issued:
    """A challenge with what the phone's system is asked by it."""

    id: UUID
    expires_at: datetime
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Taken:
    """A challenge that is being answered, for the only time."""

    id: UUID
    challenge: bytes
    project_id: UUID | None


async def begin_registration(tx: Tx, caller: Caller, party: RelyingParty, now: datetime) -> Issued:
    """Issue the challenge for a new passkey; raises PasskeysTooMany."""
    known = await list_passkeys(tx, caller.person_id)
    if len(known) >= MOST:
        raise errors.PasskeysTooMany
    issued_id, challenge = await _issue(tx, "register", caller, None, now)
    ids = [bytes(one.credential_id) for one in known]
    options = _checks().registration_options(party, challenge, caller.person_id, caller.name, ids)
    return Issued(issued_id, now + CHALLENGE_LIFE, options)


async def begin_showing(tx: Tx, caller: Caller, project_id: UUID, party: RelyingParty, now: datetime) -> Issued:
    """Issue the challenge for showing a passkey on a project; raises NoPasskey."""
    known = await list_passkeys(tx, caller.person_id)
    if not known:
        raise errors.NoPasskey
    issued_id, challenge = await _issue(tx, "show", caller, project_id, now)
    options = _checks().assertion_options(party, challenge, [bytes(one.credential_id) for one in known])
    return Issued(issued_id, now + CHALLENGE_LIFE, options)


async def take_challenge(tx: Tx, purpose: Purpose, challenge_id: UUID, caller: Caller, now: datetime) -> Taken:
    """Take a challenge out of use and return it; the caller commits this before he looks at the answer.

    Raises ChallengeUnknown: another's, another phone's, answered already, or too late.
    """
    row = (
        await tx.execute(
            update(PasskeyChallenge)
            .where(
                PasskeyChallenge.id == challenge_id,
                PasskeyChallenge.purpose == purpose,
                PasskeyChallenge.person_id == caller.person_id,
                PasskeyChallenge.phone_id == caller.phone_id,
                PasskeyChallenge.used_at.is_(None),
                PasskeyChallenge.expires_at > now,
            )
            .values(used_at=now)
            .returning(PasskeyChallenge.id, PasskeyChallenge.challenge, PasskeyChallenge.project_id)
        )
    ).one_or_none()
    if row is None:
        raise errors.ChallengeUnknown
    return Taken(row.id, bytes(row.challenge), row.project_id)


async def register(
    tx: Tx, caller: Caller, taken: Taken, answer: dict[str, Any], party: RelyingParty, now: datetime
) -> AnyRow:
    """Keep a new passkey and return its row; raises PasskeyMalformed, PasskeyKnown or PasskeysTooMany."""
    try:
        made = _checks().check_registration(party, taken.challenge, answer)
    except AnswerUnfit as fault:
        log.info("passkeys.registration_unfit", cause=str(fault)[:200])
        raise errors.PasskeyMalformed from fault
    if len(await list_passkeys(tx, caller.person_id)) >= MOST:
        raise errors.PasskeysTooMany
    passkey_id = new_id(now)
    with translate_violations({"uq_passkey_credential_id": errors.PasskeyKnown}):
        await tx.execute(
            insert(Passkey).values(
                id=passkey_id,
                person_id=caller.person_id,
                phone_id=caller.phone_id,
                credential_id=made.credential_id,
                public_key=made.public_key,
                sign_count=made.sign_count,
                synced=made.synced,
                aaguid=made.aaguid,
                created_at=now,
            )
        )
    return (await tx.execute(select(*COLUMNS).where(Passkey.id == passkey_id))).one()


async def show(
    tx: Tx, caller: Caller, taken: Taken, answer: dict[str, Any], party: RelyingParty, now: datetime
) -> RecordedProof:
    """Record what the answer to a challenge shows: `passed`, or `failed` and why.

    A counter that does not rise ends the passkey: it exists twice, and nobody can tell which one is the person's.
    """
    if taken.project_id is None:
        raise errors.ChallengeUnknown
    row = await _named(tx, caller.person_id, answer)
    facts: dict[str, Any] = {"challenge_id": str(taken.id)}
    outcome: ProofOutcome = "failed"
    if row is None:
        facts["cause"] = "unknown"
    else:
        shown = _checks().check_assertion(
            party, taken.challenge, answer, public_key=bytes(row.public_key), sign_count=row.sign_count
        )
        facts |= {"passkey_id": str(row.id), "sign_count": shown.sign_count}
        if shown.fault is None:
            outcome = "passed"
            await tx.execute(
                update(Passkey).where(Passkey.id == row.id).values(sign_count=shown.sign_count, last_used_at=now)
            )
        else:
            facts["cause"] = shown.fault
            if shown.fault == "cloned":
                await _end_clone(tx, caller.person_id, taken.project_id, row, shown, now)
    proof = NewProof(
        project_id=taken.project_id,
        person_id=caller.person_id,
        phone_id=caller.phone_id,
        way="passkey",
        outcome=outcome,
        made_at=now,
        facts=facts,
    )
    return RecordedProof(await record_proof(tx, proof, now=now), "passkey", outcome, now, now + LIFE)


async def remove(tx: Tx, person_id: UUID, passkey_id: UUID, now: datetime) -> None:
    """Take a passkey off; raises PasskeyUnknown."""
    ended = await tx.execute(
        update(Passkey)
        .where(Passkey.id == passkey_id, Passkey.person_id == person_id, Passkey.ended_at.is_(None))
        .values(ended_at=now, end_reason="removed")
    )
    if not ended.rowcount:
        raise errors.PasskeyUnknown


COLUMNS: Final = (
    Passkey.id,
    Passkey.credential_id,
    Passkey.public_key,
    Passkey.sign_count,
    Passkey.synced,
    Passkey.created_at,
    Passkey.last_used_at,
)


async def list_passkeys(tx: Tx, person_id: UUID) -> Sequence[AnyRow]:
    """Return a person's passkeys that are good, oldest first."""
    query = select(*COLUMNS).where(Passkey.person_id == person_id, Passkey.ended_at.is_(None)).order_by(Passkey.id)
    return (await tx.execute(query)).all()


async def forget_challenges(tx: Tx, before: datetime) -> int:
    """Delete challenges whose time ended before an instant; return how many."""
    gone = await tx.execute(delete(PasskeyChallenge).where(PasskeyChallenge.expires_at < before))
    return gone.rowcount


def _checks() -> ModuleType:
    from backend.evidence.ways import passkey_checks  # noqa: PLC0415 - few requests need it, and it is slow to come

    return passkey_checks


async def _issue(
    tx: Tx, purpose: Purpose, caller: Caller, project_id: UUID | None, now: datetime
) -> tuple[UUID, bytes]:
    lately = await tx.scalar(
        select(func.count())
        .select_from(PasskeyChallenge)
        .where(PasskeyChallenge.person_id == caller.person_id, PasskeyChallenge.issued_at > now - timedelta(hours=1))
    )
    if (lately or 0) >= AN_HOUR:
        raise errors.AskedEnough(retry_after_s=600)
    challenge_id, challenge = new_id(now), secrets.token_bytes(32)
    await tx.execute(
        insert(PasskeyChallenge).values(
            id=challenge_id,
            purpose=purpose,
            person_id=caller.person_id,
            phone_id=caller.phone_id,
            project_id=project_id,
            challenge=challenge,
            issued_at=now,
            expires_at=now + CHALLENGE_LIFE,
        )
    )
    return challenge_id, challenge


async def _named(tx: Tx, person_id: UUID, answer: dict[str, Any]) -> AnyRow | None:
    """Return the person's passkey that an answer names, locked: of two answers at once one is looked at first."""
    try:
        credential_id = _checks().named_credential(answer)
    except AnswerUnfit:
        return None
    query = select(*COLUMNS).where(
        Passkey.person_id == person_id, Passkey.credential_id == credential_id, Passkey.ended_at.is_(None)
    )
    return (await tx.execute(query.with_for_update())).one_or_none()


async def _end_clone(tx: Tx, person_id: UUID, project_id: UUID, row: AnyRow, shown: Shown, now: datetime) -> None:
    await tx.execute(update(Passkey).where(Passkey.id == row.id).values(ended_at=now, end_reason="cloned"))
    await record_signal(
        tx,
        NewSignal(
            project_id=project_id,
            person_id=person_id,
            kind="passkey_cloned",
            subject=str(row.id),
            evidence={"counter_known": row.sign_count, "counter_shown": shown.sign_count},
        ),
        now=now,
    )
