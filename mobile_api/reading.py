"""The one read of a check-in: session, person, candidate projects, assignments, policy, fences and data key."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import TupleRow

# One row per project on which the person has an assignment of any date (one row with a null project if there is none).
READ = """
WITH me AS MATERIALIZED (
  SELECT a.person_id, a.state = 'active' AND f.revoked_at IS NULL AND f.expires_at > %(now)s AS alive, f.phone_id,
    (SELECT name FROM person WHERE id = a.person_id) AS name,
    EXISTS (
      SELECT FROM phone mine JOIN phone other ON other.install_id = mine.install_id
      WHERE mine.id = f.phone_id AND other.account_id <> a.id AND other.revoked_at IS NULL) AS shared_phone,
    (SELECT count(*) FROM (
      SELECT FROM punch_status s WHERE s.person_id = a.person_id AND s.outcome = 'refused' AND s.source = 'phone'
        AND s.occurred_at > %(now)s - interval '1 hour' LIMIT 1001) recent) AS refused_lately
  FROM session_family f JOIN account a ON a.id = f.account_id
  WHERE f.id = %(family_id)s AND a.id = %(account_id)s
), mine AS (
  SELECT s.project_id,
    array_agg(s.from_on) AS from_on,
    -- The filed holder keeps the duty until his exit is confirmed.
    array_agg(CASE WHEN s.exit_confirmed_at IS NOT NULL THEN s.to_on END) AS to_on,
    array_agg(s.section_id) AS section_ids
  FROM assignment s JOIN me ON s.person_id = me.person_id
  WHERE %(project_id)s::uuid IS NULL OR s.project_id = %(project_id)s::uuid
  GROUP BY s.project_id
)
SELECT me.person_id, me.alive, me.phone_id, me.name, me.shared_phone, me.refused_lately,
  p.id, p.name, p.site_mode, p.status, p.time_zone, p.cutover,
  mine.from_on, mine.to_on, mine.section_ids,
  policy.version, policy.body,
  k.key_id, k.wrapped,
  ARRAY (
    SELECT v.id FROM fence_version v
    WHERE v.project_id = p.id AND v.state IN ('published', 'superseded') AND v.valid_during @> %(now)s::timestamptz
    ORDER BY v.id)
FROM me
LEFT JOIN mine ON true
LEFT JOIN project p ON p.id = mine.project_id
LEFT JOIN data_key k ON k.project_id = p.id AND k.month = %(month)s
LEFT JOIN LATERAL (
  SELECT version, body FROM site_policy s WHERE s.project_id = p.id AND s.valid_from <= %(now)s
  ORDER BY version DESC LIMIT 1) policy ON true
LIMIT 50
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """A person's assignments on one project: closed date ranges with their sections."""

    from_on: list[date]
    to_on: list[date | None]
    section_ids: list[UUID | None]

    def in_force(self, day: date) -> bool:
        """Tell whether any assignment covers a site-local day."""
        return any(self._covers(index, day) for index in range(len(self.from_on)))

    def section_on(self, day: date) -> UUID | None:
        """Return the section of the first assignment in force, if it names one."""
        covering = (index for index in range(len(self.from_on)) if self._covers(index, day))
        return next((self.section_ids[index] for index in covering), None)

    def _covers(self, index: int, day: date) -> bool:
        until = self.to_on[index]
        return self.from_on[index] <= day and (until is None or day <= until)


@dataclass(frozen=True, slots=True)
class Reading:
    """What the read found about the person and one candidate project."""

    person_id: UUID
    alive: bool
    phone_id: UUID | None
    person_name: str
    shared_phone: bool
    refused_lately: int
    project_id: UUID
    project_name: str
    site_mode: Any
    status: str
    time_zone: str
    cutover: time
    standing: Standing
    policy_version: int | None
    policy_body: Any
    key_id: UUID | None
    wrapped: bytes | None
    fence_version_ids: list[UUID]


async def read_for_check_in(
    connection: AsyncConnection[TupleRow],
    *,
    account_id: UUID,
    family_id: UUID,
    project_id: UUID | None,
    now: datetime,
    month: date,
) -> tuple[bool, list[Reading]]:
    """Return whether the session is alive, and one reading per candidate project."""
    values = {
        "account_id": account_id,
        "family_id": family_id,
        "project_id": project_id,
        "now": now,
        "month": month,
    }
    rows = await (await connection.execute(READ, values)).fetchall()
    alive = bool(rows) and bool(rows[0][1])
    found = [_reading(row) for row in rows if row[6] is not None]
    return alive, found


def _reading(row: tuple[Any, ...]) -> Reading:
    person, project, standing, rest = row[:6], row[6:12], row[12:15], row[15:]
    person_id, alive, phone_id, person_name, shared_phone, refused_lately = person
    project_id, project_name, site_mode, status, time_zone, cutover = project
    policy_version, policy_body, key_id, wrapped, fence_version_ids = rest
    return Reading(
        person_id=person_id,
        alive=alive,
        phone_id=phone_id,
        person_name=person_name,
        shared_phone=shared_phone,
        refused_lately=refused_lately,
        project_id=project_id,
        project_name=project_name,
        site_mode=site_mode,
        status=status,
        time_zone=time_zone,
        cutover=cutover,
        standing=Standing(*standing),
        policy_version=policy_version,
        policy_body=policy_body,
        key_id=key_id,
        wrapped=wrapped,
        fence_version_ids=fence_version_ids,
    )
