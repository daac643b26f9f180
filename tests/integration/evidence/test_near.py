"""The indexed search finds exactly what looking at every hash finds, and reads the indexes of the bands."""

import random
from uuid import UUID

import pytest
from sqlalchemy import insert, text

from backend.evidence.photos.hashes import NEAR, bands, distance
from backend.evidence.photos.near_queries import NEAREST, find_near
from backend.evidence.photos.tables import PhotoFile, PhotoHash
from backend.kit.ids import new_id
from tests.support.evidence import House

HASHES = 3000


def flipped(value: int, bits: list[int]) -> int:
    plain = value % 2**64
    for bit in bits:
        plain ^= 1 << bit
    return plain - 2**64 if plain >= 2**63 else plain


def drawn(rng: random.Random, centres: list[int]) -> int:
    """Draw a hash that is near one of a few, mostly: else nobody would ever be near."""
    centre = rng.choice(centres)
    return flipped(centre, rng.sample(range(64), rng.choice([0, 1, 2, 4, 6, 7, 8, 9, 12, 30])))


@pytest.fixture
async def filled(house: House, person_id: UUID) -> dict[UUID, int]:
    rng = random.Random(7)
    centres = [rng.getrandbits(64) - 2**63 for _ in range(12)] + [0, -1, 2**63 - 1, -(2**63)]
    found = {new_id(house.clock.now()): drawn(rng, centres) for _ in range(HASHES)}
    async with house.database.transaction() as tx:
        now = house.clock.now()
        await tx.execute(
            insert(PhotoFile),
            [
                {
                    "id": photo_id,
                    "source": "phone",
                    "person_id": person_id,
                    "sha256": photo_id.bytes * 2,
                    "size_bytes": 1,
                    "media_type": "image/jpeg",
                    "received_at": now,
                    "class": "unused",
                    "try_after": now,
                }
                for photo_id in found
            ],
        )
        await tx.execute(
            insert(PhotoHash),
            [
                {"photo_id": photo_id, "frequencies": value, "differences": 0}
                | {f"band_{number}": band for number, band in enumerate(bands(value), 1)}
                for photo_id, value in found.items()
            ],
        )
    return found


async def test_it_finds_what_looking_at_all_finds(house: House, filled: dict[UUID, int]) -> None:
    rng = random.Random(11)
    values = list(filled.values())
    wanted = [*rng.sample(values, 40), *(flipped(rng.choice(values), [rng.randrange(64)]) for _ in range(20)), 0, -1]
    met = 0
    async with house.database.transaction() as tx:
        for value in wanted:
            for near in (0, 3, NEAR):
                found = await find_near(tx, value, near=near, most=HASHES)
                expected = {photo_id for photo_id, other in filled.items() if distance(value, other) <= near}
                assert {one.photo_id for one in found} == expected
                assert [one.bits for one in found] == sorted(distance(value, one.frequencies) for one in found)
                met += len(expected)
    assert met > 1000, "nobody was near"


async def test_it_reads_the_indexes_of_the_bands(house: House, filled: dict[UUID, int]) -> None:
    asked = {"first": [1], "second": [1], "third": [1], "last": [1], "wanted": 5, "near": 7, "most": 10}
    async with house.database.transaction() as tx:
        await tx.execute(text("ANALYZE photo_hash"))
        plan = "\n".join(row[0] for row in await tx.execute(text(f"EXPLAIN {NEAREST}"), asked))
    for band in (1, 2, 3, 4):
        assert f"ix_photo_hash_band_{band}" in plan
    assert "Seq Scan" not in plan
    assert len(filled) == HASHES


async def test_more_than_the_bands_promise_is_refused(house: House) -> None:
    async with house.database.transaction() as tx:
        with pytest.raises(ValueError, match="7 bits"):
            await find_near(tx, 0, near=NEAR + 1)
