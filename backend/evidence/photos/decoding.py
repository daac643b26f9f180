"""Decodes a stranger's photo within bounds: known formats, few pixels, nothing truncated, nothing that moves (pure).

What is not a photo leaves as `Refused` by way of `Unusable`, whatever Pillow raised.
"""

import io
import struct
import warnings
import zlib
from dataclasses import dataclass
from typing import Final

from PIL import Image, ImageCms, ImageOps, PngImagePlugin, UnidentifiedImageError

from backend.evidence.photos.examined import Note, Refusal, Refused

KEPT_SIDE: Final = 1280
"""Pixels of the long side of what is kept (decision 29)."""
LEAST_SIDE: Final = 64
MOST_PIXELS: Final = 50_000_000
"""Phones have 12, 48 or 50 megapixels. A JPEG of that size is decoded at a half, a quarter or an eighth."""
MOST_PIXELS_IN_FULL: Final = 25_000_000
"""PNG and WebP cannot be decoded smaller than they are; progressive JPEGs need room for all their coefficients."""
ORIENTATION: Final = 0x0112

_MAGIC: Final = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG"}
_HEIF_BRANDS: Final = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1", b"avif", b"avis"}
# A text of a PNG may be packed; ours are small, and none is read.
PngImagePlugin.MAX_TEXT_CHUNK = 262_144
PngImagePlugin.MAX_TEXT_MEMORY = 1_048_576
# Half of this is what `open` complains about; the check of ours below comes first for all that it can read.
Image.MAX_IMAGE_PIXELS = MOST_PIXELS
_PILLOW_FAULTS: Final = (
    OSError,
    SyntaxError,
    ValueError,
    TypeError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    EOFError,
    RuntimeError,
    ZeroDivisionError,
    AssertionError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)


class Unusable(Exception):
    """The bytes are no photo that can be kept; `refused` says why."""

    def __init__(self, refused: Refused) -> None:
        """Keep what is answered."""
        super().__init__(refused.reason)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class Decoded:
    """A picture of at most KEPT_SIDE pixels, upright, in sRGB, and what it was before.

    `exif` is the file's raw EXIF data; None where it has none.
    """

    picture: Image.Image
    format: str
    width: int
    height: int
    mode: str
    orientation: int
    notes: tuple[Note, ...]
    exif: Image.Exif | None


def tell_format(content: bytes) -> str | None:
    """Return JPEG, PNG, WEBP or HEIC by the first bytes, whatever the file is said to be; None for all else."""
    for magic, name in _MAGIC.items():
        if content.startswith(magic):
            return name
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WEBP"
    if content[4:8] == b"ftyp" and content[8:12] in _HEIF_BRANDS:
        return "HEIC"
    return None


def decode_photo(content: bytes) -> Decoded:
    """Decode a photo; raises Unusable.

    JPEGs are decoded at the smallest scale that is still large enough, others in full; turning and colours come after
    shrinking, where they are cheap.
    """
    known = tell_format(content)
    if not content:
        raise Unusable(Refused(reason=Refusal.EMPTY))
    if known is None or known == "HEIC":
        raise Unusable(Refused(reason=Refusal.HEIC if known else Refusal.FORMAT, format=known))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of what is merely odd in a file; bombs are counted below
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(content), formats=(known,)) as image:
                return _decode(image, content, known)
    except Image.DecompressionBombError as fault:
        raise Unusable(Refused(reason=Refusal.PIXELS, format=known)) from fault
    except Image.DecompressionBombWarning as fault:
        raise Unusable(Refused(reason=Refusal.PIXELS, format=known)) from fault
    except MemoryError as fault:
        raise Unusable(Refused(reason=Refusal.EXHAUSTING, format=known)) from fault
    except (UnidentifiedImageError, *_PILLOW_FAULTS) as fault:
        raise Unusable(Refused(reason=Refusal.BROKEN, format=known)) from fault


def _decode(image: Image.Image, content: bytes, known: str) -> Decoded:
    width, height, mode = *image.size, image.mode
    _refuse_unusable(image, known)
    notes = _oddities(image, content, known)
    image.draft(image.mode, _fitting(image.size))
    image.load()
    # Only now: of a PNG it would load the pixels, and swallow that they are damaged.
    exif, orientation = _exif(image, notes)
    profile: bytes | None = image.info.get("icc_profile")
    picture = image.convert("RGBA") if _is_transparent(image) else _plain(image)
    # Bigger than it will be: shrinking first makes all that follows cheap, and premultiplies what is transparent.
    picture = picture.resize(_fitting(picture.size), Image.Resampling.LANCZOS, reducing_gap=2.0)
    picture = _in_srgb(picture, profile, notes)
    if orientation != 1:
        picture = _turned(picture, orientation)
        notes.append(Note.TURNED)
    return Decoded(picture, known, width, height, mode, orientation, tuple(notes), exif)


