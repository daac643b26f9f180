"""Resolves the people of a batch in one read: what the devices' numbers meant at each instant, and who is assigned."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from backend.gates.events import ReadEvent
from backend.gates.model import Binding, KnownPerson, People
from backend.ledger.append import Connection, Cursor

# One JSON text comes back: 500 rows with arrays cost ten times as much to turn into Python values one by one.
READ_PEOPLE = """
WITH bound AS MATERIALIZED (
  SELECT b.kind, b.value, lower(b.valid_during) AS from_at, upper(b.valid_during) AS to_at, b.person_id
  FROM unnest(%(kinds)s::text[], %(values)s::text[]) AS a (kind, value)
  JOIN person_binding b ON b.project_id = %(project_id)s AND b.kind = a.kind AND b.value = a.value
  WHERE b.valid_during && tstzrange(%(first_at)s, %(last_at)s, '[]')
), candidate AS (
  SELECT person_id FROM bound UNION SELECT * FROM unnest(%(person_ids)s::uuid[])
), standing AS (
  SELECT p.id, p.name,
    -- The filed holder keeps the duty until his exit is confirmed.
    coalesce(json_agg(json_build_array(s.from_on, CASE WHEN s.exit_confirmed_at IS NOT NULL THEN s.to_on END,
      s.section_id) ORDER BY s.from_on, s.id)
      FILTER (WHERE s.id IS NOT NULL), '[]') AS stays
  FROM candidate c JOIN person p ON p.id = c.person_id
  LEFT JOIN assignment s ON s.person_id = p.id AND s.project_id = %(project_id)s
  GROUP BY p.id
)
SELECT json_build_object(
  'bindings', (SELECT coalesce(json_agg(json_build_array(kind, value, from_at, to_at, person_id)), '[]') FROM bound),
  'people', (SELECT coalesce(json_agg(json_build_array(id, name, stays)), '[]') FROM standing))::text
"""


class _Found(Struct, frozen=True):
    bindings: tuple[Binding, ...]
    people: tuple[KnownPerson, ...]


_found = msgspec.json.Decoder(_Found)


async def send_people(connection: Connection, project_id: UUID, events: Iterable[ReadEvent]) -> Cursor:
    """Ask for the people of the events; inside a pipeline nothing is waited for yet."""
    numbers: set[tuple[str, str]] = set()
    person_ids: set[UUID] = set()
    instants: list[datetime] = []
    for read in events:
        instants.append(read.at)
        person = read.event.person
        if person.kind == "person":
            person_ids.add(UUID(person.value))
        else:
            numbers.add((person.kind, person.value))
    return await connection.execute(
        READ_PEOPLE,
        {
            "project_id": project_id,
            "kinds": [kind for kind, _ in numbers],
            "values": [value for _, value in numbers],
            "person_ids": list(person_ids),
            "first_at": min(instants),
            "last_at": max(instants),
        },
    )


async def settle_people(sent: Cursor) -> People:
    """Return the people asked for."""
    row = await sent.fetchone()
    if row is None:
        msg = "an aggregate returns its row"
        raise RuntimeError(msg)
    found = _found.decode(row[0])
    bindings: dict[tuple[str, str], list[Binding]] = {}
    for binding in found.bindings:
        bindings.setdefault((binding.kind, binding.value), []).append(binding)
    return People({known.person_id: known for known in found.people}, bindings)
