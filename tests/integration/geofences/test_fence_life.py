"""Fences over HTTP: drawn, published, superseded, withdrawn; who may, and what is refused."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from backend.identity.tables import AuditEvent
from backend.kit.announcements import AnnouncedFact
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.ids import new_id
from geofences.tables import FencePart, FenceVersion
from tests.integration.geofences.conftest import Desk
from tests.support.factories import make_officer, make_policy, make_project, make_section

SQUARE = [[114.3, 30.6], [114.302, 30.6], [114.302, 30.602], [114.3, 30.602], [114.3, 30.6]]
POLYGON = {"kind": "polygon", "coordinates": [[SQUARE]]}
CORRIDOR = {
    "kind": "corridor",
    "coordinates": [[114.30, 30.60], [114.32, 30.60], [114.32, 30.61]],
    "widths": [{"left_m": 20.0, "right_m": 30.0}],
    "start_m": 3000.0,
}
CIRCLE = {"kind": "circle", "coordinates": [114.3, 30.6], "radius_m": 80.0}
POINT = {"kind": "point", "coordinates": [114.3, 30.6], "radius_m": 30.0}


@pytest.mark.parametrize("shape", [POLYGON, CORRIDOR, CIRCLE, POINT], ids=lambda shape: shape["kind"])
async def test_what_was_drawn_is_shown_again(desk: Desk, shape: dict[str, Any]) -> None:
    fence_id = await desk.draw(shape, buffer_m=5.0, opens_at="06:00:00", closes_at="22:30:00")
    shown = (await desk.get(f"/fences/{fence_id}/versions/1")).json()
    version = shown["version"]
    assert shown["shape"]["kind"] == shape["kind"] == version["kind"]
    assert shown["shape"]["coordinates"] == shape["coordinates"]
    assert (version["state"], version["number"], version["crs"]) == ("draft", 1, "wgs84")
    assert (version["buffer_m"], version["opens_at"], version["closes_at"]) == (5.0, "06:00:00", "22:30:00")
    assert version["area_m2"] > 1_000
    assert version["zone_epsg"] == 4547
    assert version["bounds"]["west"] < 114.301 < version["bounds"]["east"] + 0.001
    assert (version["axis_length_m"] is not None) is (shape["kind"] == "corridor")
    assert version["valid_from"] is None


async def test_a_fence_is_listed_with_what_is_in_force(desk: Desk) -> None:
    first = await desk.draw(POLYGON, name="甲")
    desk.clock.advance(timedelta(seconds=1))
    second = await desk.draw(CIRCLE, name="乙")
    assert (await desk.publish(first)).status_code == 200
    page = (await desk.get("/fences", limit=1)).json()
    assert [(one["id"], one["number_in_force"], one["latest_state"]) for one in page["items"]] == [
        (first, 1, "published")
    ]
    page = (await desk.get("/fences", limit=1, after=page["next"])).json()
    assert [(one["id"], one["number_in_force"], one["latest_state"]) for one in page["items"]] == [
        (second, None, "draft")
    ]
    assert page["next"] is None


async def test_the_next_version_takes_over_and_the_past_stays(desk: Desk) -> None:
    fence_id = await desk.draw(POLYGON)
    started = desk.clock.now()
    assert (await desk.publish(fence_id)).json()["valid_until"] is None
    desk.clock.advance(timedelta(days=1))
    assert (await desk.post(f"/fences/{fence_id}/versions", {"crs": "wgs84", "shape": CIRCLE})).status_code == 201
    later = desk.clock.now() + timedelta(days=2)
    published = await desk.publish(fence_id, 2, valid_from=later.isoformat())
    assert published.json()["state"] == "published"
    latest, first = (await desk.get(f"/fences/{fence_id}")).json()["versions"]
    assert (latest["state"], first["state"]) == ("published", "superseded")
    assert latest["valid_from"] == first["valid_until"]
    outside_circle = {"crs": "wgs84", "x": 114.3019, "y": 30.6019, "accuracy_m": 5.0}
    for at, number in ((started, 1), (later - timedelta(seconds=1), 1), (later, 2)):
        answer = (await desk.post("/fence-evaluations", outside_circle | {"at": at.isoformat()})).json()
        assert (answer["number"], answer["side"]) == (number, "inside" if number == 1 else "outside")


async def test_publishing_divides_the_area_for_the_search(desk: Desk, database: Database) -> None:
    fence_id = await desk.draw(CORRIDOR | {"cap": "round"}, buffer_m=200.0)
    version = (await desk.publish(fence_id)).json()
    async with database.transaction() as tx:
        parts, area, most = (
            await tx.execute(
                select(
                    func.count(), func.sum(func.ST_Area(FencePart.area)), func.max(func.ST_NPoints(FencePart.area))
                ).where(FencePart.version_id == version["id"])
            )
        ).one()
        whole = await tx.scalar(select(func.ST_Area(FenceVersion.area)).where(FenceVersion.id == version["id"]))
    assert parts >= 1
    assert most <= 65
    assert area == pytest.approx(whole, rel=1e-9)


async def test_withdrawing_ends_now_and_a_scheduled_one_never_begins(desk: Desk) -> None:
    fence_id = await desk.draw(POLYGON)
    await desk.publish(fence_id)
    began = desk.clock.now()
    await desk.post(f"/fences/{fence_id}/versions", {"crs": "wgs84", "shape": CIRCLE})
    desk.clock.advance(timedelta(hours=1))
    await desk.publish(fence_id, 2, valid_from=(desk.clock.now() + timedelta(days=1)).isoformat())
    dropped = (await desk.post(f"/fences/{fence_id}/versions/2/withdrawal")).json()
    assert (dropped["state"], dropped["valid_from"]) == ("withdrawn", None)
    first = (await desk.get(f"/fences/{fence_id}/versions/1")).json()["version"]
    assert (first["state"], first["valid_until"]) == ("published", None)
    ended = (await desk.post(f"/fences/{fence_id}/versions/1/withdrawal")).json()
    assert ended["state"] == "withdrawn"
    here = {"crs": "wgs84", "x": 114.301, "y": 30.601, "accuracy_m": 5.0}
    assert (await desk.post("/fence-evaluations", here)).json()["code"] == "geofences.none_in_force"
    past = await desk.post("/fence-evaluations", here | {"at": began.isoformat()})
    assert past.json()["side"] == "inside"
    again = await desk.post(f"/fences/{fence_id}/versions/1/withdrawal")
    assert (again.status_code, again.json()["code"]) == (409, "geofences.state_forbids")


async def test_a_version_published_twice_in_one_instant_replaces_the_first(desk: Desk) -> None:
    fence_id = await desk.draw(POLYGON)
    await desk.publish(fence_id)
    await desk.post(f"/fences/{fence_id}/versions", {"crs": "wgs84", "shape": CIRCLE})
    assert (await desk.publish(fence_id, 2)).status_code == 200
    states = [one["state"] for one in (await desk.get(f"/fences/{fence_id}")).json()["versions"]]
    assert states == ["published", "withdrawn"]


async def test_the_past_and_a_time_before_a_scheduled_version_are_refused(desk: Desk) -> None:
    fence_id = await desk.draw(POLYGON)
    now = desk.clock.now()
    answer = await desk.publish(fence_id, valid_from=(now - timedelta(seconds=1)).isoformat())
    assert (answer.status_code, answer.json()["code"]) == (422, "geofences.backdated")
    for ahead in ("9999-12-31T23:59:59-14:00", (now + timedelta(days=3_654)).isoformat()):
        answer = await desk.publish(fence_id, valid_from=ahead)
        assert (answer.status_code, answer.json()["code"]) == (422, "geofences.too_far_ahead")
    await desk.publish(fence_id, valid_from=(now + timedelta(days=9)).isoformat())
    await desk.post(f"/fences/{fence_id}/versions", {"crs": "wgs84", "shape": CIRCLE})
    answer = await desk.publish(fence_id, 2)
    assert (answer.status_code, answer.json()["code"]) == (409, "geofences.validity_overlaps")
    states = [one["state"] for one in (await desk.get(f"/fences/{fence_id}")).json()["versions"]]
    assert states == ["draft", "published"]


async def test_where_policy_asks_a_second_person_publishes(desk: Desk) -> None:
    await make_policy(desk.database, desk.project.id, desk.admin_id, {"publish_needs_second_person": True})
    other = await make_officer(desk.database, "project_admin", project_id=desk.project.id)
    fence_id = await desk.draw(POLYGON)
    path = f"/fences/{fence_id}/versions/1"
    unsubmitted = await desk.post(f"{path}/publication", {}, headers=desk.headers(other))
    assert (unsubmitted.status_code, unsubmitted.json()["code"]) == (403, "geofences.second_person_needed")
    submitted = await desk.post(f"{path}/submission")
    assert (submitted.json()["state"], submitted.json()["submitted_by"]) == ("submitted", str(desk.admin_id))
    assert (await desk.post(f"{path}/submission")).json()["code"] == "geofences.state_forbids"
    assert (await desk.publish(fence_id)).json()["code"] == "geofences.second_person_needed"
    published = await desk.post(f"{path}/publication", {}, headers=desk.headers(other))
    assert (published.status_code, published.json()["published_by"]) == (200, str(other))


async def test_every_step_is_in_the_audit_log(desk: Desk, database: Database) -> None:
    fence_id = await desk.draw(POLYGON)
    await desk.post(f"/fences/{fence_id}/versions/1/submission")
    version = (await desk.publish(fence_id)).json()
    await desk.post(f"/fences/{fence_id}/versions/1/withdrawal")
    async with database.transaction() as tx:
        rows = await tx.execute(
            select(AuditEvent.action, AuditEvent.actor_id, AuditEvent.detail).where(
                AuditEvent.object_id == version["id"], AuditEvent.project_id == desk.project.id
            )
        )
        found = rows.all()
    assert {row.action for row in found} == {
        f"fence_version.{step}" for step in ("drafted", "submitted", "published", "withdrawn")
    }
    assert all(row.actor_id == desk.admin_id and row.detail["fence_id"] == fence_id for row in found)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"crs": "gps"}, 422, "request.invalid"),
        ({"crs": "EPSG:27700"}, 422, "geofences.system_unknown"),
        ({"crs": None}, 422, "request.invalid"),
        ({"shape": {"kind": "circle", "coordinates": [30.6, 114.3], "radius_m": 50.0}}, 422, "geofences.axes_swapped"),
        ({"shape": {"kind": "circle", "coordinates": [0.0, 0.0], "radius_m": 50.0}}, 422, "geofences.out_of_china"),
        ({"shape": CIRCLE | {"radius_m": 0.0}}, 422, "geofences.size_invalid"),
        ({"shape": CIRCLE | {"radius_m": "50"}}, 422, "request.invalid"),
        ({"shape": CIRCLE | {"colour": "red"}}, 422, "request.invalid"),
        ({"shape": {"kind": "triangle"}}, 422, "request.invalid"),
        ({"shape": POLYGON | {"coordinates": []}}, 422, "geofences.empty"),
        ({"shape": POLYGON | {"coordinates": [[[SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3]]]]}}, 422,
         "geofences.self_crossing"),
        ({"shape": CORRIDOR | {"widths": []}}, 422, "geofences.widths_invalid"),
        ({"buffer_m": -1}, 422, "request.invalid"),
        ({"buffer_m": 501}, 422, "request.invalid"),
        ({"opens_at": "08:00:00"}, 422, "geofences.hours_invalid"),
        ({"name": ""}, 422, "request.invalid"),
        ({"section_id": str(uuid4())}, 404, "sites.section_unknown"),
        ({"extra": 1}, 422, "request.invalid"),
    ],
)  # fmt: skip
async def test_what_cannot_be_a_fence_is_refused_and_nothing_written(
    desk: Desk, change: dict[str, Any], status: int, code: str
) -> None:
    body = {"name": "主线", "crs": "wgs84", "shape": POLYGON} | change
    answer = await desk.post("/fences", body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await desk.get("/fences")).json()["items"] == []


async def test_a_name_is_taken_once_per_project(desk: Desk) -> None:
    await desk.draw(POLYGON)
    answer = await desk.post("/fences", {"name": "主线", "crs": "wgs84", "shape": CIRCLE})
    assert (answer.status_code, answer.json()["code"]) == (409, "geofences.name_taken")


async def test_a_fence_can_belong_to_a_section(desk: Desk) -> None:
    section_id = await make_section(desk.database, desk.project.id)
    fence_id = await desk.draw(POLYGON, section_id=str(section_id))
    assert (await desk.get(f"/fences/{fence_id}")).json()["section_id"] == str(section_id)


async def test_strangers_find_nothing(desk: Desk) -> None:
    fence_id = await desk.draw(POLYGON)
    stranger = await make_officer(desk.database, "project_admin", project_id=(await make_project(desk.database)).id)
    headers = desk.headers(stranger)
    for path in ("/fences", f"/fences/{fence_id}", f"/fences/{fence_id}/versions/1",
                 f"/fences/{fence_id}/versions/1/geojson"):  # fmt: skip
        answer = await desk.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "sites.project_unknown")
    here = {"crs": "wgs84", "x": 114.301, "y": 30.601, "accuracy_m": 5.0}
    bodies: dict[str, object] = {
        "/fences": {"name": "x", "crs": "wgs84", "shape": CIRCLE},
        "/fence-previews": {"crs": "wgs84", "shape": CIRCLE},
        "/fence-evaluations": here,
        f"/fences/{fence_id}/versions": {"crs": "wgs84", "shape": CIRCLE},
        f"/fences/{fence_id}/versions/1/submission": None,
        f"/fences/{fence_id}/versions/1/publication": {},
        f"/fences/{fence_id}/versions/1/withdrawal": None,
    }
    for path, body in bodies.items():
        answer = await desk.post(path, body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (404, "sites.project_unknown"), path


async def test_a_reader_may_not_write(desk: Desk) -> None:
    owner = await make_officer(desk.database, "owner", project_id=desk.project.id)
    headers = desk.headers(owner, "owner")
    assert (await desk.get("/fences", headers=headers)).status_code == 200
    answer = await desk.post("/fences", {"name": "x", "crs": "wgs84", "shape": CIRCLE}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "request.scope_missing")


async def test_what_does_not_exist_is_told_by_its_kind(desk: Desk) -> None:
    fence_id = await desk.draw(POLYGON)
    nowhere = new_id(desk.clock.now())
    assert (await desk.get(f"/fences/{nowhere}")).json()["code"] == "geofences.fence_unknown"
    assert (await desk.get(f"/fences/{nowhere}/versions/1")).json()["code"] == "geofences.fence_unknown"
    assert (await desk.get(f"/fences/{fence_id}/versions/2")).json()["code"] == "geofences.version_unknown"
    assert (await desk.publish(fence_id, 2)).json()["code"] == "geofences.version_unknown"
    answer = await desk.post(f"/fences/{nowhere}/versions", {"crs": "wgs84", "shape": CIRCLE})
    assert answer.json()["code"] == "geofences.fence_unknown"


@pytest.mark.parametrize("number", ["0", "-1", "1000001", "99999999999999999999", "x"])
async def test_a_number_that_no_version_has_is_a_clear_refusal(desk: Desk, number: str) -> None:
    fence_id = await desk.draw(POLYGON)
    answer = await desk.get(f"/fences/{fence_id}/versions/{number}")
    assert answer.status_code in {404, 422}
    assert answer.headers["content-type"] == "application/problem+json"


async def test_versions_drawn_at_once_get_numbers_of_their_own(desk: Desk) -> None:
    fence_id = await desk.draw(POLYGON)
    body = {"crs": "wgs84", "shape": CIRCLE}
    answers = await asyncio.gather(*(desk.post(f"/fences/{fence_id}/versions", body) for _ in range(4)))
    assert sorted(answer.json()["number"] for answer in answers) == [2, 3, 4, 5]


async def test_of_two_publications_at_once_one_is_in_force(desk: Desk) -> None:
    fence_id = await desk.draw(POLYGON)
    await desk.post(f"/fences/{fence_id}/versions", {"crs": "wgs84", "shape": CIRCLE})
    answers = await asyncio.gather(desk.publish(fence_id, 1), desk.publish(fence_id, 2))
    assert [answer.status_code for answer in answers] == [200, 200]
    states = sorted(one["state"] for one in (await desk.get(f"/fences/{fence_id}")).json()["versions"])
    assert states == ["published", "withdrawn"]


async def test_a_tolerance_that_is_raised_is_announced_with_both_numbers_and_a_lowered_one_is_not(
    desk: Desk, database: Database, clock: ManualClock
) -> None:
    fence_id = await desk.draw(CIRCLE, buffer_m=5.0)
    assert (await desk.publish(fence_id)).status_code == 200
    for number, buffer_m in ((2, 30.0), (3, 10.0)):
        clock.advance(timedelta(minutes=1))
        drawn = await desk.post(f"/fences/{fence_id}/versions", {"crs": "wgs84", "shape": CIRCLE, "buffer_m": buffer_m})
        assert drawn.status_code == 201, drawn.text
        assert (await desk.publish(fence_id, number)).status_code == 200
    async with database.transaction() as tx:
        statement = select(AnnouncedFact.kind, AnnouncedFact.detail).where(AnnouncedFact.project_id == desk.project.id)
        rows = (await tx.execute(statement)).all()
    assert [(row.kind, row.detail["before_m"], row.detail["after_m"]) for row in rows] == [
        ("fences.tolerance_raised", 5.0, 30.0)
    ]