def _refuse_unusable(image: Image.Image, known: str) -> None:
    reason = _unusable_for(image, known)
    if reason is not None:
        raise Unusable(Refused(reason=reason, format=known, width=image.width, height=image.height))


def _unusable_for(image: Image.Image, known: str) -> Refusal | None:
    width, height = image.size
    in_full = known != "JPEG" or bool(image.info.get("progressive"))
    if width * height > (MOST_PIXELS_IN_FULL if in_full else MOST_PIXELS):
        return Refusal.PIXELS
    if min(width, height) < LEAST_SIDE:
        return Refusal.SMALL
    if known != "JPEG" and (getattr(image, "n_frames", 1) > 1 or getattr(image, "is_animated", False)):
        return Refusal.ANIMATED
    return Refusal.ONE_BIT if image.mode == "1" else None


def _oddities(image: Image.Image, content: bytes, known: str) -> list[Note]:
    notes: list[Note] = []
    if image.format == "MPO":
        notes.append(Note.SEVERAL_PICTURES)
    if image.mode == "CMYK":
        notes.append(Note.CMYK)
    if image.mode in {"L", "LA", "I;16", "I", "F"}:
        notes.append(Note.GREY)
    if _has_trailing_bytes(content, known):
        notes.append(Note.TRAILING_BYTES)
    return notes


def _has_trailing_bytes(content: bytes, known: str) -> bool:
    """Tell whether something follows the end of the picture: what other programs would see in the same file."""
    if known == "JPEG":
        return not content.rstrip(b"\x00").endswith(b"\xff\xd9")
    if known == "PNG":
        return not content.endswith(b"IEND\xaeB`\x82")
    return len(content) > int.from_bytes(content[4:8], "little") + 8 + 1


def _exif(image: Image.Image, notes: list[Note]) -> tuple[Image.Exif | None, int]:
    """Return the metadata and the orientation (EXIF's 1 to 8; 1 for anything else)."""
    try:
        exif = image.getexif()
        told = exif.get(ORIENTATION, 1)
    except _PILLOW_FAULTS:
        notes.append(Note.METADATA_UNREADABLE)
        return None, 1
    return (exif or None), told if isinstance(told, int) and 1 <= told <= 8 else 1  # noqa: PLR2004 - EXIF's


def _turned(picture: Image.Image, orientation: int) -> Image.Image:
    exif = picture.getexif()
    exif.clear()
    exif[ORIENTATION] = orientation
    return ImageOps.exif_transpose(picture)


def _fitting(size: tuple[int, int]) -> tuple[int, int]:
    """Return the size with a long side of at most KEPT_SIDE, in proportion, no side under one pixel."""
    longest = max(size)
    if longest <= KEPT_SIDE:
        return size
    return max(1, round(size[0] * KEPT_SIDE / longest)), max(1, round(size[1] * KEPT_SIDE / longest))


def _is_transparent(image: Image.Image) -> bool:
    return image.mode in {"LA", "La", "PA", "RGBA", "RGBa"} or "transparency" in image.info


def _plain(image: Image.Image) -> Image.Image:
    """Return an image without transparency in RGB, CMYK (its profile is wanted yet) or RGB from 8 bits of grey."""
    if image.mode in {"I", "I;16", "I;16B", "I;16L", "F"}:
        return image.convert("F").point(lambda value: value * (1 / 256)).convert("L").convert("RGB")
    return image if image.mode in {"RGB", "CMYK"} else image.convert("RGB")


def _in_srgb(picture: Image.Image, profile: bytes | None, notes: list[Note]) -> Image.Image:
    """Return the picture in sRGB on white; a profile that cannot be read is passed over and told."""
    if picture.mode == "RGBA":
        notes.append(Note.TRANSPARENT)
        ground = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(ground, picture).convert("RGB")
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            if "sRGB" not in ImageCms.getProfileDescription(source):
                converted = ImageCms.profileToProfile(picture, source, _SRGB, outputMode="RGB")
                if converted is not None:
                    notes.append(Note.PROFILE_CONVERTED)
                    return converted
        except (ImageCms.PyCMSError, *_PILLOW_FAULTS):
            notes.append(Note.PROFILE_UNREADABLE)
    return picture if picture.mode == "RGB" else picture.convert("RGB")


_SRGB: Final = ImageCms.createProfile("sRGB")
