"""The one read of check-ins and queued items: whose they are, projects, assignments, policy, outages, fences, keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any, LiteralString
from uuid import UUID

import msgspec
from psycopg import AsyncConnection
from psycopg.rows import TupleRow

from backend.decision.checkin import PhonePath
from backend.evidence.ways.model import Proof
from geofences.sections import SectionRange
from geofences.work_faces import WorkFace

# One row for each tap and each project on which its person has an assignment of any date (with a null project if there
# is none); none for a session that is not his. LIMIT in each subquery keeps the planner from reading a whole table to
# join it.
_READ = """
SELECT t.n, me.alive, me.person_id, me.phone_id, me.name, me.shared_phone, me.refused_lately, me.binding,
  me.attestation,
  p.id, p.name, p.site_mode, p.status, p.time_zone, p.cutover,
  mine.from_on, mine.to_on, mine.section_ids,
  policy.version, policy.body,
  k.key_id, k.wrapped,
  -- Only a site of gates is asked whether phones may check in: while none of the gates of an entrance works.
  CASE WHEN p.site_mode = 'gate' THEN (
    SELECT json_build_array(o.id, o.entrance) FROM phone_path o
    WHERE o.project_id = p.id AND o.from_at <= t.at AND (o.until_at IS NULL OR o.until_at > t.at)
    ORDER BY o.from_at, o.id LIMIT 1) END,
  ARRAY (
    -- The periods alone say what is in force at an instant, and its index answers without reading a row.
    SELECT f.version_id FROM fence_period f
    WHERE f.project_id = p.id AND upper_inf(f.known_during) AND f.valid_during @> t.at
    ORDER BY f.version_id),
  {as_known},
  -- Only whoever has a section is asked for its ranges.
  CASE WHEN array_remove(mine.section_ids, NULL) <> '{}' THEN (
    SELECT json_agg(r.range) FROM (
      SELECT json_build_array(section_id, alignment_id, begin_label, end_label) FROM section_range
      WHERE project_id = p.id AND section_id = ANY (mine.section_ids)
      UNION ALL
      SELECT json_build_array(id, NULL, from_chainage_m, to_chainage_m) FROM section
      WHERE project_id = p.id AND id = ANY (mine.section_ids) AND from_chainage_m + to_chainage_m IS NOT NULL
    ) AS r (range)) END,
  -- A day's grace: the site-local day may differ from the UTC day. In two parts, each with an index of its own order.
  (SELECT json_agg(w.face) FROM (
    SELECT json_build_array(fence_id, name, begin_label, end_label, from_on, to_on) FROM work_face
    WHERE project_id = p.id AND to_on IS NULL AND from_on <= t.at::date + 1
    UNION ALL
    SELECT json_build_array(fence_id, name, begin_label, end_label, from_on, to_on) FROM work_face
    WHERE project_id = p.id AND to_on >= t.at::date - 1 AND from_on <= t.at::date + 1
  ) AS w (face)),
  -- Only who names a proof of presence is asked about it; one of another project is told from none at all.
  CASE WHEN t.proof_id IS NOT NULL THEN (
    SELECT json_build_array(q.project_id, q.person_id, q.phone_id, q.way, q.outcome, q.trust, q.made_at, q.expires_at,
      EXISTS (SELECT FROM presence_proof_use u WHERE u.project_id = q.project_id AND u.proof_id = q.id))
    FROM presence_proof q WHERE q.id = t.proof_id ORDER BY q.project_id <> p.id LIMIT 1) END
FROM {who}
LEFT JOIN LATERAL (
  SELECT s.project_id,
    array_agg(s.from_on) AS from_on,
    -- The filed holder keeps the duty until his exit is confirmed.
    array_agg(CASE WHEN s.exit_confirmed_at IS NOT NULL THEN s.to_on END) AS to_on,
    array_agg(s.section_id) AS section_ids
  FROM assignment s
  WHERE s.person_id = me.person_id AND (t.project_id IS NULL OR s.project_id = t.project_id)
  GROUP BY s.project_id
  -- Somebody may have worked on more projects than are looked at: those where he is on duty come first.
  ORDER BY max(CASE WHEN s.exit_confirmed_at IS NULL THEN 'infinity' ELSE s.to_on END) DESC, max(s.from_on) DESC
  LIMIT 50) mine ON true
LEFT JOIN LATERAL (
  SELECT id, name, site_mode, status, time_zone, cutover FROM project WHERE id = mine.project_id LIMIT 1) p ON true
