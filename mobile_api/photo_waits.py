"""Photos that punches name and nobody has seen yet: what is awaited until when, and ruling once they came or did not.

A punch is pending while its photos are outstanding: bytes that nobody has examined are no evidence. It is ruled on when
the last of them was found usable or, without them, at the deadline; if they come after that, once more. One that cannot
be used is told at once.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import exists, select

from backend.decision.afterwards import OF_PHOTOS, reconsider, weigh_also
from backend.decision.policy import SitePolicy
from backend.decision.ruling import AWAITED, Ruling
from backend.kit.clock import Clock
from backend.kit.db import Database, Tx
from backend.ledger.append import Connection, DayFolder
from backend.ledger.model import Entry
from backend.ledger.partitions import in_ledger_transaction
from mobile_api.ruling_again import PunchName, RuledPunch, rule_again
from mobile_api.tables import PhotoWaitRow

RUN: Final = 500
"""Punches that are ruled on in one transaction."""
KEEP: Final = timedelta(days=30)
"""So long after the deadline a photo may still come: as long as the longest field pack."""
REFUSED: Final = "decision.photo_refused"

FIND_EXAMINED = """
SELECT k.person_id, k.sha256, r.outcome FROM json_to_recordset(%s::text::json) AS k (person_id uuid, sha256 text)
JOIN photo_file f ON f.source = 'phone' AND f.person_id = k.person_id AND f.sha256 = decode(k.sha256, 'hex')
JOIN photo_result r ON r.photo_id = f.id
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
# Locked before anything is ruled, so that two who look at once rule once. A punch is ready when any of its photos was
# examined, or when its time is over and it was not ruled on for that yet.
READY = """
SELECT w.project_id, w.punch_id, w.sha256, w.overdue, (
  SELECT r.outcome FROM photo_file f JOIN photo_result r ON r.photo_id = f.id
  WHERE f.source = 'phone' AND f.person_id = w.person_id AND f.sha256 = w.sha256) AS outcome
FROM photo_wait w
WHERE (w.project_id, w.punch_id) IN (
  (SELECT w.project_id, w.punch_id FROM photo_wait w
   JOIN photo_file f ON f.source = 'phone' AND f.person_id = w.person_id AND f.sha256 = w.sha256
   JOIN photo_result r ON r.photo_id = f.id LIMIT %(run)s)
  UNION (SELECT project_id, punch_id FROM photo_wait
   WHERE deadline_at <= %(now)s AND NOT overdue ORDER BY deadline_at LIMIT %(run)s))
ORDER BY w.project_id, w.punch_id, w.sha256 FOR UPDATE OF w
"""
FORGET = """
DELETE FROM photo_wait w USING json_to_recordset(%s::text::json) AS k (project_id uuid, punch_id uuid, sha256 text)
WHERE w.project_id = k.project_id AND w.punch_id = k.punch_id AND w.sha256 = decode(k.sha256, 'hex')
"""
NOTE_OVERDUE = """
UPDATE photo_wait w SET overdue = true FROM json_to_recordset(%s::text::json) AS k (project_id uuid, punch_id uuid)
WHERE w.project_id = k.project_id AND w.punch_id = k.punch_id AND w.deadline_at <= %s
RETURNING w.project_id, w.punch_id
"""
PURGE = "DELETE FROM photo_wait WHERE deadline_at < %s"

_encoder = msgspec.json.Encoder()

Examined: TypeAlias = Literal["kept", "refused"]
PhotoName: TypeAlias = tuple[UUID, str]
"""Person, and SHA-256 in hexadecimal."""


class PhotoWait(Struct, frozen=True, kw_only=True):
    """A photo (SHA-256 in hexadecimal) that a punch waits for."""

    project_id: UUID
    punch_id: UUID
    person_id: UUID
    sha256: str
    deadline_at: datetime


@dataclass(frozen=True, slots=True)
class SortedPhotos:
    """The photos of a punch: those that nobody has examined yet, and whether one of the others cannot be used."""

    outstanding: tuple[str, ...] = ()
    refused: bool = False


@dataclass(frozen=True, slots=True)
class PhotoTools:
    """What ruling on photos works with."""

    database: Database
    fold: DayFolder
    clock: Clock


async def find_examined(connection: Connection, wanted: Iterable[PhotoName]) -> dict[PhotoName, Examined]:
    """Return what examination found of those of the photos that are through it; asks nothing for none."""
    asked = [{"person_id": person_id, "sha256": sha256} for person_id, sha256 in set(wanted)]
    if not asked:
        return {}
    found = await connection.execute(FIND_EXAMINED, (_encoder.encode(asked).decode(),))
    return {(row[0], row[1]): row[2] for row in await found.fetchall()}


def sort_photos(person_id: UUID, named: Iterable[str], examined: Mapping[PhotoName, Examined]) -> SortedPhotos:
    """Sort the photos that a punch of a person names by what is known of them."""
    found = {one: examined.get((person_id, one)) for one in named}
    return SortedPhotos(
        outstanding=tuple(one for one, outcome in found.items() if outcome is None),
        refused=any(outcome == "refused" for outcome in found.values()),
    )


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


async def settle_photo_waits(tools: PhotoTools) -> int:
    """Rule on what is ready: photos that were examined, deadlines that passed; return on how many punches."""
    ruled, more = 0, 1
    while more:
        more = await _settle(tools)
        ruled += more
    async with tools.database.connection() as connection:
        await connection.execute(PURGE, (tools.clock.now() - KEEP,))
    return ruled


async def _settle(tools: PhotoTools) -> int:
    now = tools.clock.now()

    async def attempt() -> int:
        async with tools.database.connection() as connection, connection.transaction():
            rows = await (await connection.execute(READY, {"now": now, "run": RUN})).fetchall()
            waits = [_Held((row[0], row[1]), bytes(row[2]).hex(), row[3], row[4]) for row in rows]
            await connection.execute(FORGET, (_encoder.encode([one.name() for one in waits if one.outcome]).decode(),))
            missing: dict[PunchName, int] = {}
            for one in waits:
                missing[one.punch] = missing.get(one.punch, 0) + (one.outcome is None)
            late = {punch: count for punch, count in missing.items() if count}
            overdue = await connection.execute(NOTE_OVERDUE, (_names(late), now))
            told = {one.punch for one in waits if one.overdue}
            over = {(row[0], row[1]) for row in await overdue.fetchall()} - told
            refused = {one.punch for one in waits if one.outcome == "refused"}

            def decide(punch: RuledPunch) -> Ruling | None:
                name = (punch.project_id, punch.punch_id)
                found: list[dict[str, object]] = [{"code": REFUSED}] if name in refused else []
                if name in late and name not in over:
                    return weigh_also(punch.reasons, punch.policy, found)
                if name in over:
                    found.append({"code": "decision.photos_missing", "photos": late[name]})
                return reconsider(punch.reasons, punch.policy, without=OF_PHOTOS, instead=found)

            ready = (missing.keys() - late.keys()) | over | refused
            return await rule_again(connection, sorted(ready), decide, now, tools.fold)

    return await in_ledger_transaction(tools.database, attempt, received=(now.date(),), buckets=())


@dataclass(frozen=True, slots=True)
class _Held:
    """A wait whose row is locked, with what examination found, if it has."""

    punch: PunchName
    sha256: str
    overdue: bool
    outcome: Examined | None

    def name(self) -> dict[str, object]:
        return {"project_id": self.punch[0], "punch_id": self.punch[1], "sha256": self.sha256}


def _names(punches: Collection[PunchName]) -> str:
    return _encoder.encode([{"project_id": one, "punch_id": other} for one, other in punches]).decode()
