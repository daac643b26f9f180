"""What is in force when, as known when: against a model that remembers every step, and over HTTP."""

from datetime import datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from backend.kit.db import Database, Tx
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from geofences.period_queries import in_force_at, list_periods
from geofences.periods import lay_period
from geofences.shapes import Circle
from geofences.tables import FencePeriod, FenceVersion
from tests.integration.geofences.conftest import Desk
from tests.integration.geofences.test_fence_life import CIRCLE, POLYGON
from tests.support.factories import MADE_AT, make_project, make_staff
from tests.support.phones import CENTRE, make_fence

HOUR = timedelta(hours=1)


async def laid(tx: Tx, version: UUID) -> tuple[UUID, UUID, UUID]:
    row = (await tx.execute(select(FenceVersion).where(FenceVersion.id == version))).one()
    return row.project_id, row.fence_id, row.created_by


async def more_versions(tx: Tx, version: UUID, count: int) -> list[UUID]:
    """Give the fence of a version further ones of the same shape that were never in force."""
    row = (await tx.execute(select(FenceVersion).where(FenceVersion.id == version))).mappings().one()
    made: list[UUID] = []
    for number in range(2, count + 2):
        made.append(new_id(MADE_AT))
        values = {**row, "id": made[-1], "number": number}
        await tx.execute(insert(FenceVersion).values(**values))
    return made


STEPS = st.lists(
    st.tuples(st.integers(0, 40), st.none() | st.integers(1, 20), st.none() | st.integers(0, 2)),
    min_size=1,
    max_size=6,
)


async def test_every_question_is_answered_as_a_model_that_remembers_every_step_would(database: Database) -> None:
    examples: list[list[tuple[int, int | None, int | None]]] = []

    @settings(max_examples=15)
    @given(steps=STEPS)
    def collect(steps: list[tuple[int, int | None, int | None]]) -> None:
        examples.append(steps)

    collect()
    for steps in examples:
        async with database.engine.connect() as tx, tx.begin() as undo:
            await _play(tx, steps)
            await undo.rollback()


