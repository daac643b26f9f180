"""GeoJSON in and out over HTTP, previews, and questions about positions."""

import json
from typing import Any

import pytest

from geofences.coordinates import GCJ02, WGS84, CoordinateSystem
from tests.integration.geofences.conftest import Desk
from tests.support.fences import metro_coordinates

SQUARE = [[114.3, 30.6], [114.302, 30.6], [114.302, 30.602], [114.3, 30.602], [114.3, 30.6]]


def file(*features: tuple[str, str, object]) -> bytes:
    return json.dumps(
        {
            "type": "FeatureCollection",
            "features": [
                {
                    "type": "Feature",
                    "properties": {"name": name} if name else {},
                    "geometry": {"type": kind, "coordinates": coordinates},
                }
                for name, kind, coordinates in features
            ],
        }
    ).encode()


def metro(system: CoordinateSystem) -> bytes:
    return file(("11号线", "LineString", metro_coordinates(system)))


async def test_a_dry_run_shows_all_and_stores_nothing(desk: Desk) -> None:
    answer = await desk.upload(metro(GCJ02), crs="gcj02", left_m=50, right_m=50, start_m=1000)
    assert answer.status_code == 200, answer.text
    (one,) = answer.json()["fences"]
    assert answer.json()["dry_run"] is True
    assert (one["name"], one["where"], one["made"]) == ("11号线", "features[0]", None)
    preview = one["preview"]
    assert preview["kind"] == "corridor"
    assert preview["length_m"] == pytest.approx(40_709.5, abs=1.0)
    assert preview["area_m2"] == pytest.approx(40_709.5 * 100, rel=0.01)
    assert preview["parts"] == 1
    assert 114.27 < preview["bounds"]["west"] < preview["bounds"]["east"] < 114.75
    assert (await desk.get("/fences")).json()["items"] == []


async def test_an_import_makes_a_draft_of_each_feature(desk: Desk) -> None:
    content = file(("", "Polygon", [SQUARE]), ("", "Point", SQUARE[0]), ("营地", "Polygon", [SQUARE]))
    answer = await desk.upload(content, crs="wgs84", dry_run="false", name="导入", radius_m=30, point_kind="circle")
    assert answer.status_code == 200, answer.text
    made = answer.json()["fences"]
    assert [one["name"] for one in made] == ["导入 1", "导入 2", "营地"]
    assert [one["preview"]["kind"] for one in made] == ["polygon", "circle", "polygon"]
    listed = (await desk.get("/fences")).json()["items"]
    assert {one["id"] for one in listed} == {one["made"]["fence_id"] for one in made}
    assert {one["latest_state"] for one in listed} == {"draft"}


async def test_names_with_control_characters_are_cleaned(desk: Desk) -> None:
    content = file(("甲\u0000\u0007区", "Polygon", [SQUARE]), ("\u0000", "Point", SQUARE[0]))
    params: dict[str, str | int] = {"crs": "wgs84", "dry_run": "false", "radius_m": 30}
    answer = await desk.upload(content, name="导\u0000入", **params)
    assert [one["name"] for one in answer.json()["fences"]] == ["甲区", "导入 2"]


async def test_an_import_is_all_or_none(desk: Desk) -> None:
    content = file(("甲", "Polygon", [SQUARE]), ("甲", "Polygon", [SQUARE]))
    answer = await desk.upload(content, crs="wgs84", dry_run="false")
    assert (answer.status_code, answer.json()["code"]) == (409, "geofences.name_taken")
    assert (await desk.get("/fences")).json()["items"] == []


@pytest.mark.parametrize(
    ("content", "params", "status", "code"),
    [
        (b"", {"crs": "wgs84"}, 422, "geofences.format_unknown"),
        (b"\xff\xfe", {"crs": "wgs84"}, 422, "geofences.format_unknown"),
        (b"[" * 200_000, {"crs": "wgs84"}, 422, "geofences.geojson_invalid"),
        (metro(WGS84), {}, 422, "geofences.system_missing"),
        (metro(WGS84), {"crs": "utm50"}, 422, "geofences.system_unknown"),
        (metro(WGS84), {"crs": "wgs84"}, 422, "geofences.width_missing"),
        (metro(WGS84), {"crs": "wgs84", "left_m": "nan", "right_m": 5}, 422, None),
        (metro(WGS84), {"crs": "EPSG:4547", "left_m": 5, "right_m": 5}, 422, "geofences.out_of_china"),
        (file(("", "Polygon", [SQUARE])), {"crs": "wgs84", "dry_run": "false"}, 422, "geofences.name_missing"),
        (b" " * 32_000_001, {"crs": "wgs84"}, 413, "request.too_large"),
    ],
    ids=["empty", "binary", "deep", "no crs", "odd crs", "no width", "nan", "wrong crs", "no name", "large"],
)
async def test_a_bad_file_is_a_clear_refusal(
    desk: Desk, content: bytes, params: dict[str, Any], status: int, code: str | None
) -> None:
    answer = await desk.upload(content, **params)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert code is None or answer.json()["code"] == code


@pytest.mark.parametrize("crs", ["wgs84", "gcj02", "bd09", "EPSG:4547"])
async def test_what_is_exported_is_imported_again(desk: Desk, crs: str) -> None:
    made = (await desk.upload(metro(WGS84), crs="wgs84", left_m=50, right_m=50, dry_run="false")).json()["fences"]
    version = f"/fences/{made[0]['made']['fence_id']}/versions/1"
    exported = await desk.get(f"{version}/geojson", crs=crs)
    assert exported.status_code == 200
    assert exported.headers["content-type"] == "application/geo+json"
    area, axis = exported.json()["features"]
    assert (area["properties"]["role"], axis["properties"]["role"]) == ("area", "alignment")
    assert area["properties"]["coordinate_system"] == crs
    again = (await desk.upload(exported.content, crs=crs, left_m=50, right_m=50)).json()["fences"]
    before = made[0]["preview"]
    for one in again:
        assert one["preview"]["area_m2"] == pytest.approx(before["area_m2"], rel=2e-3)
    assert again[1]["preview"]["length_m"] == pytest.approx(before["length_m"], abs=0.05)


