"""Reads the attendance protocol's ATTPHOTO: a head of lines, a NUL, and the picture, plain or in base64 (pure)."""

import base64
import binascii
import hashlib
import re
from datetime import tzinfo
from typing import Final

from backend.gates.device_time import read_device_time
from backend.gates.translation import EventPhoto

PHOTO_LIMIT: Final = 1_000_000
"""Bytes of one picture; those of a pass have 20 to 100 kB."""

_NAME: Final = re.compile(r"(?im)^PIN=(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:-([^\r\n\t]{1,64}?))?(?:\.jpe?g)?\s*$")
_HEAD_LIMIT: Final = 2000
_BASE64: Final = re.compile(rb"(?:data:image/\w+;base64,)?([A-Za-z0-9+/\r\n]{4,}={0,2})")
_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG"


def photo_head(body: bytes) -> bytes:
    """Return what stands before the picture: all that may be kept of the body."""
    return body[:_HEAD_LIMIT].split(b"\0", 1)[0] if b"\0" in body[:_HEAD_LIMIT] else b""


def read_photo(body: bytes, zone: tzinfo) -> EventPhoto | str:
    """Return the photo with whom it shows and when, or the code of why it is not kept.

    A photo without a person is one of a failed attempt: of somebody who is nobody's business here.
    """
    head, mark, picture = body.partition(b"\0")
    name = _NAME.search(head.decode("utf-8", errors="replace")) if mark and len(head) <= _HEAD_LIMIT else None
    if name is None:
        return "photo_unreadable"
    if name[7] is None:
        return "photo_of_failed_attempt"
    time = read_device_time("{}-{}-{} {}:{}:{}".format(*name.groups()[:6]), zone)
    content = _picture(picture)
    if time is None or content is None:
        return "photo_unreadable"
    if len(content) > PHOTO_LIMIT:
        return "photo_too_large"
    return EventPhoto(
        sha256=hashlib.sha256(content).hexdigest(),
        size=len(content),
        content=content,
        media_type="image/png" if content.startswith(_PNG) else "image/jpeg",
        number=name[7],
        device_time=time.text,
    )


def _picture(raw: bytes) -> bytes | None:
    if raw.startswith((_JPEG, _PNG)) or raw[:2] == _JPEG[:2]:
        return raw
    found = _BASE64.fullmatch(raw.strip())
    if found is None:
        return None
    try:
        decoded = base64.b64decode(found[1])
    except binascii.Error:
        return None
    return decoded if decoded.startswith((_JPEG[:2], _PNG)) else None
