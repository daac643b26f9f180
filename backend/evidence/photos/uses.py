"""Notes which punches name which photos, before or after the photos are here."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Final, LiteralString
from uuid import UUID

import msgspec
from msgspec import Struct
from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert

from backend.evidence.photos.tables import PhotoFollower, PhotoUse
from backend.kit.db import Tx

BEGINNING: Final = timedelta(days=30)
"""So far back looks a follower that never looked before."""


SEND_USES: Final[LiteralString] = """
INSERT INTO photo_use
  (project_id, punch_id, sha256, person_id, device_id, occurred_at, work_on, chainage, noted_at)
SELECT k.project_id, k.punch_id, decode(k.sha256, 'hex'), k.person_id, k.device_id, k.occurred_at, k.work_on,
  k.chainage, %s
FROM json_to_recordset(%s::text::json) AS k (project_id uuid, punch_id uuid, sha256 text, person_id uuid,
  device_id uuid, occurred_at timestamptz, work_on date, chainage text)
{only}
ON CONFLICT DO NOTHING
"""

_encoder = msgspec.json.Encoder()


class Named(Struct, frozen=True, kw_only=True):
    """That a punch names a photo by its SHA-256; `chainage` as people write it, `device_id` of a gate."""

    project_id: UUID
    punch_id: UUID
    sha256: bytes
    person_id: UUID | None
    device_id: UUID | None
    occurred_at: datetime
    work_on: date
    chainage: str | None


async def send_uses(
    connection: AsyncConnection[TupleRow], named: Sequence[Named], now: datetime, *, only: LiteralString = ""
) -> None:
    """Write uses in the transaction of the punches that name them; inside a pipeline nothing is waited for yet.

    `only` is a condition on the rows `k`. One that is there already stays as it is; asks nothing for none.
    """
    if not named:
        return
    rows = [msgspec.structs.asdict(one) | {"sha256": one.sha256.hex()} for one in named]
    await connection.execute(SEND_USES.replace("{only}", only), (now, _encoder.encode(rows).decode()))


async def note_uses(tx: Tx, named: Sequence[Named], now: datetime) -> None:
    """Write uses that are new; one that is there already stays as it is."""
    if not named:
        return
    rows = [
        {
            "project_id": one.project_id,
            "punch_id": one.punch_id,
            "sha256": one.sha256,
            "person_id": one.person_id,
            "device_id": one.device_id,
            "occurred_at": one.occurred_at,
            "work_on": one.work_on,
            "chainage": one.chainage,
            "noted_at": now,
        }
        for one in named
    ]
    await tx.execute(insert(PhotoUse).on_conflict_do_nothing(constraint="pk_photo_use"), rows)


async def lock_follower(tx: Tx, name: str, now: datetime) -> datetime:
    """Return until when a follower has looked, and keep others of its name waiting until the transaction ends."""
    made = insert(PhotoFollower).values(name=name, seen_until=now - BEGINNING)
    kept = made.on_conflict_do_update(
        index_elements=[PhotoFollower.name], set_={"seen_until": PhotoFollower.seen_until}
    ).returning(PhotoFollower.seen_until)
    return (await tx.execute(kept)).scalar_one()


async def move_follower(tx: Tx, name: str, until: datetime) -> None:
    """Note until when a follower has looked."""
    await tx.execute(update(PhotoFollower).where(PhotoFollower.name == name).values(seen_until=until))
