"""A picture is found again after what people do to it, other pictures are far, and bands lose nobody who is near."""

import random
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageEnhance

from backend.evidence.photos.examination import examine_photo
from backend.evidence.photos.examined import Examined, Hashes, Note
from backend.evidence.photos.hashes import BANDS, NEAR, bands, distance, near_bands
from tests.support.pictures import opened, scene, written

HASH = st.integers(-(2**63), 2**63 - 1)
SEEDS = range(20)


def hashes_of(content: bytes) -> Hashes:
    found = examine_photo(content, "image/jpeg")
    assert isinstance(found, Examined)
    assert found.hashes is not None
    return found.hashes


def apart(one: Hashes, other: Hashes) -> tuple[int, int]:
    return distance(one.frequencies, other.frequencies), distance(one.differences, other.differences)


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "shrunk": lambda picture: picture.resize((800, 600), Image.Resampling.BICUBIC),
    "lighter": lambda picture: ImageEnhance.Brightness(picture).enhance(1.2),
    "more contrast": lambda picture: ImageEnhance.Contrast(picture).enhance(1.2),
    "without colour": lambda picture: picture.convert("L"),
    "recompressed": lambda picture: opened(written(picture, quality=35)),
}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_changed_copy_is_near(seed: int) -> None:
    picture = scene(seed, 1200, 900)
    first = hashes_of(written(picture))
    for name, change in CHANGES.items():
        frequencies, differences = apart(first, hashes_of(written(change(picture))))
        assert frequencies <= NEAR, name
        assert differences <= NEAR, name


def test_other_pictures_are_far() -> None:
    found = [hashes_of(written(scene(seed))) for seed in SEEDS]
    pairs = [apart(one, other) for number, one in enumerate(found) for other in found[:number]]
    assert min(frequencies for frequencies, _ in pairs) > NEAR
    assert np.mean([frequencies for frequencies, _ in pairs]) == pytest.approx(32, abs=2)


def test_half_of_the_bits_are_set() -> None:
    assert {(hashes_of(written(scene(seed))).frequencies & (2**64 - 1)).bit_count() for seed in SEEDS} == {32}


def test_what_shows_nothing_is_not_compared() -> None:
    found = examine_photo(written(Image.new("RGB", (300, 300), (90, 90, 90))), "image/jpeg")
    assert isinstance(found, Examined)
    assert found.hashes is None
    assert Note.FLAT in found.notes


@given(HASH, HASH)
def test_distance_is_that_of_the_bits(one: int, other: int) -> None:
    assert distance(one, other) == sum((one >> bit ^ other >> bit) & 1 for bit in range(64))
    assert distance(one, other) == distance(other, one)
    assert (distance(one, other) == 0) == (one == other)


@given(HASH)
def test_bands_are_the_hash(value: int) -> None:
    first, second, third, last = bands(value)
    assert first << 48 | second << 32 | third << 16 | last == value % 2**64


@given(HASH, st.sets(st.integers(0, 63), max_size=NEAR))
def test_who_is_near_shares_a_near_band(value: int, flipped: set[int]) -> None:
    other = value % 2**64
    for bit in flipped:
        other ^= 1 << bit
    shared = [band in set(near_bands(own)) for band, own in zip(bands(other), bands(value), strict=True)]
    assert any(shared)


def test_one_bit_more_could_be_missed() -> None:
    far = sum(0b11 << (16 * band) for band in range(BANDS))
    assert not any(band in set(near_bands(0)) for band in bands(far))


@given(st.integers(0, 0xFFFF))
def test_near_bands_are_seventeen(band: int) -> None:
    found = list(near_bands(band))
    assert len(set(found)) == 17
    assert all(0 <= one <= 0xFFFF and (one ^ band).bit_count() <= 1 for one in found)


def test_random_hashes_are_half_apart() -> None:
    drawn = random.Random(5)
    distances = [distance(drawn.getrandbits(64) - 2**63, drawn.getrandbits(64) - 2**63) for _ in range(2000)]
    assert np.mean(distances) == pytest.approx(32, abs=0.5)
