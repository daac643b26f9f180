"""Resolves the people of a batch in one read: what the devices' numbers meant at each instant, and who is assigned."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from backend.gates.events import ReadEvent
from backend.gates.model import Binding, KnownPerson, People, Stay
from backend.ledger.append import Connection, Cursor

# One row for each number and each assignment of whom it means: building one JSON text of them took PostgreSQL twice as
# long as finding them.
READ_PEOPLE = """
SELECT meant.kind, meant.value, meant.from_at, meant.to_at, p.id, p.name, s.id, s.from_on,
  -- The filed holder keeps the duty until his exit is confirmed.
  CASE WHEN s.exit_confirmed_at IS NOT NULL THEN s.to_on END, s.section_id
FROM (
  SELECT b.kind, b.value, lower(b.valid_during) AS from_at, upper(b.valid_during) AS to_at, b.person_id
  FROM unnest(%(kinds)s::text[], %(values)s::text[]) AS a (kind, value)
  JOIN person_binding b ON b.project_id = %(project_id)s AND b.kind = a.kind AND b.value = a.value
  WHERE b.valid_during && tstzrange(%(first_at)s, %(last_at)s, '[]')
  UNION ALL
  SELECT NULL, NULL, NULL, NULL, given.person_id FROM unnest(%(person_ids)s::uuid[]) AS given (person_id)
) meant
-- LIMIT and OFFSET keep the planner from reading whole tables to join them.
CROSS JOIN LATERAL (SELECT id, name FROM person WHERE id = meant.person_id LIMIT 1) p
LEFT JOIN LATERAL (
  SELECT id, from_on, to_on, exit_confirmed_at, section_id FROM assignment
  WHERE person_id = meant.person_id AND project_id = %(project_id)s OFFSET 0) s ON true
"""


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
    bindings: dict[tuple[str, str], list[Binding]] = {}
    names: dict[UUID, str] = {}
    stays: dict[UUID, dict[UUID, Stay]] = {}
    for kind, value, from_at, to_at, person_id, name, stay_id, from_on, to_on, section_id in await sent.fetchall():
        names[person_id] = name
        his = stays.setdefault(person_id, {})
        if stay_id is not None:
            his[stay_id] = Stay(from_on, to_on, section_id)
        if kind is not None:
            binding = Binding(kind, value, from_at, to_at, person_id)
            known = bindings.setdefault((kind, value), [])
            if binding not in known:
                known.append(binding)
    return People({one: KnownPerson(one, name, _in_order(stays[one])) for one, name in names.items()}, bindings)


def _in_order(stays: dict[UUID, Stay]) -> tuple[Stay, ...]:
    """Put the assignments that began first before the others."""
    if len(stays) > 1:
        return tuple(stay for _, stay in sorted(stays.items(), key=lambda one: (one[1].from_on, one[0])))
    return tuple(stays.values())
