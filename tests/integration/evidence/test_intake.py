"""Photos are examined once, sealed, and never lost: whatever they are, and whenever intake is cut off."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from PIL import Image

from backend.evidence.photos import model
from backend.evidence.photos.deleting import end_originals
from backend.evidence.photos.errors import ExaminersBusy, PhotoGone
from backend.evidence.photos.examined import Examination, Facts
from backend.evidence.photos.examiner import Examiner
from backend.evidence.photos.intake import take_in_waiting
from backend.evidence.photos.reading import read_kept
from backend.evidence.uploads import read_photo
from backend.kit.blobs import BlobsAway, BlobStore
from backend.kit.crypto import DecryptionError
from tests.support.erasures import erasures_of
from tests.support.evidence import House
from tests.support.pictures import mean_distance, opened, photo_of, png_of_size, scene, written

FILES = "SELECT * FROM photo_file"


async def kept_of(house: House, photo_id: UUID, *, thumbnail: bool = False) -> bytes:
    return await read_kept(house.database, house.data_keys, house.blobs, photo_id, thumbnail=thumbnail)


async def test_a_photo_is_examined_and_kept_sealed(house: House, person_id: UUID) -> None:
    exif = Image.Exif()
    exif[0x010F] = "HUAWEI"
    content = written(scene(1, 1600, 1200), quality=90, exif=exif)
    photo_id = await house.receive(person_id, content)
    assert await take_in_waiting(house.intake) == 1
    assert await take_in_waiting(house.intake) == 0
    (row,) = await house.rows(FILES)
    assert (row["id"], row["state"], row["class"], row["tries"]) == (photo_id, "kept", "unused", 1)
    (result,) = await house.rows("SELECT * FROM photo_result")
    picture = await kept_of(house, photo_id)
    assert bytes(result["picture_sha256"]) == hashlib.sha256(picture).digest()
    assert (result["outcome"], result["width"], result["picture_width"]) == ("kept", 1600, 1280)
    assert (result["face"], result["notes"]) == ("not_evaluated", [])
    assert set(result["measures"]) == {"sharpness", "brightness", "contrast", "dark_share", "bright_share"}
    assert mean_distance(opened(picture), scene(1, 1600, 1200).resize((1280, 960))) < 8
    assert opened(await kept_of(house, photo_id, thumbnail=True)).size == (240, 180)
    key = house.data_keys.unwrap_once(bytes(row["wrapped_key"]), model.kept_key_label(photo_id))
    facts = key.open(bytes(result["sealed_facts"]), model.facts_label(photo_id))
    assert facts == b'{"make":"HUAWEI"}'
    assert Facts(make="HUAWEI").make == "HUAWEI"
    for stored in house.files().values():
        assert not stored.startswith(b"\xff\xd8\xff")
        assert b"HUAWEI" not in stored
    (hashes,) = await house.rows("SELECT * FROM photo_hash")
    assert hashes["photo_id"] == photo_id


async def test_a_sealed_picture_opens_nowhere_else(house: House, person_id: UUID) -> None:
    first = await house.receive(person_id, photo_of(1))
    second = await house.receive(person_id, photo_of(2))
    await take_in_waiting(house.intake)
    rows = {row["id"]: row for row in await house.rows(FILES)}
    stored = await house.blobs.get(rows[first]["blob"])
    own = house.data_keys.unwrap_once(bytes(rows[first]["wrapped_key"]), model.kept_key_label(first))
    with pytest.raises(DecryptionError):
        own.open(stored, model.thumbnail_label(first))
    with pytest.raises(DecryptionError):
        house.data_keys.unwrap_once(bytes(rows[second]["wrapped_key"]), model.kept_key_label(first))


async def test_the_original_ends_after_the_intake_and_the_person_sees_what_is_kept(
    house: House, person_id: UUID
) -> None:
    content = photo_of(3, 1600, 1200)
    digest = hashlib.sha256(content).digest()
    photo_id = await house.receive(person_id, content)
    assert await read_photo(person_id, digest, tools=house.uploads) == (content, "image/jpeg")
    assert await end_originals(house.deletion) == 0, "nobody looked into it yet"
    await take_in_waiting(house.intake)
    assert await end_originals(house.deletion) == 1
    assert await end_originals(house.deletion) == 0
    (row,) = await house.rows("SELECT p.wrapped_key, f.has_original FROM photo p JOIN photo_file f USING (id)")
    assert (row["wrapped_key"], row["has_original"]) == (None, False)
    ((subject, reason, keys),) = await erasures_of(house.database, photo_id)
    assert (subject, reason.partition(":")[0], len(keys)) == ("original", "retention", 1)
    assert not [name for name in house.files() if name.startswith("photos/")]
    shown, media_type = await read_photo(person_id, digest, tools=house.uploads)
    assert (shown, media_type) == (await kept_of(house, photo_id), "image/jpeg")


async def test_the_same_photo_sent_again_is_not_taken_in_again(house: House, person_id: UUID) -> None:
    await house.receive(person_id, photo_of(4))
    await take_in_waiting(house.intake)
    await end_originals(house.deletion)
    before = house.files()
    await house.receive(person_id, photo_of(4))
    assert await take_in_waiting(house.intake) == 0
    assert house.files() == before


HOSTILE = {
    "format": b"%PDF-1.7 nothing",
    "heic": b"\x00\x00\x00\x18ftypheic" + bytes(100),
    "broken": photo_of(1)[:3000],
    "pixels": png_of_size(9000, 9000, bits=1),
    "one_bit": written(scene(1).convert("1"), "PNG"),
    "animated": written(scene(1), "PNG", save_all=True, append_images=[scene(2)]),
}


async def test_hostile_files_end_with_their_reason_and_none_stops_the_others(house: House, person_id: UUID) -> None:
    told = {reason: await house.receive(person_id, content) for reason, content in HOSTILE.items()}
    good = await house.receive(person_id, photo_of(9))
    assert await take_in_waiting(house.intake) == len(HOSTILE) + 1
    results = {row["photo_id"]: row for row in await house.rows("SELECT * FROM photo_result")}
    assert {reason: results[photo_id]["reason"] for reason, photo_id in told.items()} == {key: key for key in HOSTILE}
    assert results[good]["outcome"] == "kept"
    with pytest.raises(PhotoGone):
        await kept_of(house, told["pixels"])
    states = {row["id"]: (row["state"], row["class"]) for row in await house.rows(FILES)}
    assert states[told["heic"]] == ("refused", "refused")


class Unsteady(BlobStore):
    """A store that is away at the calls that are named."""

    def __init__(self, store: BlobStore, away_at: set[int]) -> None:
        """Count calls from 1."""
        self._store, self._away_at, self.calls = store, away_at, 0

    def _count(self) -> None:
        self.calls += 1
        if self.calls in self._away_at:
            raise BlobsAway

    async def put(self, name: str, content: bytes) -> None:
        """Store, or not."""
        self._count()
        await self._store.put(name, content)

    async def get(self, name: str) -> bytes:
        """Read, or not."""
        self._count()
        return await self._store.get(name)

    async def delete(self, name: str) -> None:
        """Delete, or not."""
        self._count()
        await self._store.delete(name)

    async def names(self, prefix: str) -> list[str]:
        """List, or not."""
        self._count()
        return await self._store.names(prefix)


@pytest.mark.parametrize("call", range(1, 7))
async def test_a_store_that_is_away_loses_nothing(house: House, person_id: UUID, call: int) -> None:
    photo_id = await house.receive(person_id, photo_of(5))
    plain, house.blobs = house.blobs, Unsteady(house.blobs, {call})
    await take_in_waiting(house.intake)
    house.clock.advance(model.LEASE + timedelta(seconds=1))
    await take_in_waiting(house.intake)
    house.blobs = plain
    (row,) = await house.rows(FILES)
    assert row["state"] == "kept"
    assert opened(await kept_of(house, photo_id)).size == (400, 300)
    await end_originals(house.deletion)
    assert sorted(house.files()) == sorted([row["blob"], model.thumbnail_name(row["blob"])])


async def test_while_the_store_is_away_an_original_ends_with_one_record(house: House, person_id: UUID) -> None:
    photo_id = await house.receive(person_id, photo_of(5))
    await take_in_waiting(house.intake)
    plain, house.blobs = house.blobs, Unsteady(house.blobs, {1, 2})
    for _ in range(2):
        with pytest.raises(BlobsAway):
            await end_originals(house.deletion)
    house.blobs = plain
    assert await end_originals(house.deletion) == 1
    ((subject, _, keys),) = await erasures_of(house.database, photo_id)
    assert (subject, len(keys)) == ("original", 1)


async def test_an_original_whose_key_went_before_there_were_records_has_one(house: House, person_id: UUID) -> None:
    photo_id = await house.receive(person_id, photo_of(5))
    await take_in_waiting(house.intake)
    assert await house.rows("UPDATE photo SET wrapped_key = NULL WHERE id = :id RETURNING id", id=photo_id)
    assert await end_originals(house.deletion) == 1
    ((subject, _, keys),) = await erasures_of(house.database, photo_id)
    assert (subject, keys) == ("original", [])


async def test_two_at_once_keep_one(house: House, person_id: UUID) -> None:
    photo_ids = [await house.receive(person_id, photo_of(seed)) for seed in range(3)]
    other = Examiner()
    taken = await asyncio.gather(take_in_waiting(house.intake), take_in_waiting(replace(house.intake, examiner=other)))
    await other.close()
    assert sum(taken) == 3
    for photo_id in photo_ids:
        assert opened(await kept_of(house, photo_id)).size == (400, 300)


async def test_of_two_attempts_only_the_later_finishes(house: House, person_id: UUID) -> None:
    photo_id = await house.receive(person_id, photo_of(6))

    class Late(Examiner):
        """Examines so slowly that somebody else begins anew, and finishes first."""

        async def examine(self, content: bytes, media_type: str) -> Examination:
            house.clock.advance(model.LEASE + timedelta(seconds=1))
            assert await take_in_waiting(house.intake) == 1
            return await super().examine(content, media_type)

    late = Late()
    assert await take_in_waiting(replace(house.intake, examiner=late)) == 0
    await late.close()
    (row,) = await house.rows(FILES)
    assert (row["state"], row["tries"]) == ("kept", 2)
    assert opened(await kept_of(house, photo_id)).size == (400, 300)
    await end_originals(house.deletion)
    assert sorted(house.files()) == sorted([row["blob"], model.thumbnail_name(row["blob"])])


async def test_a_photo_on_which_workers_die_is_left_alone(house: House, person_id: UUID) -> None:
    photo_id = await house.receive(person_id, photo_of(7))
    async with house.database.transaction() as tx:
        from sqlalchemy import text

        await tx.execute(text("UPDATE photo_file SET tries = :tries"), {"tries": model.MOST_TRIES})
    assert await take_in_waiting(house.intake) == 1
    (result,) = await house.rows("SELECT photo_id, reason FROM photo_result")
    assert result == {"photo_id": photo_id, "reason": "exhausting"}


async def test_what_kills_the_examiner_twice_is_refused_and_the_next_is_examined(house: House) -> None:
    await house.examiner.close()
    slow = Examiner(wall_s=0.0)
    found = await slow.examine(photo_of(8), "image/jpeg")
    assert type(found).__name__ == "Refused"
    await slow.close()
    assert type(await house.examiner.examine(photo_of(8), "image/jpeg")).__name__ == "Examined"


async def test_an_examiner_that_was_killed_is_started_again(house: House) -> None:
    await house.examiner.examine(photo_of(1), "image/jpeg")
    process = house.examiner._process  # pyright: ignore[reportPrivateUsage] - to end it
    assert process is not None
    process.kill()
    await process.wait()
    assert type(await house.examiner.examine(photo_of(2), "image/jpeg")).__name__ == "Examined"


async def test_too_many_that_wait_are_told_so(house: House) -> None:
    del house
    narrow = Examiner(most_waiting=1)
    found = await asyncio.gather(
        *(narrow.examine(photo_of(seed), "image/jpeg") for seed in range(4)), return_exceptions=True
    )
    await narrow.close()
    assert [type(one).__name__ for one in found] == ["Examined", "Examined", "ExaminersBusy", "ExaminersBusy"]
    assert ExaminersBusy().headers["Retry-After"] == "5"
