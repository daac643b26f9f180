"""What a check-in on an alignment tells: labels, the place in the person's section, work faces."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from httpx import AsyncClient
from sqlalchemy import insert, text, update

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from backend.sites.tables import Assignment, Section
from geofences.alignment_tables import SectionRangeRow, WorkFaceRow
from geofences.construction import build_corridor
from geofences.coordinates import WGS84
from geofences.shapes import WidthRange
from tests.integration.mobile_api.conftest import MakeGround, Tap
from tests.support.factories import MADE_AT, bearer, make_officer, make_section
from tests.support.phones import CENTRE, METRE_EAST, METRE_NORTH, Ground, fix, tap

DAY = date(2026, 3, 16)


def line(*metres: tuple[float, float]) -> list[list[float]]:
    """Draw a line by metres east and north of CENTRE."""
    return [[CENTRE.lon + east * METRE_EAST, CENTRE.lat + north * METRE_NORTH] for east, north in metres]


HAIRPIN = line((-500.0, 0.0), (500.0, 0.0), (500.0, 30.0), (-500.0, 30.0))
PREFIX = "ZK"


class Road:
    """A hairpin of two legs 30 m apart with 100 m of labels missing at ZK1+600, its corridor and one person."""

    def __init__(self, ground: Ground, client: AsyncClient, database: Database, headers: dict[str, str]) -> None:
        """Keep what was made."""
        self.ground, self.client, self.database, self.headers = ground, client, database, headers
        self.alignment_id = self.fence_id = ""

    def path(self, path: str) -> str:
        """Return the path below the project."""
        return f"/admin/v1/projects/{self.ground.project.id}{path}"

    async def call(self, method: str, path: str, body: Any) -> Any:
        """Ask as the project's administrator."""
        answer = await self.client.request(method, self.path(path), json=body, headers=self.headers)
        assert answer.is_success, answer.text
        return answer.json()

    async def build(self) -> None:
        """Make the alignment, draw its corridor and publish it."""
        made = await self.call(
            "POST",
            "/alignments",
            {
                "name": "左线",
                "prefix": PREFIX,
                "carriageway": "left",
                "crs": "wgs84",
                "coordinates": HAIRPIN,
                "start": "ZK1+000",
                "equations": [{"back": "ZK1+600", "ahead": "ZK1+700"}],
            },
        )
        self.alignment_id = made["id"]
        shape = {
            "kind": "aligned_corridor",
            "alignment_id": self.alignment_id,
            "widths": [{"left_m": 12.0, "right_m": 12.0}],
        }
        made = await self.call("POST", "/fences", {"name": "左线围栏", "crs": "wgs84", "shape": shape})
        self.fence_id = made["fence_id"]
        await self.call("POST", f"/fences/{self.fence_id}/versions/1/publication", {})

    async def post_to_section(self, ranges: Sequence[tuple[str, str]]) -> UUID:
        """Give the person a section with these ranges."""
        async with self.database.transaction() as tx:
            section = await make_section(tx, self.ground.project.id)
            person = self.ground.owner.person_id
            await tx.execute(update(Assignment).where(Assignment.person_id == person).values(section_id=section))
        told = [{"alignment_id": self.alignment_id, "begin": begin, "end": end} for begin, end in ranges]
        await self.call("PUT", f"/sections/{section}/ranges", {"ranges": told})
        return section

    async def face(self, begin: str, end: str, from_on: date = DAY, to_on: date | None = None) -> str:
        """Open a work face."""
        body = {"name": "2号面", "begin": begin, "end": end, "from_on": from_on.isoformat()}
        made = await self.call(
            "POST",
            f"/fences/{self.fence_id}/work-faces",
            {**body, "to_on": None if to_on is None else to_on.isoformat()},
        )
        return made["id"]


@pytest.fixture
async def road(
    make: MakeGround, client: AsyncClient, database: Database, keys: MemoryKeyRing, clock: ManualClock
) -> Road:
    """Build the road."""
    ground = await make(shape=None)
    admin = await make_officer(database, "project_admin", project_id=ground.project.id)
    made = Road(ground, client, database, bearer(keys, clock.now(), admin, "project_admin"))
    await made.build()
    return made


