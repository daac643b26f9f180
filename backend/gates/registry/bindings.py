"""Binds the numbers of a site's devices to people, and ends bindings."""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import pairwise
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import Range

from backend.gates.errors import BindingEmpty, BindingPersonUnknown, BindingTaken, BindingUnknown
from backend.gates.instants import in_utc
from backend.gates.registry import queries
from backend.gates.registry.binding_schemas import BindingBody, EndBindingBody
from backend.gates.registry.queries import BindingFilter, BindingRow
from backend.identity.audit import record_act
from backend.kit.clock import Clock
from backend.kit.cursors import CursorInvalid
from backend.kit.db import Tx, translate_violations
from backend.kit.guards import Actor
from backend.sites.projects import require_project

_VIOLATIONS = {"ex_person_binding_valid": BindingTaken}

_ROWS = """
jsonb_to_recordset(CAST(:rows AS jsonb)) AS r (
  place integer, kind text, value text, person_id uuid, from_at timestamptz, to_at timestamptz)
"""

TAKEN = f"""
SELECT DISTINCT r.place FROM {_ROWS}
JOIN person_binding b ON b.project_id = :project_id AND b.kind = r.kind AND b.value = r.value
  AND b.valid_during && tstzrange(r.from_at, r.to_at)
ORDER BY r.place
"""  # noqa: S608 - both parts are constants

BIND = f"""
INSERT INTO person_binding (project_id, kind, value, person_id, valid_during, bound_by)
SELECT :project_id, r.kind, r.value, r.person_id, tstzrange(r.from_at, r.to_at), :bound_by FROM {_ROWS}
"""  # noqa: S608 - both parts are constants

END = """
UPDATE person_binding SET valid_during = tstzrange(lower(valid_during), :at)
WHERE project_id = :project_id AND kind = :kind AND value = :value AND valid_during @> CAST(:at AS timestamptz)
  AND lower(valid_during) IS DISTINCT FROM CAST(:at AS timestamptz)
RETURNING person_id, lower(valid_during)
"""

FIND_BEGUN = """
SELECT FROM person_binding
WHERE project_id = :project_id AND kind = :kind AND value = :value AND lower(valid_during) = CAST(:at AS timestamptz)
"""


class _Row(Struct, frozen=True):
    place: int
    kind: str
    value: str
    person_id: UUID
    from_at: datetime
    to_at: datetime | None

    @property
    def path(self) -> str:
        return f"$.bindings[{self.place}]"


async def list_project_bindings(
    tx: Tx, actor: Actor, project_id: UUID, wanted: BindingFilter, *, after: str | None, limit: int
) -> list[BindingRow]:
    """Return a page of a project's bindings; raises ProjectUnknown or CursorInvalid."""
    cursor = None if after is None else read_place_after(after)
    await require_project(tx, actor, project_id, scope=queries.READ)
    return await queries.list_bindings(tx, actor, project_id, wanted, after=cursor, limit=limit)


async def bind_people(tx: Tx, actor: Actor, project_id: UUID, bodies: Sequence[BindingBody], *, clock: Clock) -> int:
    """Make the bindings, all or none, and return how many.

    Raises ProjectUnknown, BindingEmpty, BindingPersonUnknown or BindingTaken; the last three name the places. A number
    that is to mean somebody else from now on is ended first.
    """
    await require_project(tx, actor, project_id, scope=queries.WRITE)
    now = clock.now()
    rows = [_row(place, body, now) for place, body in enumerate(bodies)]
    _refuse(BindingEmpty, [row for row in rows if row.to_at is not None and row.to_at <= row.from_at], ".valid_to")
    known = await queries.people_of_project(tx, project_id, [row.person_id for row in rows])
    _refuse(BindingPersonUnknown, [row for row in rows if row.person_id not in known], ".person_id")
    encoded = msgspec.json.encode(rows).decode()
    found = await tx.scalars(text(TAKEN), {"rows": encoded, "project_id": project_id})
    taken = {rows[place] for place in found} | _overlapping(rows)
    _refuse(BindingTaken, sorted(taken, key=lambda row: row.place), ".value")
    with translate_violations(_VIOLATIONS):
        await tx.execute(text(BIND), {"rows": encoded, "project_id": project_id, "bound_by": actor.account_id})
    detail = {"made": len(rows), "people": len({row.person_id for row in rows})}
    await record_act(
        tx, actor, "person_binding.made", "project", project_id, detail, clock=clock, project_id=project_id
    )
    return len(rows)


async def end_binding(tx: Tx, actor: Actor, project_id: UUID, body: EndBindingBody, *, clock: Clock) -> None:
    """End the binding that is in force at `at`; raises ProjectUnknown, BindingUnknown or BindingEmpty."""
    await require_project(tx, actor, project_id, scope=queries.WRITE)
    values = {
        "project_id": project_id,
        "kind": body.kind,
        "value": body.value,
        "at": clock.now() if body.at is None else in_utc("$.at", body.at),
    }
    ended = (await tx.execute(text(END), values)).one_or_none()
    if ended is None:
        begun = (await tx.execute(text(FIND_BEGUN), values)).one_or_none()
        raise (
            BindingUnknown if begun is None else BindingEmpty(errors=[{"path": "$.at", "message": "the begin itself"}])
        )
    detail = {"kind": body.kind, "person_id": ended[0]}
    await record_act(
        tx, actor, "person_binding.ended", "project", project_id, detail, clock=clock, project_id=project_id
    )


def write_place_after(row: BindingRow) -> str:
    """Return a cursor to the binding after which the next page begins."""
    begin = row.valid_from or datetime.min.replace(tzinfo=UTC)
    return base64.urlsafe_b64encode(msgspec.json.encode([row.kind, row.value, begin])).decode().rstrip("=")


def read_place_after(cursor: str) -> tuple[str, str, datetime]:
    """Read a cursor of `write_place_after`; raises CursorInvalid."""
    try:
        found = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        kind, value, begin = msgspec.json.decode(found, type=tuple[str, str, datetime])
        if "\0" in kind + value or begin.tzinfo is None:
            raise CursorInvalid
        return kind, value, begin.astimezone(UTC)
    except (ValueError, binascii.Error, OverflowError, msgspec.MsgspecError) as error:
        raise CursorInvalid from error


def _row(place: int, body: BindingBody, now: datetime) -> _Row:
    path = f"$.bindings[{place}]"
    from_at = now if body.valid_from is None else in_utc(f"{path}.valid_from", body.valid_from)
    to_at = None if body.valid_to is None else in_utc(f"{path}.valid_to", body.valid_to)
    return _Row(place, body.kind, body.value, body.person_id, from_at, to_at)


def _overlapping(rows: Sequence[_Row]) -> set[_Row]:
    by_number: dict[tuple[str, str], list[_Row]] = {}
    for row in rows:
        by_number.setdefault((row.kind, row.value), []).append(row)
    found: set[_Row] = set()
    for same in by_number.values():
        ordered = sorted(same, key=lambda row: row.from_at)
        for one, following in pairwise(ordered):
            if Range(one.from_at, one.to_at).overlaps(Range(following.from_at, following.to_at)):
                found.add(following)
    return found


def _refuse(error: type[BindingEmpty | BindingPersonUnknown | BindingTaken], rows: Sequence[_Row], field: str) -> None:
    if rows:
        raise error(errors=[{"path": row.path + field, "message": error.code} for row in rows])
