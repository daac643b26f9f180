"""Reference photos: taken by one office, approved by another, disputed, renewed, and gone after the exit."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from litestar import Litestar
from sqlalchemy import select, text, update
from sqlalchemy.exc import DBAPIError

from backend.evidence.references.model import EXIT_GRACE
from backend.evidence.references.queries import find_in_force
from backend.evidence.references.tables import FaceReferencePhotos, FaceReferenceStep
from backend.evidence.references.taking import purge_references
from backend.identity.consents.service import withdraw
from backend.identity.tables import AuditEvent
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from backend.sites.tables import Assignment
from tests.support.erasures import erasures_of
from tests.support.factories import bearer, grant_role, make_staff
from tests.support.forms import form
from tests.support.liveness import consent, picture
from tests.support.phones import Ground, make_ground

Office = Callable[[str], dict[str, str]]
Take = Callable[..., Awaitable[Response]]


@pytest.fixture
async def ground(database: Database, keys: MemoryKeyRing, clock: ManualClock) -> Ground:
    made = await make_ground(database, keys, clock.now())
    async with database.transaction() as tx:
        await consent(tx, made.owner.person_id, made.owner.phone_id, clock.now())
    return made


@pytest.fixture
async def office(ground: Ground, database: Database, keys: MemoryKeyRing, clock: ManualClock) -> Office:
    """Give the headers of an account of an office for the ground's project."""
    made: dict[str, UUID] = {}
    async with database.transaction() as tx:
        for role in ("project_admin", "district", "city"):
            made[role] = await make_staff(tx)
            rows = {
                "project_admin": {"project_id": ground.project.id},
                "district": {"district_id": ground.project.district_id},
            }.get(role, {})
            await grant_role(tx, made[role], role, **rows)
    return lambda role: bearer(keys, clock.now(), made[role], role)


@pytest.fixture
def place(ground: Ground) -> str:
    return f"/admin/v1/projects/{ground.project.id}/people/{ground.owner.person_id}/face-references"


@pytest.fixture
def take(client: AsyncClient, office: Office, place: str) -> Take:
    async def taken(*photos: bytes) -> Response:
        media_type, body = form([("photo", one) for one in photos or (picture(),)])
        return await client.post(place, content=body, headers={**office("project_admin"), "Content-Type": media_type})

    return taken


async def in_force(database: Database, ground: Ground) -> UUID | None:
    async with database.transaction() as tx:
        found = await find_in_force(tx, ground.owner.person_id)
    return None if found is None else found.id


async def steps_of(database: Database, reference_id: str) -> list[str]:
    async with database.transaction() as tx:
        rows = await tx.scalars(
            select(FaceReferenceStep.step)
            .where(FaceReferenceStep.reference_id == UUID(reference_id))
            .order_by(FaceReferenceStep.seq)
        )
        return list(rows)


async def is_kept(database: Database, reference_id: str) -> bool:
    async with database.transaction() as tx:
        found = await tx.scalar(
            select(FaceReferencePhotos.reference_id).where(FaceReferencePhotos.reference_id == UUID(reference_id))
        )
    return found is not None


async def test_photos_are_used_once_another_office_has_approved_them(
    client: AsyncClient, take: Take, office: Office, place: str, ground: Ground, database: Database
) -> None:
    taken = await take(picture(), picture())
    assert taken.status_code == 201, taken.text
    told = taken.json()
    assert (told["state"], told["photos"], told["facts"]) == (
        "awaiting",
        2,
        {"faces": "not_evaluated", "why": "off"},
    )
    assert await in_force(database, ground) is None
    path = f"{place}/{told['reference_id']}"
    own = await client.post(f"{path}/approval", json={"reason": "符合"}, headers=office("project_admin"))
    assert own.status_code == 403
    approved = await client.post(f"{path}/approval", json={"reason": "符合"}, headers=office("district"))
    assert approved.json()["state"] == "approved"
    assert await in_force(database, ground) == UUID(told["reference_id"])
    again = await client.post(f"{path}/approval", json={"reason": "符合"}, headers=office("city"))
    assert (again.status_code, again.json()["code"]) == (409, "evidence.reference_settled")


