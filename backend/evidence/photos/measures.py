"""Measures how well a picture can be seen, and says what speaks against it (pure)."""

from typing import Final

import numpy as np
from PIL import Image

from backend.evidence.photos.examined import Measures, Note

SIDE: Final = 640
BLURRED_BELOW: Final = 15.0
DARK_BELOW, BRIGHT_ABOVE = 40.0, 220.0
FLAT_BELOW: Final = 6.0
"""Standard deviation of grey: a wall, a lens cap. Hashes of such pictures are noise."""

_DARK, _BRIGHT = 10, 245


def shrink_to_grey(picture: Image.Image) -> Image.Image:
    """Return the picture in grey at a long side of SIDE pixels; smaller ones stay as small as they are."""
    grey = picture.convert("L")
    longest = max(grey.size)
    if longest <= SIDE:
        return grey
    size = (max(1, round(grey.width * SIDE / longest)), max(1, round(grey.height * SIDE / longest)))
    return grey.resize(size, Image.Resampling.BOX)


def measure_picture(grey: Image.Image) -> Measures:
    """Return the measures of a picture in grey of at least 3 x 3 pixels.

    Noise raises the variance of the Laplacian and compression lowers it: the number is a hint that fits exposure.
    """
    values = np.asarray(grey, dtype=np.float32)
    laplacian = values[:-2, 1:-1] + values[2:, 1:-1] + values[1:-1, :-2] + values[1:-1, 2:] - 4.0 * values[1:-1, 1:-1]
    return Measures(
        sharpness=round(float(laplacian.var()), 2),
        brightness=round(float(values.mean()), 2),
        contrast=round(float(values.std()), 2),
        dark_share=round(float((values < _DARK).mean()), 4),
        bright_share=round(float((values > _BRIGHT).mean()), 4),
    )


def remarks_on(measures: Measures) -> tuple[Note, ...]:
    """Return what the measures say in words."""
    found: list[Note] = []
    if measures.contrast < FLAT_BELOW:
        found.append(Note.FLAT)
    elif measures.sharpness < BLURRED_BELOW:
        found.append(Note.BLURRED)
    if measures.brightness < DARK_BELOW:
        found.append(Note.DARK)
    if measures.brightness > BRIGHT_ABOVE:
        found.append(Note.BRIGHT)
    return tuple(found)