LEFT JOIN LATERAL (
  SELECT key_id, wrapped FROM data_key WHERE project_id = p.id AND month = t.month LIMIT 1) k ON true
LEFT JOIN LATERAL (
  SELECT version, body FROM site_policy s WHERE s.project_id = p.id AND s.valid_from <= t.at
  ORDER BY version DESC LIMIT 1) policy ON true
"""

# Whose a tap is, is what its session says.
_OF_SESSIONS = """
json_to_recordset(%s::text::json) AS t (
  n integer, account_id uuid, family_id uuid, project_id uuid, at timestamptz, month date, proof_id uuid)
CROSS JOIN LATERAL (
  SELECT a.person_id, a.state = 'active' AND f.revoked_at IS NULL AND f.expires_at > t.at AS alive, f.phone_id,
    f.key_attestation AS attestation,
    (SELECT name FROM person WHERE id = a.person_id) AS name,
    EXISTS (
      SELECT FROM phone mine JOIN phone other ON other.install_id = mine.install_id
      WHERE mine.id = f.phone_id AND other.account_id <> a.id AND other.revoked_at IS NULL) AS shared_phone,
    (SELECT 'unconfirmed' FROM phone_binding b
     WHERE b.phone_id = f.phone_id AND b.ended_at IS NULL AND b.awaits IS NOT NULL AND b.confirmed_at IS NULL
     LIMIT 1) AS binding,
    (SELECT count(*) FROM (
      SELECT FROM punch_status s WHERE s.person_id = a.person_id AND s.outcome = 'refused' AND s.source = 'phone'
        AND s.occurred_at > t.at - interval '1 hour' LIMIT 1001) recent) AS refused_lately
  FROM session_family f JOIN account a ON a.id = f.account_id
  WHERE f.id = t.family_id AND a.id = t.account_id
  LIMIT 1) me
"""

# Whose an item of a queue is, is what the phone says whose key signed it, whatever became of its sessions since. The
# bounds of its instant are in favour of the person: a phone that was bound within them was bound.
_OF_PHONES = """
json_to_recordset(%s::text::json) AS t (
  n integer, phone_id uuid, project_id uuid, at timestamptz, earliest timestamptz, latest timestamptz,
  known_at timestamptz, month date, proof_id uuid)
CROSS JOIN LATERAL (
  SELECT a.person_id, true AS alive, p.id AS phone_id, NULL::text AS attestation,
    (SELECT name FROM person WHERE id = a.person_id) AS name,
    EXISTS (
      SELECT FROM phone other JOIN phone_binding b ON b.phone_id = other.id
      WHERE other.install_id = p.install_id AND other.account_id <> a.id
        AND b.bound_at <= t.at AND (b.ended_at IS NULL OR b.ended_at > t.at)) AS shared_phone,
    coalesce((
      SELECT CASE WHEN b.awaits IS NULL OR b.confirmed_at IS NOT NULL THEN 'bound' ELSE 'unconfirmed' END
      FROM phone_binding b
      WHERE b.phone_id = p.id AND b.bound_at <= t.latest AND (b.ended_at IS NULL OR b.ended_at > t.earliest)
      ORDER BY b.bound_at DESC LIMIT 1), 'ended') AS binding,
    (SELECT count(*) FROM (
      SELECT FROM punch_status s WHERE s.person_id = a.person_id AND s.outcome = 'refused' AND s.source = 'phone'
        AND s.occurred_at > t.at - interval '1 hour' AND s.occurred_at <= t.at LIMIT 1001) recent) AS refused_lately
  FROM phone p JOIN account a ON a.id = p.account_id
  WHERE p.id = t.phone_id
  LIMIT 1) me
"""

# What a pack said that was read earlier than a new version became known.
_AS_KNOWN = """ARRAY (
    SELECT f.version_id FROM fence_period f
    WHERE f.project_id = p.id AND f.known_during @> t.known_at AND f.valid_during @> t.at
    ORDER BY f.version_id)"""

READ = _READ.replace("{who}", _OF_SESSIONS.strip()).replace("{as_known}", "NULL::uuid[]")
READ_ITEMS = _READ.replace("{who}", _OF_PHONES.strip()).replace("{as_known}", _AS_KNOWN)

_encoder = msgspec.json.Encoder()


class Asked(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is read for tap number `n`: of whom (account and session), for which project if named, as of when.

    `proof_id` is the proof of presence that it names.
    """

    n: int
    account_id: UUID
    family_id: UUID
    project_id: UUID | None
    at: datetime
    month: date
    proof_id: UUID | None = None


