"""Blurred, dark and bright pictures measure as what they are."""

from collections.abc import Callable

import pytest
from PIL import Image, ImageEnhance, ImageFilter

from backend.evidence.photos.examined import Note
from backend.evidence.photos.measures import SIDE, measure_picture, remarks_on, shrink_to_grey
from tests.support.pictures import scene

Change = Callable[[Image.Image], Image.Image]
PICTURE = scene(3, 1280, 960)


def remarks(picture: Image.Image) -> set[Note]:
    return set(remarks_on(measure_picture(shrink_to_grey(picture))))


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda picture: picture, set[Note]()),
        (lambda picture: picture.filter(ImageFilter.GaussianBlur(12)), {Note.BLURRED}),
        (lambda picture: ImageEnhance.Brightness(picture).enhance(0.2), {Note.DARK}),
        (lambda picture: Image.blend(picture, Image.new("RGB", picture.size, "white"), 0.85), {Note.BRIGHT}),
        (lambda picture: Image.new("RGB", picture.size, "black"), {Note.DARK, Note.FLAT}),
    ],
)
def test_measures_say_what_is_wrong(change: Change, expected: set[Note]) -> None:
    assert expected <= remarks(change(PICTURE))
    if not expected:
        assert remarks(PICTURE) == expected


def test_shares_count_pixels() -> None:
    half = Image.new("L", (200, 100), 0)
    half.paste(255, (100, 0, 200, 100))
    found = measure_picture(half)
    assert (found.dark_share, found.bright_share, found.brightness, found.contrast) == (0.5, 0.5, 127.5, 127.5)


def test_sharpness_is_the_variance_of_the_laplacian() -> None:
    picture = Image.new("L", (3, 3), 10)
    picture.putpixel((1, 1), 20)
    assert measure_picture(picture).sharpness == 0.0  # one value has no variance
    picture = Image.new("L", (4, 3), 10)
    picture.putpixel((1, 1), 20)
    assert measure_picture(picture).sharpness == 625.0  # of -40 and 10


def test_size_does_not_decide() -> None:
    assert max(shrink_to_grey(PICTURE).size) == SIDE
    assert shrink_to_grey(scene(1, 300, 200)).size == (300, 200)