async def told(road: Road, send: Tap, clock: ManualClock, east_m: float, north_m: float) -> dict[str, Any]:
    """Check in so many metres from CENTRE and return the answer."""
    clock.advance(timedelta(seconds=5))
    body = tap(clock.now(), road.ground.project.id, fixes=[fix(east_m, north_m, accuracy_m=5.0)])
    answer = await send(road.ground.owner, body)
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_the_answer_speaks_the_alignment_s_labels(road: Road, send: Tap, clock: ManualClock) -> None:
    for east_m, label in ((-250.0, "ZK1+250"), (200.0, "ZK1+800")):
        answer = await told(road, send, clock, east_m, 0.0)
        (reason,) = answer["reasons"]
        assert reason["numbers"]["chainage"] == label
        assert label in reason["title"]
    # What is stored is the continuous chainage: 700 m from the beginning, whatever the labels skip.
    assert reason["numbers"]["chainage_m"] == pytest.approx(1_700.0, abs=1.0)


async def test_the_section_chooses_the_leg(road: Road, send: Tap, clock: ManualClock) -> None:
    nearest = await told(road, send, clock, 0.0, 10.0)
    assert nearest["reasons"][0]["numbers"]["chainage"] == "ZK1+500"
    # The other leg: 500 m along it, after 1 030 m, and 100 m of labels that are missing.
    await road.post_to_section([("ZK1+900", "ZK1+950"), ("ZK2+200", "ZK2+700")])
    held = await told(road, send, clock, 0.0, 10.0)
    assert held["reasons"][0]["numbers"]["chainage"] == "ZK2+630"
    assert held["reasons"][0]["numbers"]["chainage_m"] == pytest.approx(2_530.0, abs=1.0)


async def test_far_from_his_section_a_person_is_told_where_he_is(road: Road, send: Tap, clock: ManualClock) -> None:
    await road.post_to_section([("ZK1+000", "ZK1+100")])
    answer = await told(road, send, clock, 300.0, 0.0)
    assert answer["reasons"][0]["numbers"]["chainage"] == "ZK1+900"


async def test_an_assignment_for_the_whole_project_is_held_to_nothing(
    road: Road, send: Tap, clock: ManualClock, database: Database
) -> None:
    await road.post_to_section([("ZK2+200", "ZK2+700")])
    async with database.transaction() as tx:
        await tx.execute(
            text(
                """
                INSERT INTO assignment (project_id, id, post_id, person_id, from_on, created_at)
                SELECT project_id, :id, post_id, person_id, from_on - 1, created_at FROM assignment
                WHERE project_id = :project
                """
            ),
            {"id": uuid4(), "project": road.ground.project.id},
        )
    answer = await told(road, send, clock, 0.0, 10.0)
    assert answer["reasons"][0]["numbers"]["chainage"] == "ZK1+500"


async def test_a_section_s_metres_hold_on_a_centreline_of_its_own(
    make: MakeGround, send: Tap, clock: ManualClock, database: Database
) -> None:
    corridor = build_corridor(WGS84, HAIRPIN, [WidthRange(0.0, None, 12.0, 12.0)])
    ground = await make(shape=corridor)
    body = tap(clock.now(), ground.project.id, fixes=[fix(0.0, 10.0, accuracy_m=5.0)])
    answer = await send(ground.owner, body)
    assert answer.json()["reasons"][0]["numbers"]["chainage"] == "K0+500"
    async with database.transaction() as tx:
        section = await make_section(tx, ground.project.id)
        metres = {"from_chainage_m": 1_200.0, "to_chainage_m": 1_700.0}
        await tx.execute(update(Section).where(Section.id == section).values(**metres))
        person = ground.owner.person_id
        await tx.execute(update(Assignment).where(Assignment.person_id == person).values(section_id=section))
    answer = await send(ground.owner, {**body, **tap(clock.now(), ground.project.id), "fixes": body["fixes"]})
    assert answer.json()["reasons"][0]["numbers"]["chainage"] == "K1+530"


def codes(answer: dict[str, Any]) -> list[str]:
    return [reason["code"] for reason in answer["reasons"]]


