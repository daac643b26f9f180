"""Issues challenges: one to be answered within a minute, or a few ahead for where there is no network."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final
from uuid import UUID

from sqlalchemy import insert

from backend.evidence.liveness import queries
from backend.evidence.liveness.challenge import (
    LIFE,
    MOST_WITHIN,
    NONCE_BYTES,
    SEALED_AHEAD,
    Kind,
    draw_steps,
    wait_for_challenge,
)
from backend.evidence.liveness.errors import ChallengesTooMany
from backend.evidence.liveness.queries import ChallengeRow
from backend.evidence.liveness.tables import LivenessChallenge
from backend.kit.db import Tx
from backend.kit.ids import new_id

SEALED_LIFE: Final = timedelta(days=7)
"""As long as a field pack."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who is challenged, where, and with which phone."""

    project_id: UUID
    person_id: UUID
    phone_id: UUID


async def issue_challenge(tx: Tx, holder: Holder, *, now: datetime) -> ChallengeRow:
    """Issue a challenge for the coming minute; raises ChallengesTooMany."""
    await queries.hold_challenges(tx, holder.person_id)
    recent = await queries.list_issued(tx, holder.person_id, now - MOST_WITHIN)
    wait = wait_for_challenge(recent, now)
    if wait is not None:
        raise ChallengesTooMany(retry_after_s=max(1, ceil(wait.total_seconds())))
    return await _issue(tx, holder, "online", LIFE, now)


async def issue_ahead(tx: Tx, holder: Holder, *, now: datetime) -> list[ChallengeRow]:
    """Return the challenges that the phone has ahead for the project, made up to SEALED_AHEAD."""
    await queries.hold_challenges(tx, holder.person_id)
    ahead = await queries.list_ahead(tx, holder.project_id, holder.person_id, holder.phone_id, now)
    while len(ahead) < SEALED_AHEAD:
        ahead.append(await _issue(tx, holder, "sealed", SEALED_LIFE, now))
    return sorted(ahead, key=lambda one: (one.expires_at, one.id))


async def _issue(tx: Tx, holder: Holder, kind: Kind, life: timedelta, now: datetime) -> ChallengeRow:
    made = ChallengeRow(
        project_id=holder.project_id,
        id=new_id(now),
        person_id=holder.person_id,
        phone_id=holder.phone_id,
        kind=kind,
        nonce=secrets.token_bytes(NONCE_BYTES),
        steps=draw_steps(secrets.choice),
        issued_at=now,
        expires_at=now + life,
    )
    await tx.execute(
        insert(LivenessChallenge).values(
            project_id=made.project_id,
            id=made.id,
            person_id=made.person_id,
            phone_id=made.phone_id,
            kind=made.kind,
            nonce=made.nonce,
            steps=list(made.steps),
            issued_at=made.issued_at,
            expires_at=made.expires_at,
        )
    )
    return made
