"""Finds a font that can write a line: the one that is shipped, or the system's for characters that are rarer."""

from functools import cache, lru_cache
from importlib.resources import as_file, files
from pathlib import Path
from typing import Final

from PIL import Image, ImageDraw, ImageFont

Font = ImageFont.FreeTypeFont

SHIPPED: Final = "NotoSansSC-Daogang.otf"
MISSING: Final = "〓"
"""The geta mark: what printers set for a character that they do not have."""

_SYSTEM: Final = (
    # (path, number of the face within it)
    ("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ("/usr/share/fonts/google-noto-cjk/NotoSansCJK-Regular.ttc", 2),
    ("/System/Library/Fonts/PingFang.ttc", 0),
)
_PRIVATE: Final = "\ue000"
"""A character that no font has: how it is drawn shows how a font draws what it does not have."""
_PROBE: Final = 16


def font_for(line: str, size: int) -> tuple[Font, str]:
    """Return a font of `size` pixels and the line as it can be written with it.

    What neither the shipped nor a system's font has is replaced by MISSING.
    """
    for number in range(1 + len(_SYSTEM)):
        if _exists(number) and all(_has(number, letter) for letter in set(line)):
            return _open(number, size), line
    return _open(0, size), "".join(letter if _has(0, letter) else MISSING for letter in line)


def shipped_text(text: str) -> str:
    """Return a text as the shipped font alone can write it; what it does not have is replaced by MISSING."""
    lacking = {ord(letter): MISSING for letter in set(text) if not letter.isascii() and not _has(0, letter)}
    return text.translate(lacking) if lacking else text


@cache
def _exists(number: int) -> bool:
    return number == 0 or Path(_SYSTEM[number - 1][0]).is_file()


@lru_cache(maxsize=16)
def _open(number: int, size: int) -> Font:
    if number:
        path, face = _SYSTEM[number - 1]
        return ImageFont.truetype(path, size, index=face, layout_engine=ImageFont.Layout.BASIC)
    with as_file(files("backend.evidence.photos") / "fonts" / SHIPPED) as path:
        return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=8192)
def _has(number: int, letter: str) -> bool:
    return letter.isspace() or _drawn(number, letter) != _drawn(number, _PRIVATE)


@lru_cache(maxsize=1024)
def _drawn(number: int, letter: str) -> bytes:
    ground = Image.new("L", (2 * _PROBE, 2 * _PROBE))
    ImageDraw.Draw(ground).text((0, 0), letter, font=_open(number, _PROBE), fill=255)
    return ground.tobytes()