async def _play(tx: Tx, steps: list[tuple[int, int | None, int | None]]) -> None:
    staff = await make_staff(tx)
    project = await make_project(tx)
    first = await make_fence(tx, project.id, staff, Circle(CENTRE, 50.0))
    versions = [first, *await more_versions(tx, first, 2)]
    _, fence_id, _ = await laid(tx, first)
    actor = Actor(account_id=staff, person_id=None, family_id=staff, roles=frozenset(), scopes=frozenset())
    # What was believed after each step, as a function of the hour: the brute force.
    belief: dict[int, UUID | None] = dict.fromkeys(range(-5, 70), first)
    believed: dict[datetime, dict[int, UUID | None]] = {MADE_AT: dict(belief)}
    for number, (start, length, which) in enumerate(steps):
        version = None if which is None else versions[which]
        known = await lay_period(
            tx,
            actor,
            project.id,
            fence_id,
            version,
            valid_from=MADE_AT + start * HOUR,
            valid_until=None if length is None else MADE_AT + (start + length) * HOUR,
            now=MADE_AT + timedelta(days=10, minutes=number // 2),
        )
        for hour in belief:
            if start <= hour and (length is None or hour < start + length):
                belief[hour] = version
        # A step that takes nothing from nothing is no knowledge; all others come strictly one after the other.
        assert known >= max(believed)
        believed[known] = dict(belief)
    for hour in range(1, 70, 6):
        at = MADE_AT + hour * HOUR + HOUR / 2
        for known_from, then in believed.items():
            assert await _in_force(tx, project.id, at, known_from) == then[hour]
        assert await _in_force(tx, project.id, at, None) == belief[hour]
    periods = await list_periods(tx, project.id, fence_id)
    for before, after in pairwise(periods):
        assert before.valid_until is not None
        assert before.valid_until <= after.valid_from
        assert before.valid_until < after.valid_from or before.version_id != after.version_id


async def _in_force(tx: Tx, project_id: UUID, at: datetime, known_at: datetime | None) -> UUID | None:
    found = await tx.execute(
        select(FenceVersion.id).where(FenceVersion.project_id == project_id, in_force_at(at, known_at))
    )
    return found.scalar_one_or_none()


async def test_knowledge_is_never_rewritten_nor_doubled(desk: Desk, database: Database) -> None:
    fence_id = await desk.draw(POLYGON)
    version = (await desk.publish(fence_id)).json()
    change = "UPDATE fence_period SET {} WHERE fence_id = :fence"
    for what in ("known_during = tstzrange('2020-01-01', NULL)", "known_during = known_during"):
        with pytest.raises(IntegrityError, match="knowledge ends, once"):
            async with database.transaction() as tx:
                await tx.execute(text(change.format(what)), {"fence": fence_id})
    for what in (change.format("valid_during = valid_during"), "DELETE FROM fence_period WHERE fence_id = :fence"):
        with pytest.raises(ProgrammingError, match="permission denied"):
            async with database.transaction() as tx:
                await tx.execute(text(what), {"fence": fence_id})
    async with database.transaction() as tx:
        row = (await tx.execute(select(FencePeriod).where(FencePeriod.version_id == version["id"]))).mappings().one()
    with pytest.raises(IntegrityError, match="ex_fence_period"):
        async with database.transaction() as tx:
            await tx.execute(insert(FencePeriod).values(**{**row, "id": new_id(desk.clock.now())}))


async def test_what_was_known_then_can_be_asked_for(desk: Desk) -> None:
    fence_id = await desk.draw(POLYGON)
    await desk.publish(fence_id)
    began = desk.clock.now()
    desk.clock.advance(timedelta(days=1))
    await desk.post(f"/fences/{fence_id}/versions", {"crs": "wgs84", "shape": CIRCLE})
    takes_over = desk.clock.now() + timedelta(days=2)
    await desk.publish(fence_id, 2, valid_from=takes_over.isoformat())
    asked = {"crs": "wgs84", "x": 114.3019, "y": 30.6019, "accuracy_m": 5.0, "at": takes_over.isoformat()}
    assert (await desk.post("/fence-evaluations", asked)).json()["number"] == 2
    known_then = (began + HOUR).isoformat()
    assert (await desk.post("/fence-evaluations", asked | {"known_at": known_then})).json()["number"] == 1
    now = (await desk.get(f"/fences/{fence_id}/periods")).json()["periods"]
    assert [(one["number"], one["valid_until"] is None, one["known_until"]) for one in now] == [
        (1, False, None),
        (2, True, None),
    ]
    then = (await desk.get(f"/fences/{fence_id}/periods", known_at=known_then)).json()["periods"]
    assert [(one["number"], one["valid_until"]) for one in then] == [(1, None)]
    everything = (await desk.get(f"/fences/{fence_id}/periods", everything="true")).json()["periods"]
    assert [(one["number"], one["known_until"] is None) for one in everything] == [(1, False), (1, True), (2, True)]


async def test_a_withdrawn_fence_still_judges_its_own_time(desk: Desk) -> None:
    """A punch that arrives late is judged by the fence of its instant, whatever became of that fence since."""
    fence_id = await desk.draw(POLYGON)
    await desk.publish(fence_id)
    began = desk.clock.now()
    desk.clock.advance(timedelta(days=7))
    await desk.post(f"/fences/{fence_id}/versions/1/withdrawal")
    here = {"crs": "wgs84", "x": 114.301, "y": 30.601, "accuracy_m": 5.0, "at": (began + HOUR).isoformat()}
    assert (await desk.post("/fence-evaluations", here)).json()["side"] == "inside"


async def test_two_versions_are_compared(desk: Desk) -> None:
    fence_id = await desk.draw(POLYGON)
    await desk.post(f"/fences/{fence_id}/versions", {"crs": "wgs84", "shape": CIRCLE})
    alone = (await desk.get(f"/fences/{fence_id}/versions/2/difference")).json()
    assert (alone["against"], alone["lost_m2"]) == (None, 0.0)
    await desk.publish(fence_id)
    found = (await desk.get(f"/fences/{fence_id}/versions/2/difference")).json()
    assert found["against"] == 1
    assert found["gained_m2"] == pytest.approx(alone["gained_m2"] * 0.75, rel=0.01)
    assert found["gained_m2"] + found["kept_m2"] == pytest.approx(alone["gained_m2"], rel=1e-6)
    assert found["gained"]["type"] == found["lost"]["type"] == "MultiPolygon"
    same = (await desk.get(f"/fences/{fence_id}/versions/2/difference", against=2)).json()
    assert (same["gained_m2"], same["lost_m2"]) == (0.0, 0.0)
    missing = await desk.get(f"/fences/{fence_id}/versions/2/difference", against=9)
    assert (missing.status_code, missing.json()["code"]) == (404, "geofences.version_unknown")