async def test_whoever_took_photos_does_not_approve_them_in_another_office(
    client: AsyncClient,
    place: str,
    ground: Ground,
    database: Database,
    keys: MemoryKeyRing,
    clock: ManualClock,
) -> None:
    async with database.transaction() as tx:
        both = await make_staff(tx)
        await grant_role(tx, both, "project_admin", project_id=ground.project.id)
        await grant_role(tx, both, "district", district_id=ground.project.district_id)
    headers = bearer(keys, clock.now(), both, "project_admin", "district")
    media_type, body = form([("photo", picture())])
    told = (await client.post(place, content=body, headers={**headers, "Content-Type": media_type})).json()
    refused = await client.post(f"{place}/{told['reference_id']}/approval", json={"reason": "符合"}, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (403, "evidence.reference_own")


async def test_photos_are_shown_without_metadata_and_the_look_is_on_record(
    client: AsyncClient, take: Take, office: Office, place: str, database: Database
) -> None:
    reference_id = (await take(picture())).json()["reference_id"]
    shown = await client.get(f"{place}/{reference_id}/photos/1", headers=office("district"))
    assert shown.status_code == 200
    assert shown.headers["Cache-Control"] == "private, no-store"
    assert shown.content.startswith(b"\xff\xd8")
    assert (await client.get(f"{place}/{reference_id}/photos/2", headers=office("district"))).status_code == 404
    async with database.transaction() as tx:
        acts = await tx.scalars(
            select(AuditEvent.action).where(AuditEvent.object_id == reference_id).order_by(AuditEvent.at)
        )
        assert sorted(acts) == ["face_reference.shown", "face_reference.taken"]


@pytest.mark.parametrize(
    ("photos", "reason"),
    [([b"no picture"], "format"), ([b"\xff\xd8\xff\xe0 broken"], "broken"), ([b""], "empty")],
)
async def test_what_is_no_photo_is_refused(photos: list[bytes], reason: str, take: Take) -> None:
    refused = await take(*photos)
    assert (refused.status_code, refused.json()["reason"], refused.json()["number"]) == (422, reason, 1)


async def test_more_than_three_photos_are_refused(take: Take) -> None:
    assert (await take(*(picture() for _ in range(4)))).status_code == 400


async def test_new_photos_end_the_old_ones_and_their_pictures_go(
    client: AsyncClient, take: Take, office: Office, place: str, ground: Ground, database: Database, app: Litestar
) -> None:
    made: list[str] = []
    for _ in range(2):
        made.append((await take()).json()["reference_id"])
        path = f"{place}/{made[-1]}/approval"
        assert (await client.post(path, json={"reason": "符合"}, headers=office("district"))).status_code == 200
    first, second = made
    assert await in_force(database, ground) == UUID(second)
    assert await steps_of(database, first) == ["approved", "superseded"]
    await purge_references(app.state.reference_tools)
    assert await steps_of(database, first) == ["approved", "superseded", "deleted"]
    assert (await is_kept(database, first), await is_kept(database, second)) == (False, True)
    assert [(one[0], len(one[2])) for one in await erasures_of(database, first)] == [("reference", 1)]
    assert await erasures_of(database, second) == []
    gone = await client.get(f"{place}/{first}/photos/1", headers=office("district"))
    assert gone.status_code == 404


async def test_a_person_disputes_photos_and_another_office_decides(
    client: AsyncClient,
    take: Take,
    office: Office,
    place: str,
    ground: Ground,
    database: Database,
    clock: ManualClock,
) -> None:
    reference_id = (await take()).json()["reference_id"]
    body: dict[str, Any] = {"reference_id": reference_id, "reason": "不是我"}
    me = ground.owner.headers(clock.now())
    early = await client.post("/mobile/v1/face-references/dispute", json=body, headers=me)
    assert early.status_code == 409
    await client.post(f"{place}/{reference_id}/approval", json={"reason": "符合"}, headers=office("district"))
    wish = await client.post("/mobile/v1/face-references/renewal", json=body, headers=me)
    assert wish.json()["state"] == "approved"
    disputed = await client.post("/mobile/v1/face-references/dispute", json=body, headers=me)
    assert disputed.json()["state"] == "disputed"
    assert await in_force(database, ground) is None
    upheld = await client.post(f"{place}/{reference_id}/approval", json={"reason": "核对无误"}, headers=office("city"))
    assert upheld.json()["state"] == "approved"
    assert await in_force(database, ground) == UUID(reference_id)
    assert [one["step"] for one in upheld.json()["steps"]] == ["approved", "renewal_wanted", "disputed", "upheld"]
    own = await client.get("/mobile/v1/face-references", headers=me)
    assert [one["reference_id"] for one in own.json()["references"]] == [reference_id]


async def test_photos_go_a_month_after_the_last_exit(
    client: AsyncClient, take: Take, office: Office, place: str, ground: Ground, database: Database, app: Litestar
) -> None:
    tools = app.state.reference_tools
    reference_id = (await take()).json()["reference_id"]
    await client.post(f"{place}/{reference_id}/approval", json={"reason": "符合"}, headers=office("district"))
    await purge_references(tools)
    assert await in_force(database, ground) == UUID(reference_id)
    now = tools.clock.now()
    async with database.transaction() as tx:
        await tx.execute(
            update(Assignment)
            .where(Assignment.person_id == ground.owner.person_id)
            .values(to_on=now.date(), exit_confirmed_at=now)
        )
    tools.clock.advance(EXIT_GRACE - timedelta(days=1))
    await purge_references(tools)
    assert await is_kept(database, reference_id)
    tools.clock.advance(timedelta(days=3))
    await purge_references(tools)
    assert not await is_kept(database, reference_id)
    assert await steps_of(database, reference_id) == ["approved", "exit", "deleted"]


@pytest.mark.parametrize("table", ["face_reference", "face_reference_step"])
async def test_steps_are_never_changed(table: str, database: Database) -> None:
    for statement in (f"UPDATE {table} SET project_id = project_id", f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with database.transaction() as tx:
                await tx.execute(text(statement))


async def test_nobody_without_a_post_here_is_photographed(
    client: AsyncClient,
    office: Office,
    ground: Ground,
    database: Database,
    keys: MemoryKeyRing,
    clock: ManualClock,
) -> None:
    elsewhere = await make_ground(database, keys, clock.now())
    media_type, body = form([("photo", picture())])
    path = f"/admin/v1/projects/{ground.project.id}/people/{elsewhere.owner.person_id}/face-references"
    refused = await client.post(path, content=body, headers={**office("project_admin"), "Content-Type": media_type})
    assert (refused.status_code, refused.json()["code"]) == (404, "sites.person_unknown")


async def test_withdrawing_the_consent_ends_the_photos(
    client: AsyncClient, take: Take, office: Office, place: str, ground: Ground, database: Database, app: Litestar
) -> None:
    eraser, tools = app.state.wiring.erasers["face_reference"], app.state.reference_tools
    reference_id = (await take()).json()["reference_id"]
    await client.post(f"{place}/{reference_id}/approval", json={"reason": "符合"}, headers=office("district"))
    async with database.transaction() as tx:
        await withdraw(
            tx,
            ground.owner.person_id,
            ground.owner.phone_id,
            "face_reference",
            language="zh-CN",
            now=tools.clock.now(),
        )
        await eraser.end(tx, ground.owner.person_id, tools.clock.now())
        assert await eraser.look(tx, ground.owner.person_id) is None
    assert await in_force(database, ground) is None
    assert (await take()).json()["code"] == "consent.missing"
    await purge_references(tools)
    assert await steps_of(database, reference_id) == ["approved", "withdrawn", "deleted"]
    async with database.transaction() as tx:
        gone = await eraser.look(tx, ground.owner.person_id)
    assert gone is not None
    assert len(gone.digests) == 1
