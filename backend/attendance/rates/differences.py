"""Compares a computation with what is published for the same month and rows, figure by figure, by pages."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import text

from backend.attendance.rates.computations import computation_out, find_computation, find_published
from backend.attendance.rates.errors import ComputationOpen
from backend.attendance.rates.schemas import Differences, FigureChange
from backend.kit.cursors import CursorInvalid
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor

NOBODY: Final = UUID(int=0)
"""In place of what was published where nothing was; no computation has it."""
_GREATEST: Final = 2**31 - 1

# What judges anew comes first, then what moves most. The sums are those of all changes, on every page, also behind the
# last one.
CHANGES: Final = """
WITH changed AS MATERIALIZED (
  SELECT coalesce(n.project_id, o.project_id) AS project_id, coalesce(n.post_id, o.post_id) AS post_id,
    coalesce(n.person_id, o.person_id) AS person_id, coalesce(n.post_kind, o.post_kind) AS post_kind,
    o.due AS due_before, o.valid AS valid_before, o.rate AS rate_before, o.verdict AS verdict_before,
    n.due AS due_after, n.valid AS valid_after, n.rate AS rate_after, n.verdict AS verdict_after,
    n.verdict IS NOT DISTINCT FROM o.verdict AS same_verdict,
    -abs(coalesce(n.rate, 0) - coalesce(o.rate, 0)) AS moved
  FROM (SELECT * FROM rate_figure WHERE computation_id = :after) n
  FULL JOIN (SELECT * FROM rate_figure WHERE computation_id = :before) o
    ON o.project_id = n.project_id AND o.post_id = n.post_id AND o.person_id = n.person_id
  WHERE (n.due, n.valid, n.own, n.likely, n.covered, n.rate, n.verdict)
    IS DISTINCT FROM (o.due, o.valid, o.own, o.likely, o.covered, o.rate, o.verdict)
)
SELECT t.changed, t.verdicts, c.*
FROM (SELECT count(*) AS changed, count(*) FILTER (WHERE NOT same_verdict) AS verdicts FROM changed) t
LEFT JOIN LATERAL (
  SELECT * FROM changed
  WHERE CAST(:same_verdict AS boolean) IS NULL
    OR (same_verdict, moved, project_id, post_id, person_id) > (CAST(:same_verdict AS boolean),
      CAST(:moved AS integer), CAST(:project_id AS uuid), CAST(:post_id AS uuid), CAST(:person_id AS uuid))
  ORDER BY same_verdict, moved, project_id, post_id, person_id
  LIMIT :limit
) c ON true
ORDER BY c.same_verdict, c.moved, c.project_id, c.post_id, c.person_id
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Behind which change a page begins, and with which computation the first page compared."""

    before: UUID
    same_verdict: bool
    moved: int
    project_id: UUID
    post_id: UUID
    person_id: UUID


def write_place(place: Place) -> str:
    """Return the cursor of a page that begins behind a place."""
    parts = (place.before, int(place.same_verdict), place.moved, place.project_id, place.post_id, place.person_id)
    return urlsafe_b64encode(" ".join(map(str, parts)).encode()).decode().rstrip("=")


def read_place(cursor: str) -> Place:
    """Read a cursor of `write_place`; raises CursorInvalid."""
    try:
        before, same, moved, *ids = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode().split(" ")
        project_id, post_id, person_id = map(UUID, ids)
        place = Place(
            before=UUID(before),
            same_verdict=bool(int(same)),
            moved=int(moved),
            project_id=project_id,
            post_id=post_id,
            person_id=person_id,
        )
    except ValueError as error:
        raise CursorInvalid from error
    if abs(place.moved) > _GREATEST:
        raise CursorInvalid
    return place


async def show_differences(tx: Tx, actor: Actor, computation_id: UUID, *, after: str | None, limit: int) -> Differences:
    """Return one page of what the computation would change of what is published.

    Later pages compare with what the first one did, also when something was published meanwhile. Raises
    ComputationUnknown, ComputationOpen or CursorInvalid.
    """
    row = await find_computation(tx, actor, computation_id)
    if row.ended_at is None:
        raise ComputationOpen
    place = None if after is None else read_place(after)
    before = await _compared_with(tx, row, place)
    rows = (
        await tx.execute(
            text(CHANGES),
            {
                "after": computation_id,
                "before": before or NOBODY,
                "same_verdict": None if place is None else place.same_verdict,
                "moved": None if place is None else place.moved,
                "project_id": None if place is None else place.project_id,
                "post_id": None if place is None else place.post_id,
                "person_id": None if place is None else place.person_id,
                "limit": limit + 1,
            },
        )
    ).all()
    changes = [one for one in rows if one.project_id is not None]
    names = FigureChange.__struct_fields__
    return Differences(
        computation=computation_out(row),
        compared_with=before,
        changed=rows[0].changed,
        verdicts_changed=rows[0].verdicts,
        items=[FigureChange(**{name: getattr(one, name) for name in names}) for one in changes[:limit]],
        next=_next(changes[limit - 1], before) if len(changes) > limit else None,
    )


async def _compared_with(tx: Tx, row: AnyRow, place: Place | None) -> UUID | None:
    """Return what is published for the same month and rows; of a later page, what the first one compared with."""
    if place is None:
        return (await find_published(tx, row))[0]
    if place.before == NOBODY:
        return None
    # Nobody names another's figures by a cursor of his own making.
    before, _ = await find_published(tx, row, only=place.before)
    if before is None:
        raise CursorInvalid
    return before


def _next(last: AnyRow, before: UUID | None) -> str:
    return write_place(
        Place(
            before=before or NOBODY,
            same_verdict=last.same_verdict,
            moved=last.moved,
            project_id=last.project_id,
            post_id=last.post_id,
            person_id=last.person_id,
        )
    )
