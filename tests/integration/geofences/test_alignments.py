"""Alignments over HTTP: made, realigned, asked; PostGIS is the oracle of their chainages."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from backend.kit.clock import ManualClock
from backend.kit.db import Tx
from geofences.alignment import AlignmentPlan, StakePlan, alignment_of, build_alignment, place_at, places_near
from geofences.coordinates import GCJ02, WGS84, CoordinateSystem, from_wgs84
from geofences.stationing import Equation
from tests.integration.geofences.conftest import Desk
from tests.support.factories import MADE_AT, make_project, make_section, make_staff
from tests.support.fences import metro_coordinates

LINE = [[114.30, 30.60], [114.32, 30.60], [114.32, 30.61]]
SHORT = {"back": "K3+000", "ahead": "K3+200"}


def body(**changes: Any) -> dict[str, Any]:
    values = {"name": "主线", "prefix": "K", "crs": "wgs84", "coordinates": LINE, "start": "K2+000"}
    return {**values, **changes}


async def make(desk: Desk, **changes: Any) -> dict[str, Any]:
    answer = await desk.post("/alignments", body(**changes))
    assert answer.status_code == 201, answer.text
    return answer.json()


async def test_an_alignment_is_made_listed_and_shown(desk: Desk) -> None:
    made = await make(desk, equations=[SHORT])
    (version,) = made["versions"]
    line = version["line"]
    assert (line["begin"], line["from_m"]) == ("K2+000.000", 2_000.0)
    assert [branch["mark"] for branch in line["branches"]] == ["A", "B"]
    assert (line["branches"][0]["end"], line["branches"][1]["begin"]) == ("K3+000.000", "K3+200.000")
    listed = (await desk.get("/alignments")).json()["alignments"]
    assert [(one["id"], one["latest_number"], one["number_in_force"]) for one in listed] == [(made["id"], 1, 1)]
    shown = (await desk.get(f"/alignments/{made['id']}")).json()
    assert shown == {**made, "carriageway": "whole"}
    whole = (await desk.get(f"/alignments/{made['id']}/versions/1")).json()
    assert whole["coordinates"][0] == [114.30, 30.60, 2_000.0]
    assert whole["coordinates"][-1][2] == line["to_m"]
    assert whole["declared"]["equations"] == [SHORT]
    again = await desk.post("/alignments", body())
    assert (again.status_code, again.json()["code"]) == (409, "alignments.name_taken")


async def test_a_preview_tells_the_residuals_and_stores_nothing(desk: Desk) -> None:
    asked = {name: value for name, value in body().items() if name != "name"}
    stakes = [{"label": "K2+955", "x": 114.31, "y": 30.60}, {"label": "K3+925", "x": 114.32, "y": 30.6001}]
    answer = await desk.post("/alignment-previews", {**asked, "stakes": stakes})
    assert answer.status_code == 200, answer.text
    told = answer.json()["stakes"]
    assert [one["label"] for one in told] == ["K2+955", "K3+925"]
    assert all(abs(one["residual_m"]) < 10 and abs(one["shift_m"]) < 10 for one in told)
    assert (await desk.get("/alignments")).json() == {"alignments": []}
    off = [{"label": "K2+955", "x": 114.31, "y": 30.605}]
    refused = await desk.post("/alignment-previews", {**asked, "stakes": off})
    assert (refused.status_code, refused.json()["code"]) == (422, "alignments.stake_far_off")
    assert refused.json()["offset_m"] == pytest.approx(554, abs=2)


async def test_labels_are_found_by_prefix_and_refused_with_what_they_could_mean(desk: Desk) -> None:
    left = await make(desk, name="左线", prefix="ZK", start="ZK2+000", carriageway="left")
    await make(desk, name="右线", prefix="YK", start="YK2+000", equations=[{"back": "YK3+000", "ahead": "YK2+900"}])
    found = (await desk.get("/chainages", label="ZK2+500")).json()
    assert (found["alignment_id"], found["label"], found["chainage_m"]) == (left["id"], "ZK2+500.000", 2_500.0)
    assert found["lon"] == pytest.approx(114.3052, abs=1e-4)
    for label, code, told in (
        ("K2+500", "alignments.prefix_unknown", {"prefix": "K"}),
        ("YK2+950", "alignments.chainage_ambiguous", {"meant": "YK2+950.000A、YK2+950.000B"}),
        ("ZK1+999", "alignments.chainage_beyond", {"begin": "ZK2+000.000"}),
        ("YK2+500B", "alignments.branch_unknown", {"marks": "A"}),
        ("12345", "geofences.chainage_invalid", {}),
    ):
        answer = await desk.get("/chainages", label=label)
        assert answer.json()["code"] == code, answer.text
        assert told.items() <= answer.json().items()
    assert (await desk.get("/chainages", label="YK2+950B")).json()["chainage_m"] == 3_050.0


async def test_in_the_gap_of_a_short_chain_the_error_says_its_ends(desk: Desk) -> None:
    await make(desk, equations=[SHORT])
    answer = await desk.get("/chainages", label="K3+100")
    assert answer.status_code == 422
    told = answer.json()
    assert (told["code"], told["back"], told["ahead"]) == ("alignments.chainage_in_gap", "K3+000.000", "K3+200.000")
    assert "K3+000.000" in told["title"]


async def test_two_lines_with_one_prefix_need_the_line_or_the_section(desk: Desk) -> None:
    main, branch = await make(desk), await make(desk, name="支线")
    answer = await desk.get("/chainages", label="K2+500")
    assert (answer.json()["code"], answer.json()["names"]) == ("alignments.prefix_ambiguous", "主线、支线")
    one = await desk.get("/chainages", label="K2+500", alignment_id=branch["id"])
    assert one.json()["alignment_name"] == "支线"
    section = await make_section(desk.database, desk.project.id)
    ranges = [{"alignment_id": main["id"], "begin": "K2+100", "end": "K2+900"}]
    put = await desk.client.put(
        desk.path(f"/sections/{section}/ranges"), json={"ranges": ranges}, headers=desk.headers()
    )
    assert put.json()["ranges"] == [{"alignment_id": main["id"], "begin": "K2+100.000", "end": "K2+900.000"}]
    assert (await desk.get(f"/sections/{section}/ranges")).json() == put.json()
    by_section = await desk.get("/chainages", label="K2+500", section_id=str(section))
    assert by_section.json()["alignment_name"] == "主线"


async def test_ranges_that_cannot_be_are_refused_and_change_nothing(desk: Desk) -> None:
    made = await make(desk, equations=[SHORT])
    section = await make_section(desk.database, desk.project.id)

    async def put(*ranges: tuple[str, str], alignment: str = made["id"]) -> Any:
        told = [{"alignment_id": alignment, "begin": begin, "end": end} for begin, end in ranges]
        path = desk.path(f"/sections/{section}/ranges")
        return await desk.client.put(path, json={"ranges": told}, headers=desk.headers())

    assert (await put(("K2+100", "K3+000"), ("K3+200", "K3+500"))).status_code == 200
    for ranges, code in (
        ([("K2+100", "K2+100")], "alignments.stretch_reversed"),
        ([("K2+100", "K3+100")], "alignments.chainage_in_gap"),
        ([("K2+100", "K2+500"), ("K2+400", "K2+900")], "alignments.stretches_overlap"),
    ):
        answer = await put(*ranges)
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert (await put(("K2+100", "K2+500"), alignment=str(uuid4()))).status_code == 404
    kept = (await desk.get(f"/sections/{section}/ranges")).json()["ranges"]
    assert [(one["begin"], one["end"]) for one in kept] == [("K2+100.000", "K3+000.000"), ("K3+200.000", "K3+500.000")]
    assert (await put()).json()["ranges"] == []


async def test_a_realignment_takes_over_and_the_past_keeps_its_labels(desk: Desk, clock: ManualClock) -> None:
    made = await make(desk)
    before = clock.now()
    clock.advance(timedelta(days=1))
    line = {"crs": "wgs84", "coordinates": [[114.30, 30.60], [114.33, 30.60]], "start": "K5+000"}
    answer = await desk.post(f"/alignments/{made['id']}/versions", line)
    assert answer.status_code == 201, answer.text
    assert answer.json()["number"] == 2
    assert (await desk.get("/chainages", label="K5+100")).json()["version"] == 2
    gone = await desk.get("/chainages", label="K2+100")
    assert gone.json()["code"] == "alignments.chainage_beyond"
    then = await desk.get("/chainages", label="K2+100", at=before.isoformat())
    assert then.json()["version"] == 1
    first, second = (await desk.get(f"/alignments/{made['id']}")).json()["versions"][::-1]
    assert first["valid_until"] == second["valid_from"]
    early = await desk.post(f"/alignments/{made['id']}/versions", {**line, "valid_from": before.isoformat()})
    assert (early.status_code, early.json()["code"]) == (409, "alignments.backdated")
    unborn = await desk.get("/chainages", label="K2+100", alignment_id=made["id"], at="2020-01-01T00:00:00Z")
    assert (unborn.status_code, unborn.json()["code"]) == (404, "alignments.not_in_force")


async def test_a_version_of_an_alignment_never_changes(tx: Tx) -> None:
    project, staff = await make_project(tx), await make_staff(tx)
    ids = {"project": project.id, "id": uuid4(), "staff": staff, "at": MADE_AT}
    one = build_alignment(AlignmentPlan(system=WGS84, line=LINE, prefix="K", start="K0+000"))
    await store(tx, ids, one)
    for change, wall in (
        ("crs = 'gcj02'", "permission denied"),
        ("valid_during = tstzrange(lower(valid_during) - interval '1 day', NULL)", "cannot change"),
    ):
        with pytest.raises(DBAPIError, match=wall):
            async with tx.begin_nested():
                await tx.execute(text(f"UPDATE alignment_version SET {change} WHERE id = :id"), ids)
    await tx.execute(
        text("UPDATE alignment_version SET valid_during = tstzrange(lower(valid_during), now()) WHERE id = :id"), ids
    )


async def test_a_corridor_on_an_alignment_answers_with_labels_and_keeps_its_version(desk: Desk) -> None:
    made = await make(desk, equations=[SHORT])
    shape = {
        "kind": "aligned_corridor",
        "alignment_id": made["id"],
        "begin": "K2+100",
        "end": "K4+000",
        "widths": [{"left_m": 10.0, "right_m": 10.0}, {"begin": "K3+200", "left_m": 30.0, "right_m": 5.0}],
        "areas": [{"purpose": "camp", "coordinates": [[[114.31, 30.602], [114.311, 30.602], [114.311, 30.603]]]}],
    }
    preview = await desk.post("/fence-previews", {"crs": "wgs84", "shape": shape})
    assert (preview.json()["kind"], preview.json()["parts"]) == ("corridor", 2)
    fence = await desk.draw(shape)
    assert (await desk.publish(fence)).status_code == 200
    shown = (await desk.get(f"/fences/{fence}/versions/1")).json()["shape"]
    assert (shown["kind"], shown["alignment_version"], shown["begin"]) == ("aligned_corridor", 1, "K2+100")
    ask = {"crs": "wgs84", "x": 114.3150, "y": 30.60005, "accuracy_m": 8.0}
    answer = (await desk.post("/fence-evaluations", ask)).json()
    # 1 437 m from the beginning, and 200 m of labels that are missing.
    assert answer["chainage"].startswith("K3+63")
    assert answer["places"][0]["chainage"] == answer["chainage"]
    assert answer["chainage_m"] == pytest.approx(3_437, abs=3)
    wrong = await desk.post("/fences", {"name": "错", "crs": "wgs84", "shape": {**shape, "begin": "K3+100"}})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "alignments.chainage_in_gap")


async def test_work_faces_are_opened_changed_and_listed_by_day(desk: Desk) -> None:
    made = await make(desk)
    shape = {"kind": "aligned_corridor", "alignment_id": made["id"], "widths": [{"left_m": 10.0, "right_m": 10.0}]}
    fence = await desk.draw(shape)
    face = {"name": "1号面", "begin": "K2+100", "end": "K2+300", "from_on": "2026-03-01"}
    opened = await desk.post(f"/fences/{fence}/work-faces", face)
    assert opened.status_code == 201, opened.text
    path = desk.path(f"/fences/{fence}/work-faces/{opened.json()['id']}")
    ended = await desk.client.put(path, json={**face, "to_on": "2026-03-10"}, headers=desk.headers())
    assert ended.json()["to_on"] == "2026-03-10"
    for day, count in (("2026-02-28", 0), ("2026-03-01", 1), ("2026-03-10", 1), ("2026-03-11", 0)):
        assert len((await desk.get(f"/fences/{fence}/work-faces", on=day)).json()["items"]) == count
    reversed_ = await desk.client.put(path, json={**face, "to_on": "2026-02-01"}, headers=desk.headers())
    assert (reversed_.status_code, reversed_.json()["code"]) == (422, "alignments.face_dates_reversed")
    circle = {"kind": "circle", "coordinates": [114.3, 30.6], "radius_m": 50.0}
    other = await desk.draw(circle, name="圆")
    refused = await desk.post(f"/fences/{other}/work-faces", face)
    assert (refused.status_code, refused.json()["code"]) == (422, "alignments.fence_without_axis")


async def store(tx: Tx, ids: dict[str, Any], one: Any) -> None:
    await tx.execute(
        text(
            """
            INSERT INTO alignment (project_id, id, name, prefix, carriageway, created_by, created_at)
            VALUES (:project, :id, '线', 'K', 'whole', :staff, :at)
            """
        ),
        ids,
    )
    await tx.execute(
        text(
            """
            INSERT INTO alignment_version (project_id, id, alignment_id, number, crs, drawing, drawing_digest,
              zone_srid, line, from_m, to_m, equation_back_m, equation_ahead_m, stakes, valid_during, created_by,
              created_at)
            VALUES (:project, :id, :id, 1, 'wgs84', '{}', decode(repeat('00', 32), 'hex'), :zone,
              ST_GeomFromWKB(:line, 4326), :from_m, :to_m, '{}', '{}', '[]', tstzrange(:at, NULL), :staff, :at)
            """
        ),
        {
            **ids,
            "zone": one.zone,
            "line": one.wkb,
            "from_m": float(one.chainage_m[0]),
            "to_m": float(one.chainage_m[-1]),
        },
    )


ORACLE = text(
    """
    SELECT ST_X(at.geom), ST_Y(at.geom),
      ST_InterpolatePoint(ST_Transform(line, zone_srid), ST_Transform(:point, zone_srid)),
      ST_Distance(ST_Transform(line, zone_srid), ST_Transform(:point, zone_srid)),
      ST_LineLocatePoint(ST_Transform(line, zone_srid), ST_Transform(:point, zone_srid)),
      ST_AsBinary(line)
    FROM alignment_version, LATERAL ST_Dump(ST_LocateAlong(line, :chainage)) at
    WHERE id = :id LIMIT 1
    """.replace(":point", "ST_SetSRID(ST_MakePoint(:lon, :lat), 4326)")
)


@pytest.mark.parametrize("system", [WGS84, GCJ02], ids=lambda system: system.code)
async def test_postgis_says_the_same_of_the_metro_line(tx: Tx, system: CoordinateSystem) -> None:
    """ST_LocateAlong, ST_InterpolatePoint and ST_LineLocatePoint over a line with stakes that bend its chainage."""
    rng = np.random.default_rng(3)
    plain = build_alignment(AlignmentPlan(system=system, line=metro_coordinates(system), prefix="K", start="K1+000"))
    stakes: list[StakePlan] = []
    for ground_m in (2_500.0, 9_000.0, 21_000.0, 33_333.0):
        x, y = from_wgs84(system, *place_at(plain, 1_000.0 + ground_m))
        label = f"K{int(1_000 + ground_m + 8) // 1000}+{(1_000 + ground_m + 8) % 1000:07.3f}"
        stakes.append(StakePlan(label, float(x), float(y)))
    one = build_alignment(
        AlignmentPlan(system=system, line=metro_coordinates(system), prefix="K", start="K1+000", stakes=stakes)
    )
    project, staff = await make_project(tx), await make_staff(tx)
    ids = {"project": project.id, "id": uuid4(), "staff": staff, "at": MADE_AT}
    await store(tx, ids, one)
    for share in rng.uniform(0.0, 1.0, 150).tolist():
        chainage_m = float(one.chainage_m[0]) + share * one.length_m
        lon, lat = place_at(one, chainage_m)
        off_lon, off_lat = lon + float(rng.normal(0.0, 2e-4)), lat + float(rng.normal(0.0, 2e-4))
        values = {"id": ids["id"], "chainage": chainage_m, "lon": off_lon, "lat": off_lat}
        their_lon, their_lat, their_m, distance_m, part, line = (await tx.execute(ORACLE, values)).one()
        assert (lon, lat) == pytest.approx((their_lon, their_lat), abs=1e-9)
        (near, *_) = places_near(one, off_lon, off_lat, 500.0)
        assert near.chainage_m == pytest.approx(their_m, abs=0.01)
        assert near.distance_m == pytest.approx(distance_m, abs=1e-4)
        # Their part is of the length in the plane, ours of the chainages, which the stakes bend by 8 m.
        assert (near.chainage_m - one.chainage_m[0]) / one.length_m == pytest.approx(part, abs=6e-4)
        assert bytes(line) == one.wkb
    again = alignment_of(one.wkb, "K", (Equation(5_000.0, 6_000.0),), one.zone)
    assert again.stationing.read("K6+001") == pytest.approx(5_001.0)


async def test_what_is_stored_is_measured_and_valid(desk: Desk) -> None:
    made = await make(desk)
    async with desk.database.transaction() as tx:
        row = (
            await tx.execute(
                text(
                    "SELECT ST_IsValidTrajectory(line), ST_M(ST_StartPoint(line)), ST_Length(line::geography), "
                    "ST_M(ST_EndPoint(line)) - from_m FROM alignment_version WHERE alignment_id = :id"
                ),
                {"id": UUID(made["id"])},
            )
        ).one()
    assert (row[0], row[1]) == (True, 2_000.0)
    assert row[2] == pytest.approx(row[3], abs=0.001)
