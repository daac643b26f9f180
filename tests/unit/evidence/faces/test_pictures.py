"""What strangers may send as a picture, and what is measured of it without regard to faces."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from backend.evidence.faces.pictures import (
    LONG_SIDE,
    MAX_PIXELS,
    Unreadable,
    difference_hash,
    measure_picture,
    read_picture,
)


def photo(size: tuple[int, int] = (640, 480), seed: int = 1) -> Image.Image:
    coarse = np.random.default_rng(seed).integers(0, 255, (12, 16, 3)).astype(np.uint8)
    return Image.fromarray(coarse).resize(size, Image.Resampling.BICUBIC)


def stored(picture: Image.Image, form: str = "JPEG", **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, form, **options)
    return out.getvalue()


def bomb() -> bytes:
    """Return a PNG of a few kilobytes that says it has 10 000 x 10 000 pixels."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

    header = (10_000).to_bytes(4, "big") * 2 + bytes([1, 0, 0, 0, 0])
    lines = zlib.compress(b"\x00" * (1_251 * 10_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


HOSTILE = {
    "nothing": b"",
    "text": b"no picture at all",
    "a bomb": bomb(),
    "a cut-off JPEG": stored(photo())[:4_000],
    "a GIF": stored(photo().convert("P"), "GIF"),
    "a WebP": stored(photo(), "WEBP"),
    "too many pixels": stored(photo((MAX_PIXELS // 2_000 + 1, 2_001)), quality=10),
    "a JPEG header alone": b"\xff\xd8\xff\xe0",
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE)
def test_what_is_no_picture_is_refused(content: bytes) -> None:
    with pytest.raises(Unreadable):
        read_picture(content)


@pytest.mark.parametrize("mode", ["L", "CMYK", "1", "RGB"])
def test_every_colouring_comes_out_as_rgb(mode: str) -> None:
    form = "PNG" if mode == "1" else "JPEG"
    assert read_picture(stored(photo().convert(mode), form)).mode == "RGB"


def test_a_picture_comes_out_upright_and_within_the_bound() -> None:
    lying = photo((2_000, 1_500))
    exif = lying.getexif()
    exif[0x112] = 6  # the camera was held upright
    found = read_picture(stored(lying, exif=exif))
    assert found.height > found.width
    assert max(found.size) <= LONG_SIDE


def test_blur_and_darkness_are_measured() -> None:
    sharp = Image.fromarray(np.random.default_rng(3).integers(60, 200, (480, 640)).astype(np.uint8)).convert("RGB")
    blurred = sharp.resize((64, 48), Image.Resampling.BOX).resize((640, 480), Image.Resampling.BICUBIC)
    assert measure_picture(sharp).sharpness > 20 * measure_picture(blurred).sharpness
    assert measure_picture(Image.new("RGB", (640, 480))).clipped == 1
    assert measure_picture(Image.new("RGB", (640, 480), (40, 40, 40))).luma == pytest.approx(40)
    assert measure_picture(Image.new("RGB", (2, 2), (40, 40, 40))).sharpness == 0


def test_a_hash_survives_saving_anew_and_tells_pictures_apart() -> None:
    one, other = photo(seed=1), photo(seed=2)
    again = read_picture(stored(one, quality=40))
    apart = (difference_hash(one.convert("L")) ^ difference_hash(again.convert("L"))).bit_count()
    assert apart <= 2 < (difference_hash(one.convert("L")) ^ difference_hash(other.convert("L"))).bit_count()
