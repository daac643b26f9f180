"""Photos that punches name and that are not here yet: what is awaited until when, and ruling once they came or did not.

A punch is pending while its photos are outstanding. It is ruled on when the last of them is here or, without them, at
the deadline; if they come after that, once more.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import exists, select

from backend.decision.afterwards import OF_PHOTOS, reconsider
from backend.decision.policy import SitePolicy
from backend.decision.ruling import AWAITED, Ruling
from backend.kit.clock import Clock
from backend.kit.db import Database, Tx
from backend.ledger.append import Connection, DayFolder
from backend.ledger.model import Entry
from backend.ledger.partitions import in_ledger_transaction
from mobile_api.ruling_again import RuledPunch, rule_again
from mobile_api.tables import PhotoWaitRow

RUN: Final = 500
"""Punches that are ruled on in one transaction."""
KEEP: Final = timedelta(days=30)
"""So long after the deadline a photo may still come: as long as the longest field pack."""

FIND_HERE = """
SELECT k.person_id, k.sha256 FROM json_to_recordset(%s::text::json) AS k (person_id uuid, sha256 text)
WHERE EXISTS (SELECT FROM photo p WHERE p.person_id = k.person_id AND p.sha256 = decode(k.sha256, 'hex'))
"""
# After the append, of those punches that it has taken.
KEEP_WAITS = """
INSERT INTO photo_wait (project_id, punch_id, person_id, sha256, deadline_at)
SELECT k.project_id, k.punch_id, k.person_id, decode(k.sha256, 'hex'), k.deadline_at
FROM json_to_recordset(%s::text::json) AS k (
  project_id uuid, punch_id uuid, person_id uuid, sha256 text, deadline_at timestamptz)
WHERE EXISTS (SELECT FROM punch_status s WHERE s.project_id = k.project_id AND s.punch_id = k.punch_id)
ON CONFLICT DO NOTHING
"""
# Locked before anything is ruled, so that two who see the last photo come rule once. A punch is ready when all of its
# photos are here, or when its time is over and it was not ruled on for that yet.
_READY = """
SELECT w.project_id, w.punch_id,
  EXISTS (SELECT FROM photo p WHERE p.person_id = w.person_id AND p.sha256 = w.sha256) AS here,
  w.overdue
