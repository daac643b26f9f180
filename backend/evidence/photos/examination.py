"""Turns the bytes of a stranger's photo into what is kept of it, or into the reason why nothing is (pure)."""

import io
from typing import Final

from PIL import Image

from backend.evidence.photos.decoding import Unusable, decode_photo
from backend.evidence.photos.examined import Examination, Examined, Note
from backend.evidence.photos.hashes import hash_picture
from backend.evidence.photos.measures import measure_picture, remarks_on, shrink_to_grey
from backend.evidence.photos.metadata import read_facts

THUMBNAIL_SIDE: Final = 240
QUALITY, THUMBNAIL_QUALITY = 85, 75
_MEDIA_TYPES: Final = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def examine_photo(content: bytes, media_type: str) -> Examination:
    """Examine the bytes of a photo that is said to be of a media type; every bad one is `Refused`, never an error.

    Only a defect of Pillow raises anything, and a lack of memory may end the process: strangers' bytes are examined in
    one of their own (`examiner.py`).
    """
    try:
        decoded = decode_photo(content)
    except Unusable as fault:
        return fault.refused
    picture = decoded.picture
    grey = shrink_to_grey(picture)
    measures = measure_picture(grey)
    remarks = remarks_on(measures)
    other = (Note.OTHER_TYPE,) if _MEDIA_TYPES[decoded.format] != media_type else ()
    thumbnail = picture.copy()
    thumbnail.thumbnail((THUMBNAIL_SIDE, THUMBNAIL_SIDE), Image.Resampling.BOX)
    return Examined(
        format=decoded.format,
        width=decoded.width,
        height=decoded.height,
        mode=decoded.mode,
        orientation=decoded.orientation,
        notes=(*decoded.notes, *other, *remarks),
        facts=read_facts(decoded.exif),
        measures=measures,
        hashes=None if Note.FLAT in remarks else hash_picture(grey),
        picture=as_jpeg(picture, QUALITY),
        picture_width=picture.width,
        picture_height=picture.height,
        thumbnail=as_jpeg(thumbnail, THUMBNAIL_QUALITY),
    )


def as_jpeg(picture: Image.Image, quality: int) -> bytes:
    """Encode a picture anew: its pixels and nothing else, no metadata, no profile, no comment."""
    plain = Image.new(picture.mode, picture.size)
    plain.paste(picture)
    written = io.BytesIO()
    plain.save(written, "JPEG", quality=quality)
    return written.getvalue()