async def test_outside_every_active_face_the_answer_says_so(
    road: Road, send: Tap, clock: ManualClock, database: Database
) -> None:
    await road.face("ZK1+000", "ZK1+200")
    at_face = await told(road, send, clock, -350.0, 0.0)
    assert codes(at_face) == ["decision.inside_fence"]
    answer = await told(road, send, clock, -100.0, 0.0)
    assert answer["outcome"] == "counted"
    assert codes(answer) == ["decision.inside_fence", "decision.outside_work_face"]
    numbers = answer["reasons"][1]["numbers"]
    assert numbers == {"face": "2号面 ZK1+000.000–ZK1+200.000", "face_distance_m": pytest.approx(200, abs=2)}
    assert "2号面" in answer["reasons"][1]["title"]
    async with database.transaction() as tx:
        stored = await tx.scalar(
            text("SELECT signals FROM punch WHERE punch_id = :id"), {"id": UUID(answer["punch_id"])}
        )
    assert stored == ["outside_work_face"]


@pytest.mark.parametrize(
    ("from_on", "to_on", "active"),
    [
        (DAY, DAY, True),
        (DAY - timedelta(days=9), DAY, True),
        (DAY - timedelta(days=9), DAY - timedelta(days=1), False),
        (DAY + timedelta(days=1), None, False),
        (DAY - timedelta(days=9), None, True),
    ],
)
async def test_a_face_is_active_on_its_days(
    road: Road, send: Tap, clock: ManualClock, from_on: date, to_on: date | None, *, active: bool
) -> None:
    await road.face("ZK1+000", "ZK1+200", from_on, to_on)
    answer = await told(road, send, clock, -100.0, 0.0)
    assert ("decision.outside_work_face" in codes(answer)) is active


async def test_policy_says_whether_it_means_review(
    make: MakeGround, client: AsyncClient, database: Database, keys: MemoryKeyRing, clock: ManualClock, send: Tap
) -> None:
    ground = await make(shape=None, policy={"review_signals": ["outside_work_face"]})
    admin = await make_officer(database, "project_admin", project_id=ground.project.id)
    road = Road(ground, client, database, bearer(keys, clock.now(), admin, "project_admin"))
    await road.build()
    await road.face("ZK1+000", "ZK1+200")
    answer = await told(road, send, clock, -100.0, 0.0)
    assert (answer["outcome"], codes(answer)[0]) == ("review", "decision.outside_work_face")


async def test_ranges_and_faces_of_other_projects_and_gone_labels_hold_nobody(
    road: Road, send: Tap, clock: ManualClock, database: Database
) -> None:
    section = await road.post_to_section([("ZK1+000", "ZK1+100")])
    project = road.ground.project.id
    async with database.transaction() as tx:
        await tx.execute(
            insert(SectionRangeRow).values(
                project_id=project,
                section_id=section,
                number=2,
                alignment_id=UUID(road.alignment_id),
                begin_label="ZK1+620.000",
                end_label="ZK9+000.000",
                set_by=road.ground.staff_id,
                set_at=MADE_AT,
            )
        )
        await tx.execute(
            insert(WorkFaceRow).values(
                project_id=project,
                id=uuid4(),
                fence_id=UUID(road.fence_id),
                name="旧面",
                begin_label="ZK8+000.000",
                end_label="ZK9+000.000",
                from_on=DAY,
                created_by=road.ground.staff_id,
                created_at=MADE_AT,
            )
        )
    answer = await told(road, send, clock, 0.0, 10.0)
    assert codes(answer) == ["decision.inside_fence"]
    assert answer["reasons"][0]["numbers"]["chainage"] == "ZK1+500"


async def test_the_phone_gets_what_it_needs_to_speak_the_labels_itself(
    road: Road, client: AsyncClient, clock: ManualClock
) -> None:
    answer = await client.get("/mobile/v1/fences", headers=road.ground.owner.headers(clock.now()))
    (fence,) = answer.json()["fences"]
    axis = fence["copy"]["axis"]
    assert axis["prefix"] == PREFIX
    assert axis["branches"] == [
        {"mark": "A", "from_m": 1_000.0, "label_m": 1_000.0},
        {"mark": "B", "from_m": 1_600.0, "label_m": 1_700.0},
    ]
    assert axis["chainage_dm"][0] == 10_000
    assert sum(axis["chainage_dm"]) == pytest.approx(30_300, abs=20)
