"""Draws on a copy of a picture whose it is, when and where it was taken, and who looks at it."""

import io
from typing import Final

from PIL import Image, ImageDraw

from backend.evidence.photos.captions import Caption
from backend.evidence.photos.examination import QUALITY, as_jpeg
from backend.evidence.photos.fonts import Font, font_for

_LINES_PER_SIDE: Final = 30
_LEAST_SIZE: Final = 9
_GROUND, _LETTERS = (0, 0, 0, 150), (255, 255, 255, 255)
_ELLIPSIS: Final = "…"
_LONGEST: Final = 200


def draw_viewing_copy(picture: bytes, caption: Caption) -> bytes:
    """Return a JPEG of the picture (a JPEG of ours) with the caption on a dark bar at its foot."""
    with Image.open(io.BytesIO(picture), formats=("JPEG",)) as image:
        base = image.convert("RGBA")
    size = max(_LEAST_SIZE, max(base.size) // _LINES_PER_SIDE)
    margin = size // 2
    lines = [_fitted(line, size, base.width - 2 * margin) for line in caption.lines() if line]
    height = min(base.height, len(lines) * round(size * 1.35) + margin)
    layer = Image.new("RGBA", base.size, (0, 0, 0, 0))
    pen = ImageDraw.Draw(layer)
    pen.rectangle((0, base.height - height, base.width, base.height), fill=_GROUND)
    top = base.height - height + margin // 2
    for font, line in lines:
        pen.text((margin, top), line, font=font, fill=_LETTERS)
        top += round(size * 1.35)
    return as_jpeg(Image.alpha_composite(base, layer).convert("RGB"), QUALITY)


def _fitted(text: str, size: int, width: int) -> tuple[Font, str]:
    """Return font and line, cut with an ellipsis where it would be longer than `width` pixels."""
    plain = "".join(letter if letter.isprintable() else " " for letter in text)[:_LONGEST]
    font, line = font_for(plain + _ELLIPSIS, size)
    line = line[:-1]
    if font.getlength(line) <= width:
        return font, line
    while line and font.getlength(line + _ELLIPSIS) > width:
        line = line[:-1]
    return font, line + _ELLIPSIS