async def test_an_unknown_export_system_is_refused(desk: Desk) -> None:
    fence_id = await desk.draw({"kind": "circle", "coordinates": SQUARE[0], "radius_m": 50.0})
    answer = await desk.get(f"/fences/{fence_id}/versions/1/geojson", crs="EPSG:27700")
    assert (answer.status_code, answer.json()["code"]) == (422, "geofences.system_unknown")


async def test_a_preview_warns_in_the_caller_s_language(desk: Desk) -> None:
    tiny = {"kind": "circle", "coordinates": [528770.0, 3386667.0], "radius_m": 5.0}
    for language, words in (("zh-CN", "未公开"), ("en", "not public")):
        headers = desk.headers() | {"Accept-Language": language}
        answer = await desk.post("/fence-previews", {"crs": "EPSG:2383", "shape": tiny}, headers=headers)
        warnings = answer.json()["warnings"]
        assert [one["code"] for one in warnings] == ["geofences.datum_shift_unknown", "geofences.very_small"]
        assert words in warnings[0]["title"]
    assert (await desk.get("/fences")).json()["items"] == []


async def test_a_position_gets_verdict_chainage_and_direction(desk: Desk) -> None:
    corridor = {
        "kind": "corridor",
        "coordinates": [[499000.0, 3386000.0], [501000.0, 3386000.0]],  # on the meridian, where the plane is true
        "widths": [{"left_m": 20.0, "right_m": 20.0}],
        "start_m": 3000.0,
    }
    fence_id = await desk.draw(corridor, crs="EPSG:4547")
    await desk.publish(fence_id)
    here = {"crs": "EPSG:4547", "x": 499420.0, "y": 3386006.2, "accuracy_m": 10.0, "platform": "android"}
    inside = (await desk.post("/fence-evaluations", here)).json()
    assert (inside["side"], inside["covered"], inside["chainage"]) == ("inside", True, "K3+420.000")
    assert inside["offset_m"] == pytest.approx(6.2, abs=0.01)
    assert inside["signed_distance_m"] == pytest.approx(13.8, abs=0.01)
    assert inside["sigma_m"] == pytest.approx(1.3 * 6.62)
    assert (inside["fence_id"], inside["fence_name"], inside["number"]) == (fence_id, "主线", 1)
    assert len(inside["places"]) == 1
    outside = (await desk.post("/fence-evaluations", here | {"y": 3386202.0})).json()
    assert (outside["side"], outside["direction"]) == ("outside", "S")
    assert outside["signed_distance_m"] == pytest.approx(-182.0, abs=0.01)
    assert outside["datum_suspicion"] is None


async def test_a_wrong_datum_is_suspected_with_its_numbers(desk: Desk) -> None:
    fence_id = await desk.draw({"kind": "circle", "coordinates": [114.3, 30.6], "radius_m": 80.0})
    await desk.publish(fence_id)
    # The numbers are GCJ-02's of the centre, the declaration says WGS-84.
    wrong = {"crs": "wgs84", "x": 114.30543824, "y": 30.5975842, "accuracy_m": 10.0}
    answer = (await desk.post("/fence-evaluations", wrong)).json()
    assert answer["side"] == "outside"
    suspicion = answer["datum_suspicion"]
    assert (suspicion["culprit"], suspicion["declared"], suspicion["suspected"]) == ("fix", "wgs84", "gcj02")
    assert suspicion["moved_m"] == pytest.approx(586.3, abs=0.5)
    right = (await desk.post("/fence-evaluations", wrong | {"crs": "gcj02"})).json()
    assert (right["side"], right["datum_suspicion"]) == ("inside", None)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"x": 30.6, "y": 114.3}, "geofences.axes_swapped"),
        ({"x": 0.0, "y": 0.0}, "geofences.out_of_china"),
        ({"crs": "EPSG:1"}, "geofences.system_unknown"),
        ({"accuracy_m": -1.0}, "request.invalid"),
        ({"platform": "symbian"}, "request.invalid"),
        ({"version": {"fence_id": "0" * 8 + "-0000-0000-0000-000000000000", "number": 1}}, "geofences.fence_unknown"),
    ],
)
async def test_a_bad_question_is_refused(desk: Desk, change: dict[str, Any], code: str) -> None:
    await desk.publish(await desk.draw({"kind": "circle", "coordinates": [114.3, 30.6], "radius_m": 80.0}))
    here = {"crs": "wgs84", "x": 114.3, "y": 30.6, "accuracy_m": 10.0}
    answer = await desk.post("/fence-evaluations", here | change)
    assert 400 <= answer.status_code < 500
    assert answer.json()["code"] == code


async def test_a_draft_can_be_asked_before_it_judges_anybody(desk: Desk) -> None:
    fence_id = await desk.draw({"kind": "circle", "coordinates": [114.3, 30.6], "radius_m": 80.0})
    here = {"crs": "wgs84", "x": 114.3, "y": 30.6, "accuracy_m": 10.0}
    assert (await desk.post("/fence-evaluations", here)).json()["code"] == "geofences.none_in_force"
    asked = here | {"version": {"fence_id": fence_id, "number": 1}}
    assert (await desk.post("/fence-evaluations", asked)).json()["side"] == "inside"
