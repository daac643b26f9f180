"""Whose fences lie at a position: those in force, of projects within reach, declared in any system."""

from datetime import timedelta
from typing import Any

import pytest

from geofences.coordinates import GCJ02, WGS84, from_wgs84, to_wgs84
from tests.integration.geofences.conftest import Desk
from tests.support.factories import bearer, make_officer, make_project
from tests.support.fences import EAST_M, NORTH_M, PLANE, metres, metro_coordinates

LON, LAT = (float(number) for number in to_wgs84(PLANE, EAST_M, NORTH_M))
SQUARE = {
    "kind": "polygon",
    "coordinates": [[metres([(-200, -200), (200, -200), (200, 200), (-200, 200), (-200, -200)])]],
}


async def found_at(desk: Desk, lon: float, lat: float, crs: str = "wgs84", **params: str) -> list[dict[str, Any]]:
    answer = await desk.client.get(
        "/admin/v1/fences-at", headers=desk.headers(), params={"crs": crs, "x": lon, "y": lat, **params}
    )
    assert answer.status_code == 200, answer.text
    assert not answer.json()["truncated"]
    return answer.json()["fences"]


async def test_it_finds_what_covers_the_position_and_nothing_beside_it(desk: Desk) -> None:
    fence_id = await desk.draw(SQUARE, crs="EPSG:4547")
    assert await found_at(desk, LON, LAT) == [], "a draft is no fence in force"
    await desk.publish(fence_id)
    (one,) = await found_at(desk, LON, LAT)
    assert (one["fence_id"], one["project_id"], one["kind"]) == (fence_id, str(desk.project.id), "polygon")
    assert await found_at(desk, LON + 0.0022, LAT) == []


async def test_the_position_may_be_declared_in_any_system(desk: Desk) -> None:
    await desk.publish(await desk.draw(SQUARE, crs="EPSG:4547"))
    x, y = (float(number) for number in from_wgs84(GCJ02, LON + 0.0019, LAT))
    assert len(await found_at(desk, x, y, "gcj02")) == 1
    assert await found_at(desk, x, y, "wgs84") == [], "half a kilometre off"
    assert len(await found_at(desk, EAST_M, NORTH_M, "EPSG:4547")) == 1


async def test_a_long_corridor_is_found_all_along_once(desk: Desk) -> None:
    line = metro_coordinates(WGS84)
    widths = [{"from_m": 0, "to_m": None, "left_m": 50, "right_m": 50}]
    await desk.publish(await desk.draw({"kind": "corridor", "coordinates": line, "widths": widths}))
    for lon, lat in line[1:-1:20]:
        assert len(await found_at(desk, lon, lat)) == 1


async def test_it_asks_what_was_in_force_at_an_instant(desk: Desk) -> None:
    await desk.publish(await desk.draw(SQUARE, crs="EPSG:4547"))
    before = desk.clock.now() - timedelta(days=1)
    assert await found_at(desk, LON, LAT, at=before.isoformat()) == []


async def test_foreign_fences_are_not_there(desk: Desk) -> None:
    await desk.publish(await desk.draw(SQUARE, crs="EPSG:4547"))
    other = await make_project(desk.database)
    stranger = await make_officer(desk.database, "project_admin", project_id=other.id)
    answer = await desk.client.get(
        "/admin/v1/fences-at",
        headers=bearer(desk.keys, desk.clock.now(), stranger, "project_admin"),
        params={"crs": "wgs84", "x": LON, "y": LAT},
    )
    assert (answer.status_code, answer.json()["fences"]) == (200, [])


@pytest.mark.parametrize(
    ("crs", "x", "y", "code"),
    [
        ("wgs84", 30.5, 114.3, "geofences.axes_swapped"),
        ("wgs84", 2.0, 48.8, "geofences.out_of_china"),
        ("epsg:0", 1.0, 1.0, "geofences.system_unknown"),
    ],
)
async def test_a_position_that_cannot_be_meant_is_refused(desk: Desk, crs: str, x: float, y: float, code: str) -> None:
    answer = await desk.client.get("/admin/v1/fences-at", headers=desk.headers(), params={"crs": crs, "x": x, "y": y})
    assert (answer.status_code, answer.json()["code"]) == (422, code)
