"""The SELECTs of a replay: recorded phone punches in runs, their data keys, policies, fences, sections, names."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import tuple_row
from sqlalchemy import Uuid, case, literal, select

from backend.decision.policy import SitePolicy
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.ledger.tables import DataKey
from backend.sites.person_rights import sees_person
from backend.sites.tables import Assignment, Person, Section, SitePolicyVersion
from geofences.alignment_tables import SectionRangeRow, WorkFaceRow
from geofences.queries import GEOMETRY, GeometryRow, geometry_row, with_name
from geofences.sections import SectionRange
from geofences.standings import DatedFace, Posting, Standings
from geofences.tables import FenceVersion
from geofences.work_faces import WorkFace

PEOPLE = "ledger.read"

_COLUMNS = """
SELECT uuid_send(p.punch_id), uuid_send(s.person_id), extract(epoch FROM s.occurred_at)::float8, p.received_at,
  s.outcome, s.seq, p.policy_version, jsonb_path_query_array(r.reasons, '$[*].code')::text,
  r.ruled_by IS NOT NULL AND NOT EXISTS (
    SELECT FROM fence_correction_change c
    WHERE c.project_id = s.project_id AND c.punch_id = s.punch_id AND c.ruling_id = s.ruling_id),
  v.key_id, v.sealed
"""
# A ruling is looked for in the months between its punch's receipt and now only. What a correction ruled is by policy,
# although somebody's name stands under it.
_JOINS = """
JOIN punch_status s ON s.project_id = p.project_id AND s.punch_id = p.punch_id
JOIN ruling r ON r.project_id = p.project_id AND r.punch_id = p.punch_id AND r.ruling_id = s.ruling_id
  AND r.ruled_at >= p.received_at AND r.ruled_at <= %(now)s
LEFT JOIN punch_private v
  ON v.project_id = p.project_id AND v.received_at = p.received_at AND v.punch_id = p.punch_id
"""
LATEST = f"""
{_COLUMNS}
FROM (
  SELECT * FROM punch
  WHERE project_id = %(project_id)s AND source = 'phone' AND received_at >= %(since)s
    AND (received_at, punch_id) < (%(at)s, %(punch_id)s)
  ORDER BY received_at DESC, punch_id DESC LIMIT %(limit)s
) p
{_JOINS}
ORDER BY p.received_at DESC, p.punch_id DESC
"""  # noqa: S608 - nothing but our own pieces
NEXT = f"""
{_COLUMNS}
FROM (
  SELECT * FROM punch
  WHERE project_id = %(project_id)s AND source = 'phone' AND received_at <= %(until)s
    AND (received_at, punch_id) > (%(at)s, %(punch_id)s)
  ORDER BY received_at, punch_id LIMIT %(limit)s
) p
{_JOINS}
ORDER BY p.received_at, p.punch_id
"""  # noqa: S608 - nothing but our own pieces


class RecordedRow(NamedTuple):
    """A recorded punch of a phone; ids as bytes, `at` in seconds since 1970, `codes` as a JSON array."""

    punch_id: bytes
    person_id: bytes | None
    at: float
    received_at: datetime
    outcome: str
    seq: int
    policy_version: int
    codes: str
    by_person: bool
    key_id: UUID | None
    sealed: bytes | None


@dataclass(frozen=True, slots=True)
class KeyRow:
    """A data key as stored; `wrapped` is None once it was destroyed."""

    month: date
    key_id: UUID
    wrapped: bytes | None


async def read_run(tx: Tx, statement: str, **values: object) -> Sequence[RecordedRow]:
    """Return a run of recorded punches (LATEST or NEXT), past SQLAlchemy: its rows cost more than their reading."""
    connection: Any = (await tx.get_raw_connection()).driver_connection
    if not isinstance(connection, AsyncConnection):
        msg = "the driver is psycopg"
        raise TypeError(msg)
    cursor = connection.cursor(binary=True, row_factory=tuple_row)
    await cursor.execute(statement.encode(), values)
    return [RecordedRow._make(row) for row in await cursor.fetchall()]


async def list_data_keys(tx: Tx, project_id: UUID) -> list[KeyRow]:
    """Return a project's data keys, the destroyed ones too."""
    statement = select(DataKey.month, DataKey.key_id, DataKey.wrapped).where(DataKey.project_id == project_id)
    return [KeyRow(*row) for row in await tx.execute(statement)]


async def list_policies(tx: Tx, project_id: UUID) -> dict[int, SitePolicy]:
    """Return all versions of the site's policy."""
    statement = select(SitePolicyVersion.version, SitePolicyVersion.body).where(
        SitePolicyVersion.project_id == project_id
    )
    return {version: msgspec.convert(body, SitePolicy) for version, body in await tx.execute(statement)}


async def list_geometry(tx: Tx, project_id: UUID, version_ids: Collection[UUID]) -> list[GeometryRow]:
    """Return the geometry of versions by their ids."""
    statement = with_name(select(*GEOMETRY)).where(
        FenceVersion.project_id == project_id, FenceVersion.id.in_(version_ids)
    )
    return [geometry_row(row) for row in await tx.execute(statement)]


async def list_visible_people(tx: Tx, actor: Actor, project_id: UUID, person_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the names of those people whom the actor may see punches of on the project."""
    statement = select(Person.id, Person.name).where(
        Person.id.in_(person_ids),
        sees_person(actor, PEOPLE, literal(project_id, Uuid()), Person.id),
    )
    return {row[0]: row[1] for row in await tx.execute(statement)}


async def list_standings(tx: Tx, project_id: UUID) -> Standings:
    """Return who had which sections of a project when, their ranges, and its work faces, as they are known now."""
    faces = [
        DatedFace(WorkFace(row[0], row[1], row[2], row[3]), row[4], row[5])
        for row in await tx.execute(
            select(
                WorkFaceRow.fence_id,
                WorkFaceRow.name,
                WorkFaceRow.begin_label,
                WorkFaceRow.end_label,
                WorkFaceRow.from_on,
                WorkFaceRow.to_on,
            )
            .where(WorkFaceRow.project_id == project_id)
            .order_by(WorkFaceRow.id)
        )
    ]
    ranges: dict[UUID, list[SectionRange]] = {}
    by_labels = select(
        SectionRangeRow.section_id, SectionRangeRow.alignment_id, SectionRangeRow.begin_label, SectionRangeRow.end_label
    ).where(SectionRangeRow.project_id == project_id)
    for section_id, alignment_id, begin, end in await tx.execute(by_labels.order_by(SectionRangeRow.number)):
        ranges.setdefault(section_id, []).append(SectionRange(alignment_id, begin, end))
    by_metres = select(Section.id, Section.from_chainage_m, Section.to_chainage_m).where(
        Section.project_id == project_id
    )
    for section_id, begin_m, end_m in await tx.execute(by_metres):
        if begin_m is None or end_m is None:
            continue
        ranges.setdefault(section_id, []).append(SectionRange(None, begin_m, end_m))
    postings: list[Posting] = []
    if ranges:
        # The filed holder keeps the duty until his exit is confirmed.
        left_on = case((Assignment.exit_confirmed_at.is_not(None), Assignment.to_on))
        rows = await tx.execute(
            select(Assignment.person_id, Assignment.section_id, Assignment.from_on, left_on).where(
                Assignment.project_id == project_id
            )
        )
        postings = [Posting(*row) for row in rows]
    return Standings(postings, ranges, faces)
