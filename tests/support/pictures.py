"""Pictures to make photos of: scenes drawn from a seed, and files as cameras, programs and enemies write them."""

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

EXIF_TURNS = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""What was done to an upright picture so that EXIF's orientation undoes it."""


def scene(seed: int, width: int = 400, height: int = 300) -> Image.Image:
    """Draw a scene: light from one side, rectangles of colours, some noise."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    ground = 90 + 60 * np.sin(x / width * rng.uniform(2, 6) + rng.uniform(0, 6)) + 40 * np.cos(y / height * 5)
    pixels = np.repeat(ground[:, :, None], 3, axis=2)
    for _ in range(14):
        left, top = rng.integers(0, width - 20), rng.integers(0, height - 20)
        right, bottom = left + rng.integers(20, width // 2), top + rng.integers(20, height // 2)
        pixels[top:bottom, left:right] = rng.uniform(0, 255, 3)
    pixels += rng.normal(0, 4, pixels.shape)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def written(picture: Image.Image, form: str = "JPEG", **options: Any) -> bytes:
    """Write a picture into a file."""
    file = io.BytesIO()
    picture.save(file, form, **options)
    return file.getvalue()


def photo_of(seed: int, width: int = 400, height: int = 300) -> bytes:
    """Return a JPEG of a scene."""
    return written(scene(seed, width, height), quality=88)


def opened(content: bytes) -> Image.Image:
    """Read a picture that is ours."""
    return Image.open(io.BytesIO(content))


def png_of_size(width: int, height: int, *, bits: int = 8, colour: int = 0) -> bytes:
    """Return a PNG that says it is so big and is all zeros: some kilobytes for a hundred megapixels."""
    rows = (width * bits + 7) // 8 + 1
    packer = zlib.compressobj(9)
    packed = b"".join(packer.compress(bytes(rows)) for _ in range(height)) + packer.flush()
    head = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")


def chunk(kind: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def mean_distance(one: Image.Image, other: Image.Image) -> float:
    """Return how far apart the pixels of two pictures of one size are, in grey levels."""
    first, second = (np.asarray(picture.convert("RGB"), dtype=np.float64) for picture in (one, other))
    return float(np.abs(first - second).mean())
