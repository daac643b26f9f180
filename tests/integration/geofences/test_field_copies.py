"""Staff see what phones will get, and publication stores it."""

import msgspec
from sqlalchemy import select

from geofences.coordinates import WGS84
from geofences.field_copy import FORM, LIMIT_BYTES, FieldCopy
from geofences.tables import FenceCopy
from tests.integration.geofences.conftest import Desk
from tests.support.fences import metro_coordinates

LINE = {
    "kind": "corridor",
    "coordinates": metro_coordinates(WGS84),
    "widths": [{"from_m": 0, "to_m": None, "left_m": 50, "right_m": 50}],
    "start_m": 1000,
}


async def test_a_draft_s_copy_is_shown_and_publication_stores_the_same(desk: Desk) -> None:
    fence_id = await desk.draw(LINE)
    path = f"/fences/{fence_id}/versions/1/field-copy"
    shown = (await desk.get(path)).json()
    assert shown["small_enough"] is True
    assert shown["copy_bytes"] == len(msgspec.json.encode(shown["copy"])) < shown["limit_bytes"] == LIMIT_BYTES
    assert shown["vertices"] < shown["published_vertices"]
    async with desk.database.transaction() as tx:
        assert (
            await tx.execute(select(FenceCopy.version_id).where(FenceCopy.project_id == desk.project.id))
        ).all() == []

    assert (await desk.publish(fence_id)).status_code == 200
    async with desk.database.transaction() as tx:
        columns = (FenceCopy.form, FenceCopy.fits, FenceCopy.vertices, FenceCopy.made_at, FenceCopy.body)
        stored = (await tx.execute(select(*columns).where(FenceCopy.project_id == desk.project.id))).one()
        assert (stored.form, stored.fits, stored.vertices) == (FORM, True, shown["vertices"])
        assert stored.made_at == desk.clock.now()
        assert msgspec.json.decode(stored.body, type=FieldCopy) == msgspec.convert(shown["copy"], FieldCopy)
    assert (await desk.get(path)).json() == shown


async def test_the_copy_of_an_unknown_version_is_not_found(desk: Desk) -> None:
    fence_id = await desk.draw(LINE)
    assert (await desk.get(f"/fences/{fence_id}/versions/2/field-copy")).json()["code"] == "geofences.version_unknown"
