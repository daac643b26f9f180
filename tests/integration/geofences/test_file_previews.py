"""Files of every format over HTTP: looked at, drawn from, imported; and files that mean harm."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from httpx import Response
from litestar import Litestar

from geofences.coordinates import GCJ02, WGS84
from geofences.readers.content import MAX_BYTES
from tests.integration.geofences.conftest import Desk, Parameter
from tests.integration.geofences.test_fence_files import metro
from tests.support import fence_files as files
from tests.support.factories import make_officer, make_project
from tests.support.ledgers import count_rows

FORMATS: list[tuple[str, bytes, dict[str, Parameter]]] = [
    ("geojson", metro(WGS84), {"crs": "wgs84"}),
    ("kml", files.kml(), {"crs": "wgs84"}),
    ("kml", files.zipped({"doc.kml": files.kml()}), {"crs": "wgs84"}),
    ("gpx", files.gpx(), {"crs": "wgs84"}),
    ("shapefile", files.zipped(files.shapes()), {}),
    ("dxf", files.dxf(), {"crs": "EPSG:4547"}),
    ("csv", files.csv(), {"crs": "EPSG:4526"}),
]
ALL: dict[str, Parameter] = {"left_m": 20, "right_m": 20, "radius_m": 50}


async def preview(desk: Desk, content: bytes | AsyncIterator[bytes], **params: Parameter) -> Response:
    path = desk.path("/fence-file-previews")
    return await desk.client.post(path, content=content, headers=desk.headers(), params=params)


@pytest.mark.parametrize(("name", "content", "params"), FORMATS)
async def test_every_format_is_previewed_and_nothing_stored(
    desk: Desk, name: str, content: bytes, params: dict[str, Parameter]
) -> None:
    answer = await preview(desk, content, **ALL, **params)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert told["format"] == name
    assert told["crs"] == params.get("crs", "EPSG:4547")
    assert told["size"] == len(content)
    assert told["length_m"] > 3_600
    assert 114.2 < told["bounds"]["west"] < told["bounds"]["east"] < 114.8
    assert told["vertices"] == sum(layer["vertices"] for layer in told["layers"])
    assert all(figure["fence"] and figure["shape"] and not figure["problem"] for figure in told["figures"])
    assert (await desk.get("/fences")).json()["items"] == []


@pytest.mark.parametrize(("name", "content", "params"), FORMATS)
async def test_a_draft_is_drawn_from_what_was_previewed(
    desk: Desk, name: str, content: bytes, params: dict[str, Parameter]
) -> None:
    told = (await preview(desk, content, **ALL, **params)).json()
    (line, *_) = [one for one in told["figures"] if one["kind"] == "line"]
    fence_id = await desk.draw(line["shape"], name=name, crs=told["crs"])
    shown = (await desk.get(f"/fences/{fence_id}/versions/1")).json()
    assert shown["shape"] == line["shape"]
    assert shown["version"]["area_m2"] == pytest.approx(line["fence"]["area_m2"], rel=1e-3)
    further = await desk.post(f"/fences/{fence_id}/versions", {"crs": told["crs"], "shape": line["shape"]})
    assert (further.status_code, further.json()["number"]) == (201, 2)


@pytest.mark.parametrize(("name", "content", "params"), FORMATS)
async def test_every_format_is_imported_all_or_none(
    desk: Desk, name: str, content: bytes, params: dict[str, Parameter]
) -> None:
    told = (await preview(desk, content, **ALL, **params)).json()
    answer = await desk.upload(content, **ALL, **params, name=name, dry_run="false", digest=told["digest"])
    assert answer.status_code == 200, answer.text
    made = answer.json()["fences"]
    assert len(made) == told["figures_found"]
    listed = (await desk.get("/fences")).json()["items"]
    assert {one["made"]["fence_id"] for one in made} == {one["id"] for one in listed}
    again = await desk.upload(content, **ALL, **params, name=name, dry_run="false")
    assert (again.status_code, again.json()["code"]) == (409, "geofences.name_taken")
    assert len((await desk.get("/fences")).json()["items"]) == len(listed)


async def test_another_file_than_the_previewed_one_is_refused(desk: Desk) -> None:
    answer = await desk.upload(files.kml(), crs="wgs84", **ALL, digest="0" * 64)
    assert (answer.status_code, answer.json()["code"]) == (409, "geofences.file_changed")


async def test_layers_are_listed_and_chosen(desk: Desk) -> None:
    told = (await preview(desk, files.dxf(), crs="EPSG:4547", left_m=20, right_m=20, layer="ROAD")).json()
    assert [(one["name"], one["areas"], one["lines"], one["chosen"]) for one in told["layers"]] == [
        ("SITE", 1, 0, False),
        ("ROAD", 0, 1, True),
    ]
    assert [one["layer"] for one in told["figures"]] == ["ROAD"]
    imported = await desk.upload(
        files.dxf(), crs="EPSG:4547", left_m=20, right_m=20, layer="ROAD", name="主线", dry_run="false"
    )
    assert [one["name"] for one in imported.json()["fences"]] == ["主线"]


async def test_words_come_in_the_caller_s_language(desk: Desk) -> None:
    for language, words in (("zh-CN", "建议半宽"), ("en", "A half-width of")):
        path, headers = desk.path("/fence-file-previews"), desk.headers() | {"Accept-Language": language}
        answer = await desk.client.post(path, content=files.gpx(), headers=headers, params={"crs": "wgs84"})
        *_, walked = answer.json()["figures"]
        assert words in walked["suggestion"]["reason"]
        assert "{" not in walked["suggestion"]["reason"]
        assert walked["problem"]["code"] == "geofences.width_missing"


async def test_without_a_system_the_evidence_is_told(desk: Desk) -> None:
    told = (await preview(desk, files.csv(), left_m=20, right_m=20)).json()
    assert (told["crs"], told["bounds"]) == (None, None)
    assert (told["evidence"]["order"], told["evidence"]["zone_prefix"]) == ("yx", 38)
    assert "EPSG:4526" in told["warnings"][0]["title"]
    answer = await desk.upload(files.csv(), left_m=20, right_m=20)
    assert (answer.status_code, answer.json()["code"]) == (422, "geofences.system_missing")


async def test_a_file_that_fits_only_under_another_datum_is_refused(desk: Desk) -> None:
    made = (await desk.upload(metro(WGS84), crs="wgs84", left_m=50, right_m=50, dry_run="false")).json()["fences"]
    wrong: dict[str, Parameter] = {"crs": "wgs84", "left_m": 50, "right_m": 50}
    assert (await preview(desk, metro(GCJ02), **wrong)).status_code == 200, "a draft is no knowledge yet"
    await desk.publish(made[0]["made"]["fence_id"])
    for answer in (await preview(desk, metro(GCJ02), **wrong), await desk.upload(metro(GCJ02), **wrong)):
        problem = answer.json()
        assert (answer.status_code, problem["code"]) == (422, "geofences.datum_suspected")
        assert (problem["declared"], problem["suspected"], problem["suspected_distance_m"]) == ("wgs84", "gcj02", 0.0)
        assert problem["moved_m"] == pytest.approx(590, abs=60)
        assert problem["declared_distance_m"] > 150
    assert (await preview(desk, metro(GCJ02), **wrong | {"crs": "gcj02"})).status_code == 200
    assert (await preview(desk, metro(GCJ02), **wrong, datum_checked="true")).status_code == 200


async def test_a_foreign_project_is_unknown_before_the_body_is_read(desk: Desk) -> None:
    other = await make_project(desk.database)
    stranger = await make_officer(desk.database, "project_admin", project_id=other.id)

    async def unread() -> AsyncIterator[bytes]:
        pytest.fail("the body was asked for")
        yield b""

    for path in ("/fence-file-previews", "/fence-imports"):
        answer = await desk.client.post(desk.path(path), content=unread(), headers=desk.headers(stranger))
        assert (answer.status_code, answer.json()["code"]) == (404, "sites.project_unknown")


async def test_no_connection_is_held_while_the_body_arrives(desk: Desk, app: Litestar) -> None:
    held: list[int] = []

    async def body() -> AsyncIterator[bytes]:
        for index in range(0, len(files.kml()), 200):
            held.append(app.state.database.engine.pool.checkedout())
            yield files.kml()[index : index + 200]

    assert (await preview(desk, body(), crs="wgs84", **ALL)).status_code == 200
    assert len(held) > 2
    assert set(held) == {0}


BOMB = '<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
# Made when they are needed: some are large before they are packed.
HOSTILE: list[tuple[str, Callable[[], bytes], str]] = [
    ("zip bomb", files.zip_bomb, "geofences.archive_refused"),
    ("zip in zip", lambda: files.zipped({"a.zip": files.zip_bomb(size=1_000_000)}), "geofences.archive_refused"),
    ("zip path", lambda: files.zipped({"../../etc/cron.d/x.kml": files.kml()}), "geofences.archive_refused"),
    ("entities", lambda: files.kml(head=BOMB), "geofences.xml_refused"),
    ("deep xml", lambda: b"<kml>" + b"<Folder>" * 200_000, "geofences.xml_refused"),
    ("deep json", lambda: b"[" * 500_000, "geofences.geojson_invalid"),
    ("truncated", lambda: files.kml()[:-40], "geofences.file_unreadable"),
    ("half a zip", lambda: files.zipped(files.shapes())[:900], "geofences.archive_refused"),
    ("html", lambda: b"<html><body>log in</body></html>", "geofences.format_unknown"),
    ("dwg", lambda: b"AC1032" + bytes(500), "geofences.format_unknown"),
    ("memory", lambda: files.zipped({"a.json": b"[" + b"[]," * 50_000_000 + b"[]]"}), "geofences.file_exhausting"),
    ("million", lambda: files.zipped({"a.csv": b"114.3,30.6\n" * 1_000_001}), "geofences.too_many_positions"),
]


@pytest.mark.parametrize(("content", "code"), [one[1:] for one in HOSTILE], ids=[one[0] for one in HOSTILE])
async def test_hostile_files_are_refused(desk: Desk, content: Callable[[], bytes], code: str) -> None:
    before = await count_rows(desk.database, desk.project.id)
    answer = await preview(desk, content(), crs="wgs84")
    assert (answer.status_code, answer.json()["code"]) == (422, code), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert await count_rows(desk.database, desk.project.id) == before


async def test_a_body_beyond_the_limit_is_cut_off(desk: Desk) -> None:
    async def endless() -> AsyncIterator[bytes]:
        sent = 0
        while sent < MAX_BYTES + 10_000_000:
            sent += 1_000_000
            yield b" " * 1_000_000
        pytest.fail("the server listened to the end")

    answer = await preview(desk, endless(), crs="wgs84")
    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")


@pytest.mark.parametrize(
    "params",
    [{"crs": "utm"}, {"left_m": "nan"}, {"cap": "square"}, {"file_format": "shp"}, {"digest": "x"}, {"rows": "all"}],
)
async def test_odd_wishes_are_refused(desk: Desk, params: dict[str, Any]) -> None:
    answer = await desk.upload(files.kml(), **params)
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
