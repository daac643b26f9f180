"""Keeps which way a person wants to go; nothing else depends on it."""

from datetime import datetime
from typing import Literal, cast
from uuid import UUID

from sqlalchemy import exists, insert, select

from backend.evidence.ways.model import Way
from backend.evidence.ways.way_tables import Passkey, PresenceChoice
from backend.identity.consents.service import require_consent
from backend.kit.db import Tx
from backend.kit.ids import new_id

Cause = Literal["chosen", "consent_withdrawn"]


async def current_choice(tx: Tx, person_id: UUID) -> tuple[Way, Cause, datetime] | None:
    """Return the way that a person goes, why, and since when; None before he has chosen."""
    row = (
        await tx.execute(
            select(PresenceChoice.way, PresenceChoice.cause, PresenceChoice.chosen_at)
            .where(PresenceChoice.person_id == person_id)
            .order_by(PresenceChoice.chosen_at.desc(), PresenceChoice.id.desc())
            .limit(1)
        )
    ).one_or_none()
    return None if row is None else (cast("Way", row[0]), cast("Cause", row[1]), row[2])


async def choose_way(tx: Tx, person_id: UUID, phone_id: UUID, way: Way, now: datetime) -> None:
    """Put a person's choice on record; the face is chosen by consent only (raises ConsentMissing)."""
    if way == "face":
        await require_consent(tx, person_id, "face_check")
    known = await current_choice(tx, person_id)
    if known is None or known[0] != way:
        await _record(tx, person_id, phone_id, way, "chosen", now)


async def leave_face(tx: Tx, person_id: UUID, phone_id: UUID, now: datetime) -> Way | None:
    """Switch a person who went by his face to another way: his passkey if there is one, else the site's code.

    Returns the new way, None if he did not go by his face.
    """
    known = await current_choice(tx, person_id)
    if known is None or known[0] != "face":
        return None
    has_passkey = exists(select(Passkey.id).where(Passkey.person_id == person_id, Passkey.ended_at.is_(None)))
    way: Way = "passkey" if await tx.scalar(select(has_passkey)) else "site_qr"
    await _record(tx, person_id, phone_id, way, "consent_withdrawn", now)
    return way


async def _record(tx: Tx, person_id: UUID, phone_id: UUID, way: Way, cause: Cause, now: datetime) -> None:
    await tx.execute(
        insert(PresenceChoice).values(
            id=new_id(now), person_id=person_id, phone_id=phone_id, way=way, cause=cause, chosen_at=now
        )
    )
