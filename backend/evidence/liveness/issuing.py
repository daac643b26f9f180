"""Issues challenges: one to be answered within a minute, or a few ahead for where there is no network."""

import secrets
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
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
    made = _draw(holder, "online", LIFE, now)
    await _store(tx, [made])
    return made


async def issue_ahead(tx: Tx, holders: Sequence[Holder], *, now: datetime) -> list[ChallengeRow]:
    """Return the challenges that one person's phone has ahead for some projects, made up to SEALED_AHEAD for each.

    Those with less than half of their life left do not count: a phone without network has to get along with them for
    days. They stay good. As long as none is used the same are given for half of their life.
    """
    if not holders:
        return []
    await queries.hold_challenges(tx, holders[0].person_id)
    ahead = await queries.list_ahead(tx, [one.project_id for one in holders], holders[0].phone_id, now)
    fresh = Counter(one.project_id for one in ahead if one.expires_at >= now + SEALED_LIFE / 2)
    new = [
        _draw(holder, "sealed", SEALED_LIFE, now)
        for holder in holders
        for _ in range(SEALED_AHEAD - fresh[holder.project_id])
    ]
    await _store(tx, new)
    return sorted([*ahead, *new], key=lambda one: (one.project_id, one.expires_at, one.id))


def _draw(holder: Holder, kind: Kind, life: timedelta, now: datetime) -> ChallengeRow:
    return ChallengeRow(
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


async def _store(tx: Tx, made: Sequence[ChallengeRow]) -> None:
    if made:
        rows = [asdict(one) | {"steps": list(one.steps)} for one in made]
        await tx.execute(insert(LivenessChallenge), rows)
