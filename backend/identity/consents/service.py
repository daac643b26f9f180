"""Use cases of consents: give, withdraw, ask whether one holds."""

from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import insert, select, text

from backend.identity.consents.errors import ConsentMissing, ConsentNotGiven, TextOutdated
from backend.identity.consents.model import PURPOSES, TEXT_VERSIONS, Act, ConsentStep, Purpose, holds, text_of
from backend.identity.consents.tables import ConsentAct, ConsentErasure
from backend.kit.db import Tx
from backend.kit.ids import new_id


async def list_acts(tx: Tx, person_id: UUID) -> dict[Purpose, list[Act]]:
    """Return what a person did about each purpose, in order."""
    rows = await tx.execute(
        select(ConsentAct.purpose, ConsentAct.step, ConsentAct.text_version, ConsentAct.acted_at)
        .where(ConsentAct.person_id == person_id)
        .order_by(ConsentAct.no)
    )
    acts: dict[Purpose, list[Act]] = {purpose: [] for purpose in PURPOSES}
    for purpose, step, version, at in rows:
        acts[cast("Purpose", purpose)].append(Act(cast("ConsentStep", step), version, at))
    return acts


async def has_consent(tx: Tx, person_id: UUID, purpose: Purpose) -> bool:
    """Tell whether a person's consent to a purpose holds, for the text of today."""
    return holds((await list_acts(tx, person_id))[purpose], TEXT_VERSIONS[purpose])


async def require_consent(tx: Tx, person_id: UUID, purpose: Purpose) -> None:
    """Raise ConsentMissing unless the person's consent holds."""
    if not await has_consent(tx, person_id, purpose):
        raise ConsentMissing(purpose=purpose)


async def give(  # who, with what, to which words, when
    tx: Tx, person_id: UUID, phone_id: UUID, purpose: Purpose, *, version: int, language: str, now: datetime
) -> None:
    """Record a consent to the text of today; giving it again changes nothing. Raises TextOutdated."""
    if version != TEXT_VERSIONS[purpose]:
        raise TextOutdated(version=TEXT_VERSIONS[purpose])
    await _take_turns(tx, person_id)
    if not await has_consent(tx, person_id, purpose):
        await _act(tx, person_id, phone_id, purpose, "given", language, now)


async def withdraw(  # likewise
    tx: Tx, person_id: UUID, phone_id: UUID, purpose: Purpose, *, language: str, now: datetime
) -> UUID:
    """Record a withdrawal, which holds at once, and that what was kept by this consent is to be deleted.

    Returns the act's id. Raises ConsentNotGiven.
    """
    await _take_turns(tx, person_id)
    acts = (await list_acts(tx, person_id))[purpose]
    if not acts or acts[-1].step == "withdrawn":
        raise ConsentNotGiven
    act_id = await _act(tx, person_id, phone_id, purpose, "withdrawn", language, now)
    await tx.execute(insert(ConsentErasure).values(act_id=act_id, person_id=person_id, purpose=purpose, asked_at=now))
    return act_id


async def _act(
    tx: Tx, person_id: UUID, phone_id: UUID, purpose: Purpose, step: ConsentStep, language: str, now: datetime
) -> UUID:
    said, act_id = text_of(purpose, language), new_id(now)
    await tx.execute(
        insert(ConsentAct).values(
            id=act_id,
            person_id=person_id,
            phone_id=phone_id,
            purpose=purpose,
            step=step,
            text_version=said.version,
            text_digest=said.digest,
            language=language,
            acted_at=now,
        )
    )
    return act_id


async def _take_turns(tx: Tx, person_id: UUID) -> None:
    """Let one act of a person wait for the other: what the last one was decides."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"consent:{person_id}"})
