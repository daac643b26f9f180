"""Reads pictures of strangers within bounds, and measures what needs no face: hash, sharpness, light."""

import io
import warnings
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from backend.evidence.faces.measures import PictureMeasures

LONG_SIDE: Final = 1280
"""Pictures are worked on at most this big: phones send frames of 960 to 1280 pixels."""
MAX_PIXELS: Final = 4_200_000
"""A bigger one, saved progressively, takes more memory while it is decoded than the process may have."""
_MEASURED_PX: Final = 640
_BLACK, _WHITE = 5, 250


class Unreadable(ValueError):
    """The bytes are no picture that is taken here."""


def read_picture(content: bytes) -> Image.Image:
    """Decode a JPEG or PNG upright in RGB, at most LONG_SIDE pixels long; raises Unreadable.

    Bombs, truncated files and pictures beyond MAX_PIXELS are refused before they are decoded.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=("JPEG", "PNG"))
            if picture.width * picture.height > MAX_PIXELS or min(picture.size) < 1:
                raise Unreadable("too many pixels")
            picture.draft("RGB", (LONG_SIDE, LONG_SIDE))
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError, Warning, Image.DecompressionBombError) as fault:
        raise Unreadable(type(fault).__name__) from fault
    if max(upright.size) > LONG_SIDE:
        upright.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.BILINEAR)
    return upright


def measure_picture(picture: Image.Image) -> PictureMeasures:
    """Return size, difference hash, sharpness and light of a picture."""
    grey = picture.convert("L")
    small = grey.copy()
    small.thumbnail((_MEASURED_PX, _MEASURED_PX), Image.Resampling.BILINEAR)
    pixels = np.asarray(small)
    return PictureMeasures(
        width=picture.width,
        height=picture.height,
        dhash=difference_hash(grey),
        sharpness=sharpness(pixels),
        luma=float(pixels.mean()),
        clipped=float(((pixels <= _BLACK) | (pixels >= _WHITE)).mean()),
    )


def sharpness(pixels: NDArray[Any]) -> float:
    """Return the variance of the Laplacian: small where everything is blurred."""
    grey = pixels.astype(np.float32)
    if min(grey.shape) < 3:  # noqa: PLR2004 - the mask has three rows and columns
        return 0.0
    middle = grey[1:-1, 1:-1]
    return float((grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * middle).var())


def difference_hash(grey: Image.Image) -> int:
    """Return 64 bits: whether each of 8 x 8 cells is darker than its right neighbour, row by row."""
    cells = np.asarray(grey.resize((9, 8), Image.Resampling.BOX)).astype(np.int16)
    bits = (cells[:, :-1] < cells[:, 1:]).ravel()
    return int.from_bytes(np.packbits(bits).tobytes(), "big")
