"""Maps show the fences of one's own projects, simplified to what can be seen, and say when something is left out."""

from datetime import timedelta
from typing import Any

import pytest
import shapely
from httpx import Response

from geofences.coordinates import WGS84, to_wgs84
from geofences.errors import BoundsInvalid
from geofences.map_routes import read_bounds
from geofences.shapes import Circle, Point
from tests.integration.geofences.conftest import Desk
from tests.support.factories import make_officer, make_project, make_staff
from tests.support.fences import EAST_M, NORTH_M, PLANE, metres, metro_coordinates
from tests.support.phones import CENTRE, make_fence
from tests.support.tiles import Feature, degrees, read_tile
from tests.support.town import tile_of

LON, LAT = (float(number) for number in to_wgs84(PLANE, EAST_M, NORTH_M))
HERE = Point(LON, LAT)
SQUARE = {
    "kind": "polygon",
    "coordinates": [[metres([(-200, -200), (200, -200), (200, 200), (-200, 200), (-200, -200)])]],
}
METRO = {
    "kind": "corridor",
    "coordinates": metro_coordinates(WGS84),
    "widths": [{"from_m": 0, "to_m": None, "left_m": 50, "right_m": 50}],
}


async def tile(desk: Desk, place: Point = HERE, zoom: int = 14, **params: str) -> Response:
    at = tile_of(place, zoom)
    answer = await desk.client.get(
        f"/admin/v1/fence-tiles/{at['z']}/{at['x']}/{at['y']}", headers=desk.headers(), params=params
    )
    assert answer.status_code == 200, answer.text
    return answer


async def fences_in(desk: Desk, place: Point = HERE, zoom: int = 14, **params: str) -> list[Feature]:
    return read_tile((await tile(desk, place, zoom, **params)).content).get("fences", [])


