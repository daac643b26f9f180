"""Photos that were used before are told at the later punch, with what differs; what is refused or old is told too."""

import hashlib
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from PIL import Image, ImageEnhance

from backend.evidence.photos.comparing import ComparisonTools, compare_uses
from backend.evidence.photos.deleting import delete_what_is_due
from backend.evidence.photos.intake import take_in_waiting
from backend.evidence.photos.uses import Named, note_uses
from tests.support.evidence import House
from tests.support.factories import make_person, make_project
from tests.support.pictures import photo_of, scene, written

DAY = date(2026, 3, 16)


class Site:
    """Punches that name photos, on two projects, by two people."""

    def __init__(self, house: House, people: list[UUID], projects: list[UUID]) -> None:
        """Keep them."""
        self.house, self.people, self.projects = house, people, projects

    async def punch(self, content: bytes, *, who: int = 0, where: int = 0, on: date = DAY, sent: bool = True) -> UUID:
        """Have somebody send a photo and punch with it; return the punch."""
        person, punch = self.people[who], uuid4()
        if sent:
            await self.house.receive(person, content)
        named = Named(
            project_id=self.projects[where],
            punch_id=punch,
            sha256=hashlib.sha256(content).digest(),
            person_id=person,
            device_id=None,
            occurred_at=self.house.clock.now(),
            work_on=on,
            chainage=None,
        )
        async with self.house.database.transaction() as tx:
            await note_uses(tx, [named], self.house.clock.now())
        self.house.clock.advance(timedelta(seconds=1))
        return punch

    async def signals(self) -> list[dict[str, Any]]:
        """Take in, compare, and return the signals."""
        tools = ComparisonTools(database=self.house.database, data_keys=self.house.data_keys, clock=self.house.clock)
        while await take_in_waiting(self.house.intake):
            pass
        await compare_uses(tools)
        return await self.house.rows("SELECT * FROM photo_signal ORDER BY id")


@pytest.fixture
async def site(house: House) -> Site:
    async with house.database.transaction() as tx:
        people = [(await make_person(tx, house.keys)).id for _ in range(2)]
        projects = [(await make_project(tx)).id for _ in range(2)]
    return Site(house, people, projects)


async def test_a_photo_of_another_person_is_told_at_the_later_punch(site: Site) -> None:
    first = await site.punch(photo_of(1), who=0)
    later = await site.punch(photo_of(1), who=1)
    (signal,) = await site.signals()
    assert (signal["punch_id"], signal["kind"], signal["person_id"]) == (later, "photo_reused", site.people[1])
    told = signal["evidence"]
    assert (told["other_punch_id"], told["differs"], told["same_file"]) == (str(first), ["person"], True)
    assert len(await site.signals()) == 1, "each once"


async def test_a_changed_copy_on_another_site_and_day_is_told(site: Site) -> None:
    picture = scene(2, 1200, 900)
    copy = ImageEnhance.Brightness(picture.resize((900, 675))).enhance(1.1)
    await site.punch(written(picture, quality=90))
    await site.punch(written(copy, quality=60), where=1, on=DAY + timedelta(days=1))
    (signal,) = await site.signals()
    assert signal["project_id"] == site.projects[1]
    assert signal["evidence"]["differs"] == ["day", "site"]
    assert not signal["evidence"]["same_file"]


async def test_ones_own_photo_of_yesterday_is_told_once_more_named(site: Site) -> None:
    await site.punch(photo_of(3))
    await site.punch(photo_of(3), on=DAY + timedelta(days=1))
    (signal,) = await site.signals()
    assert signal["evidence"]["differs"] == ["day"]


async def test_other_pictures_and_two_of_one_morning_are_not_told(site: Site) -> None:
    for seed in range(8):
        await site.punch(photo_of(seed), who=seed % 2)
    await site.punch(written(scene(1), quality=70), who=1)  # number 1 was his
    assert await site.signals() == []


async def test_a_photo_that_comes_after_its_punch_is_compared_then(site: Site) -> None:
    await site.punch(photo_of(4), who=0)
    await site.punch(photo_of(4), who=1, sent=False)
    assert await site.signals() == []
    await site.house.receive(site.people[1], photo_of(4))
    (signal,) = await site.signals()
    assert signal["evidence"]["differs"] == ["person"]


async def test_what_cannot_be_used_is_told(site: Site) -> None:
    punch = await site.punch(b"no photo at all")
    (signal,) = await site.signals()
    assert (signal["punch_id"], signal["kind"], signal["evidence"]) == (punch, "photo_refused", {"reason": "format"})


async def test_claims_of_the_metadata_are_told(site: Site) -> None:
    exif = Image.Exif()
    exif[0x0131] = "Adobe Photoshop 25.0"
    exif.get_ifd(0x8769).update({0x9003: "2026:03:16 09:30:00"})
    fine = Image.Exif()
    fine.get_ifd(0x8769).update({0x9003: site.house.clock.now().strftime("%Y:%m:%d %H:%M:%S"), 0x9011: "+00:00"})
    await site.punch(written(scene(6), exif=fine))
    site.house.clock.advance(timedelta(hours=1))
    await site.punch(written(scene(5), exif=exif))
    signals = {row["kind"]: row["evidence"] for row in await site.signals()}
    assert signals == {"photo_old": {"minutes": 60}, "photo_edited": {"software": "Adobe Photoshop 25.0"}}


async def test_a_use_decides_how_long_a_photo_is_kept(site: Site) -> None:
    await site.punch(photo_of(7))
    unused = await site.house.receive(site.people[0], photo_of(8))
    await site.signals()
    site.house.clock.advance(timedelta(days=31))
    await delete_what_is_due(site.house.deletion)
    states = {row["id"]: (row["class"], row["state"]) for row in await site.house.rows("SELECT * FROM photo_file")}
    assert states.pop(unused) == ("unused", "deleted")
    assert list(states.values()) == [("punch", "kept")]
    site.house.clock.advance(timedelta(days=700))
    await delete_what_is_due(site.house.deletion)
    assert {row["state"] for row in await site.house.rows("SELECT state FROM photo_file")} == {"deleted"}
    assert site.house.files() == {}
    assert await site.house.rows("SELECT FROM photo_hash") == []
    assert len(await site.house.rows("SELECT FROM photo_result")) == 2, "digest and result stay"