FROM photo_wait w
WHERE (w.project_id, w.punch_id) IN (SELECT project_id, punch_id FROM ({candidates}) c)
ORDER BY w.project_id, w.punch_id, w.sha256 FOR UPDATE OF w
"""
OF_ONE_PHOTO = _READY.replace(
    "{candidates}",
    "SELECT project_id, punch_id FROM photo_wait WHERE person_id = %(person_id)s AND sha256 = %(sha256)s",
)
ANY = _READY.replace(
    "{candidates}",
    """
    (SELECT w.project_id, w.punch_id FROM photo_wait w
     JOIN photo p ON p.person_id = w.person_id AND p.sha256 = w.sha256 LIMIT %(run)s)
    UNION (SELECT project_id, punch_id FROM photo_wait
     WHERE deadline_at <= %(now)s AND NOT overdue ORDER BY deadline_at LIMIT %(run)s)
    """,
)
FORGET_HERE = """
DELETE FROM photo_wait w USING json_to_recordset(%s::text::json) AS k (project_id uuid, punch_id uuid), photo p
WHERE w.project_id = k.project_id AND w.punch_id = k.punch_id AND p.person_id = w.person_id AND p.sha256 = w.sha256
"""
NOTE_OVERDUE = """
UPDATE photo_wait w SET overdue = true FROM json_to_recordset(%s::text::json) AS k (project_id uuid, punch_id uuid)
WHERE w.project_id = k.project_id AND w.punch_id = k.punch_id AND w.deadline_at <= %s
RETURNING w.project_id, w.punch_id
"""
PURGE = "DELETE FROM photo_wait WHERE deadline_at < %s"

_encoder = msgspec.json.Encoder()


class PhotoWait(Struct, frozen=True, kw_only=True):
    """A photo (SHA-256 in hexadecimal) that a punch waits for."""

    project_id: UUID
    punch_id: UUID
    person_id: UUID
    sha256: str
    deadline_at: datetime


@dataclass(frozen=True, slots=True)
class PhotoTools:
    """What ruling on photos works with."""

    database: Database
    fold: DayFolder
    clock: Clock


async def find_here(connection: Connection, wanted: Iterable[tuple[UUID, str]]) -> set[tuple[UUID, str]]:
    """Return those of the photos (person, SHA-256 in hexadecimal) that are here; asks nothing for none."""
    asked = [{"person_id": person_id, "sha256": sha256} for person_id, sha256 in set(wanted)]
    if not asked:
        return set()
    found = await connection.execute(FIND_HERE, (_encoder.encode(asked).decode(),))
    return {(row[0], row[1]) for row in await found.fetchall()}


def deadline_of(ruling: Ruling, at: datetime, policy: SitePolicy) -> datetime | None:
    """Return until when a punch that came in at the instant waits for its photos; None if it waits for none."""
    waits = any(reason.code in AWAITED for reason in ruling.reasons)
    return at + timedelta(hours=policy.photo_wait_h) if waits else None


def waits_of(entry: Entry, outstanding: Iterable[str]) -> list[PhotoWait]:
    """Return what an entry waits for: nothing if it has no deadline."""
    if entry.deadline_at is None or entry.person_id is None:
        return []
    return [
        PhotoWait(
            project_id=entry.project_id,
            punch_id=entry.punch_id,
            person_id=entry.person_id,
            sha256=sha256,
            deadline_at=entry.deadline_at,
        )
        for sha256 in outstanding
    ]


async def send_waits(connection: Connection, waits: Sequence[PhotoWait]) -> None:
    """Note what punches wait for, after their append; inside a pipeline nothing is waited for yet."""
    if waits:
        await connection.execute(KEEP_WAITS, (_encoder.encode(waits).decode(),))


async def is_awaited(tx: Tx, person_id: UUID, sha256: bytes) -> bool:
    """Tell whether a punch of the person waits for a photo."""
    waits = exists(
        select(PhotoWaitRow.punch_id).where(PhotoWaitRow.person_id == person_id, PhotoWaitRow.sha256 == sha256)
    )
    return bool(await tx.scalar(select(waits)))


async def rule_on_arrival(tools: PhotoTools, person_id: UUID, sha256: bytes) -> int:
    """Rule on the punches whose last outstanding photo this is; return on how many."""
    return await _settle(tools, OF_ONE_PHOTO, {"person_id": person_id, "sha256": sha256})


async def settle_photo_waits(tools: PhotoTools) -> int:
    """Rule on what is ready: photos that came unnoticed, deadlines that passed; return on how many punches."""
    ruled, more = 0, 1
    while more:
        more = await _settle(tools, ANY, {"now": tools.clock.now(), "run": RUN})
        ruled += more
    async with tools.database.connection() as connection:
        await connection.execute(PURGE, (tools.clock.now() - KEEP,))
    return ruled


async def _settle(tools: PhotoTools, statement: str, values: dict[str, object]) -> int:
    now = tools.clock.now()

    async def attempt() -> int:
        async with tools.database.connection() as connection, connection.transaction():
            rows = await (await connection.execute(statement.encode(), values)).fetchall()
            missing: dict[tuple[UUID, UUID], int] = {}
            for project_id, punch_id, here, _ in rows:
                missing[project_id, punch_id] = missing.get((project_id, punch_id), 0) + (not here)
            await connection.execute(FORGET_HERE, (_names(missing),))
            late = {name: count for name, count in missing.items() if count}
            overdue = await connection.execute(NOTE_OVERDUE, (_names(late), now))
            over = {(row[0], row[1]) for row in await overdue.fetchall()}
            whole = missing.keys() - late.keys()
            told = {row[0:2] for row in rows if row[3]}

            def decide(punch: RuledPunch) -> Ruling | None:
                count = late.get((punch.project_id, punch.punch_id), 0)
                instead = [{"code": "decision.photos_missing", "photos": count}] if count else []
                return reconsider(punch.reasons, punch.policy, without=OF_PHOTOS, instead=instead)

            return await rule_again(connection, sorted(whole | (over - told)), decide, now, tools.fold)

    return await in_ledger_transaction(tools.database, attempt, received=(now.date(),), buckets=())


def _names(punches: Collection[tuple[UUID, UUID]]) -> str:
    return _encoder.encode([{"project_id": one, "punch_id": other} for one, other in punches]).decode()