async def box(desk: Desk, reach: float = 0.05, zoom: int = 14, **params: str) -> dict[str, Any]:
    bbox = f"{LON - reach},{LAT - reach},{LON + reach},{LAT + reach}"
    answer = await desk.client.get(
        "/admin/v1/fence-map", headers=desk.headers(), params={"bbox": bbox, "zoom": zoom, **params}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_tile_shows_the_area_where_it_is(desk: Desk) -> None:
    fence_id = await desk.draw(SQUARE, crs="EPSG:4547")
    assert await fences_in(desk) == [], "a draft is no fence in force"
    await desk.publish(fence_id)
    answer = await tile(desk)
    assert answer.headers["content-type"] == "application/vnd.mapbox-vector-tile"
    assert answer.headers["cache-control"] == "private, no-cache"
    (feature,) = read_tile(answer.content)["fences"]
    told = feature.told
    assert (told["fence_id"], told["project_id"]) == (fence_id, str(desk.project.id))
    assert (told["name"], told["number"], told["state"], told["kind"]) == ("主线", 1, "published", "polygon")
    at = tile_of(HERE)
    ring = [degrees(place, int(at["z"]), int(at["x"]), int(at["y"])) for place in feature.paths[0]]
    west, south, east, north = shapely.Polygon(ring).bounds
    assert (west, east) == (pytest.approx(LON - 0.002086, abs=2e-5), pytest.approx(LON + 0.002086, abs=2e-5))
    assert (south, north) == (pytest.approx(LAT - 0.001804, abs=2e-5), pytest.approx(LAT + 0.001804, abs=2e-5))


async def test_a_tile_is_confirmed_by_its_tag(desk: Desk) -> None:
    await desk.publish(await desk.draw(SQUARE, crs="EPSG:4547"))
    first = await tile(desk)
    headers = {**desk.headers(), "If-None-Match": first.headers["etag"]}
    again = await desk.client.get(str(first.url), headers=headers)
    assert (again.status_code, again.content) == (304, b"")
    await desk.publish(await desk.draw(SQUARE, crs="EPSG:4547", name="二号"))
    changed = await desk.client.get(str(first.url), headers=headers)
    assert changed.status_code == 200
    assert len(read_tile(changed.content)["fences"]) == 2


async def test_foreign_fences_never_appear(desk: Desk) -> None:
    stranger = await make_project(desk.database)
    async with desk.database.transaction() as tx:
        await make_fence(tx, stranger.id, await make_staff(tx), Circle(CENTRE, 300.0))
    for zoom in (2, 8, 10, 14, 18):
        found = read_tile((await tile(desk, CENTRE, zoom, project_id=str(stranger.id))).content)
        assert not any(found.values()), zoom
        assert await fences_in(desk, CENTRE, zoom) == []
    assert (await box(desk, 1.0, drafts_of=str(stranger.id)))["features"] == []

    theirs = await make_officer(desk.database, "project_admin", project_id=stranger.id)
    at = tile_of(CENTRE)
    answer = await desk.client.get(f"/admin/v1/fence-tiles/{at['z']}/{at['x']}/{at['y']}", headers=desk.headers(theirs))
    assert [feature.told["project_id"] for feature in read_tile(answer.content)["fences"]] == [str(stranger.id)]


async def test_drafts_are_shown_of_the_project_that_is_edited(desk: Desk) -> None:
    fence_id = await desk.draw(SQUARE, crs="EPSG:4547")
    mine = str(desk.project.id)
    (feature,) = await fences_in(desk, drafts_of=mine)
    assert (feature.told["fence_id"], feature.told["state"]) == (fence_id, "draft")
    assert [one["properties"]["state"] for one in (await box(desk, drafts_of=mine))["features"]] == ["draft"]
    assert (await box(desk))["features"] == []


async def test_the_past_can_be_looked_at(desk: Desk) -> None:
    fence_id = await desk.draw(SQUARE, crs="EPSG:4547")
    await desk.publish(fence_id)
    desk.clock.advance(timedelta(hours=1))
    await desk.post(f"/fences/{fence_id}/versions/1/withdrawal")
    assert await fences_in(desk) == []
    before = (desk.clock.now() - timedelta(minutes=30)).isoformat()
    assert [feature.told["fence_id"] for feature in await fences_in(desk, at=before)] == [fence_id]
    assert len((await box(desk, at=before))["features"]) == 1


@pytest.mark.parametrize("zoom", [9, 12, 16])
async def test_a_long_corridor_is_drawn_with_its_axis_at_every_zoom(desk: Desk, zoom: int) -> None:
    await desk.publish(await desk.draw(METRO))
    line = metro_coordinates(WGS84)
    layers = read_tile((await tile(desk, Point(*line[60]), zoom)).content)
    assert len(layers["fences"]) == len(layers["axes"]) == 1
    reach = [abs(number) for path in layers["fences"][0].paths for place in path for number in place]
    assert max(reach) <= 4096 + 64, "clipped to the tile and its margin"


async def test_what_is_coarse_has_few_vertices(desk: Desk) -> None:
    await desk.publish(await desk.draw(METRO))
    west, south, east, north = shapely.LineString(metro_coordinates(WGS84)).bounds
    counts: list[int] = []
    for zoom in (8, 12, 20):
        params = {"bbox": f"{west},{south},{east},{north}", "zoom": zoom}
        answer = await desk.client.get("/admin/v1/fence-map", headers=desk.headers(), params=params)
        found = answer.json()
        assert [one["properties"]["part"] for one in found["features"]] == ["area", "axis"]
        area = shapely.get_parts(shapely.from_geojson(answer.text))[0]
        assert area.is_valid
        counts.append(len(shapely.get_coordinates(area)))
    assert counts[0] < 100 < counts[1] < 400 < counts[2]


async def test_what_is_too_small_to_draw_is_counted(desk: Desk) -> None:
    for number in range(3):
        await desk.publish(await desk.draw(SQUARE, crs="EPSG:4547", name=f"{number}"))
    layers = read_tile((await tile(desk, zoom=5)).content)
    assert layers.get("fences", []) == []
    (cluster,) = layers["clusters"]
    assert cluster.told["count"] == 3
    at = tile_of(HERE, 5)
    place = degrees(cluster.paths[0][0], 5, int(at["x"]), int(at["y"]))
    assert place == (pytest.approx(LON, abs=0.01), pytest.approx(LAT, abs=0.01))
    assert "clusters" not in read_tile((await tile(desk, zoom=12)).content)


async def test_too_many_are_cut_off_and_it_is_said(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geofences.map_queries.MOST_IN_TILE", 2)
    monkeypatch.setattr("geofences.map_queries.MOST_IN_BOX", 2)
    monkeypatch.setattr("geofences.map_routes.MOST_IN_BOX", 2)
    sizes = (100, 300, 200)
    for size in sizes:
        ring = metres([(-size, -size), (size, -size), (size, size), (-size, size), (-size, -size)])
        fence_id = await desk.draw({"kind": "polygon", "coordinates": [[ring]]}, crs="EPSG:4547", name=f"{size}")
        if size == sizes[-1]:
            assert "fences-left-out" not in (await tile(desk)).headers
            assert (await box(desk))["truncated"] is False
        await desk.publish(fence_id)
    answer = await tile(desk)
    assert answer.headers["fences-left-out"] == "true"
    assert {feature.told["name"] for feature in read_tile(answer.content)["fences"]} == {"300", "200"}
    found = await box(desk)
    assert found["truncated"] is True
    assert {one["properties"]["name"] for one in found["features"]} == {"300", "200"}


async def test_a_box_beside_a_bent_fence_does_not_find_it(desk: Desk) -> None:
    """The box round a bent fence covers much that it does not."""
    bent = metres([(0, 0), (4000, 0), (4000, 4000)])
    shape = {**METRO, "coordinates": bent}
    await desk.publish(await desk.draw(shape, crs="EPSG:4547"))
    lon, lat = (float(number) for number in to_wgs84(PLANE, EAST_M + 1000, NORTH_M + 3000))
    params = {"bbox": f"{lon - 0.001},{lat - 0.001},{lon + 0.001},{lat + 0.001}", "zoom": 14}
    answer = await desk.client.get("/admin/v1/fence-map", headers=desk.headers(), params=params)
    assert answer.json()["features"] == []


async def test_tiles_that_do_not_exist_are_not_found(desk: Desk) -> None:
    for path in ("3/8/0", "3/0/8", "0/1/0"):
        answer = await desk.client.get(f"/admin/v1/fence-tiles/{path}", headers=desk.headers())
        assert (answer.status_code, answer.json()["code"]) == (404, "geofences.tile_unknown")
    assert (await desk.client.get("/admin/v1/fence-tiles/0/0/0", headers=desk.headers())).status_code == 200


@pytest.mark.parametrize(
    "bbox", ["", "1,2,3", "1,2,3,4,5", "a,b,c,d", "114,30,113,31", "114,31,115,30", "nan,30,115,31", "-181,0,0,1"]
)
def test_what_is_no_box_is_refused(bbox: str) -> None:
    with pytest.raises(BoundsInvalid):
        read_bounds(bbox)