class AskedItem(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is read for item number `n` of queues: of whose phone, for which project, as of when.

    `earliest` and `latest` are the bounds of the instant, `known_at` is when the phone's pack was read.
    """

    n: int
    phone_id: UUID
    project_id: UUID
    at: datetime
    earliest: datetime
    latest: datetime
    known_at: datetime | None
    month: date
    proof_id: UUID | None = None


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

    def sections_on(self, day: date) -> frozenset[UUID]:
        """Return the sections of all assignments in force; none if one of them is for the whole project."""
        found = {self.section_ids[index] for index in range(len(self.from_on)) if self._covers(index, day)}
        return frozenset() if None in found else frozenset(one for one in found if one is not None)

    def _covers(self, index: int, day: date) -> bool:
        until = self.to_on[index]
        return self.from_on[index] <= day and (until is None or day <= until)


class Reading(msgspec.Struct, frozen=True):
    """What the read found about the person and one candidate project."""

    person_id: UUID
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
    phone_path: PhonePath | None = None
    # How the phone is bound to the person: bound, unconfirmed or ended (None: nothing to remark).
    binding: str | None = None
    # What is known of the key of the session's phone; of an item's own key its call knows.
    attestation: str | None = None
    # In force as far as the phone's pack could know.
    version_ids_in_pack: list[UUID] | None = None
    # As JSON: section, alignment, begin, end; and fence, name, begin, end, first and last day.
    ranges: list[list[Any]] | None = None
    faces: list[list[Any]] | None = None
    # The proof of presence that was named; None also where there is none of its id.
    proof: Proof | None = None

    def within_on(self, day: date) -> tuple[SectionRange, ...]:
        """Return the ranges of the person's sections on a site-local day."""
        if not self.ranges:
            return ()
        sections = {str(one) for one in self.standing.sections_on(day)}
        return tuple(
            SectionRange(None if alignment is None else UUID(alignment), begin, end)
            for section, alignment, begin, end in self.ranges
            if section in sections
        )

    def faces_on(self, day: date) -> tuple[WorkFace, ...]:
        """Return the project's work faces that are active on a site-local day."""
        on = day.isoformat()
        return tuple(
            WorkFace(UUID(fence), name, begin, end)
            for fence, name, begin, end, since, until in self.faces or ()
            if since <= on and (until is None or on <= until)
        )


async def read_for_check_ins(connection: AsyncConnection[TupleRow], asked: Sequence[Asked]) -> dict[int, list[Reading]]:
    """Return for each tap with a living session one reading per candidate project; one statement for all taps."""
    return await _read(connection, READ, _encoder.encode(asked).decode())


async def read_for_items(connection: AsyncConnection[TupleRow], asked: Sequence[AskedItem]) -> dict[int, Reading]:
    """Return for each item of a queue what holds on its project; none where the person never had an assignment."""
    found = await _read(connection, READ_ITEMS, _encoder.encode(asked).decode()) if asked else {}
    return {n: readings[0] for n, readings in found.items() if readings}


async def _read(
    connection: AsyncConnection[TupleRow], statement: LiteralString, asked: str
) -> dict[int, list[Reading]]:
    found: dict[int, list[Reading]] = {}
    for n, alive, *row in await (await connection.execute(statement, (asked,))).fetchall():
        if alive:
            readings = found.setdefault(n, [])
            if row[7] is not None:
                readings.append(_reading(row))
    return found


def _reading(row: Sequence[Any]) -> Reading:
    person, project, standing, rest = row[:7], row[7:13], row[13:16], row[16:]
    person_id, phone_id, person_name, shared_phone, refused_lately, binding, attestation = person
    project_id, project_name, site_mode, status, time_zone, cutover = project
    policy_version, policy_body, key_id, wrapped, path, fence_version_ids, in_pack, ranges, faces, proof = rest
    return Reading(
        person_id=person_id,
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
        phone_path=None if path is None else PhonePath(UUID(path[0]), path[1]),
        binding=binding,
        attestation=attestation,
        version_ids_in_pack=in_pack,
        ranges=ranges,
        faces=faces,
        proof=None if proof is None else _proof(proof),
    )


def _proof(told: Sequence[Any]) -> Proof:
    project_id, person_id, phone_id, way, outcome, trust, made_at, expires_at, used = told
    return Proof(
        project_id=UUID(project_id),
        person_id=UUID(person_id),
        phone_id=UUID(phone_id),
        way=way,
        outcome=outcome,
        trust=trust,
        made_at=datetime.fromisoformat(made_at),
        expires_at=datetime.fromisoformat(expires_at),
        used=used,
    )
