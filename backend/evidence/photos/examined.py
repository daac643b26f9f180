"""What an examination finds in a photo: the picture that is kept, its facts, measures and hashes, or why it is refused.

These values cross from the process that meets strangers' bytes to the one that stores them (pure).
"""

from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct

EXAMINATION: Final = 1
"""Version of the examination: limits, measures and hashes. A change of any of them is the next one."""

FACE_NOT_EVALUATED: Final = "not_evaluated"


class Refusal(StrEnum):
    """Why nothing of a photo is kept; each has words in the catalogues under `photo_refusal.…`."""

    EMPTY = "empty"
    FORMAT = "format"
    HEIC = "heic"
    BROKEN = "broken"
    PIXELS = "pixels"
    SMALL = "small"
    ANIMATED = "animated"
    ONE_BIT = "one_bit"
    EXHAUSTING = "exhausting"


class Note(StrEnum):
    """What was done to a photo, or is odd about it; none of them is a verdict."""

    TURNED = "turned"
    CMYK = "cmyk"
    PROFILE_CONVERTED = "profile_converted"
    PROFILE_UNREADABLE = "profile_unreadable"
    TRANSPARENT = "transparent"
    GREY = "grey"
    SEVERAL_PICTURES = "several_pictures"
    TRAILING_BYTES = "trailing_bytes"
    METADATA_UNREADABLE = "metadata_unreadable"
    OTHER_TYPE = "other_type"
    BLURRED = "blurred"
    DARK = "dark"
    BRIGHT = "bright"
    FLAT = "flat"


class Facts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a photo's metadata claims. Whoever made the file wrote it: hints, never evidence by themselves.

    `taken_local` is wall-clock time without zone as written (`YYYY-MM-DDTHH:MM:SS`), `taken_offset` its offset
    (`+08:00`) if there is one. Position in degrees (lon, lat), in the datum that the phone used.
    """

    taken_local: str | None = None
    taken_offset: str | None = None
    lon: float | None = None
    lat: float | None = None
    make: str | None = None
    model: str | None = None
    software: str | None = None


class Measures(Struct, frozen=True, kw_only=True):
    """How well a picture can be seen, at a long side of 640 pixels in grey.

    `sharpness` is the variance of the Laplacian; `brightness` the mean of grey (0 to 255), `contrast` its standard
    deviation; `dark_share` and `bright_share` the parts of pixels below 10 and above 245.
    """

    sharpness: float
    brightness: float
    contrast: float
    dark_share: float
    bright_share: float
    face: str = FACE_NOT_EVALUATED


class Hashes(Struct, frozen=True, kw_only=True):
    """Two perceptual hashes of 64 bits, signed as PostgreSQL's bigint: of frequencies, and of differences."""

    frequencies: int
    differences: int


class Examined(Struct, frozen=True, kw_only=True, tag="examined"):
    """A photo that can be kept.

    `width`, `height` and `mode` are those of the file as it came; `picture` is the JPEG that is kept, upright, in sRGB,
    without metadata, `thumbnail` a small one of it. Without `hashes` there is too little in it to compare.
    """

    format: str
    width: int
    height: int
    mode: str
    orientation: int
    notes: tuple[Note, ...]
    facts: Facts
    measures: Measures
    hashes: Hashes | None
    picture: bytes
    picture_width: int
    picture_height: int
    thumbnail: bytes


class Refused(Struct, frozen=True, kw_only=True, tag="refused"):
    """A photo that cannot be kept."""

    reason: Refusal
    format: str | None = None
    width: int | None = None
    height: int | None = None


Examination = Examined | Refused
encode_examination = msgspec.msgpack.Encoder().encode
decode_examination = msgspec.msgpack.Decoder(Examined | Refused).decode
