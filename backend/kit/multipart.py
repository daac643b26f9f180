"""Takes a `multipart/form-data` body apart, as RFC 7578 and RFC 2046 §5.1 write it and no other way (pure)."""

import re
from dataclasses import dataclass
from typing import Final

from backend.kit.errors import MalformedBody, MediaTypeUnknown

MEDIA_TYPE: Final = "multipart/form-data"
_BOUNDARY: Final = re.compile(
    r"""boundary=(?:"([0-9A-Za-z'()+_,./:=? -]{1,70})"|([0-9A-Za-z'()+_,./:=?-]{1,70}))(?:;|$)"""
)
_NAME: Final = re.compile(
    rb'^content-disposition:[ \t]*form-data(?:;.*?)??;[ \t]*name="([^"\r\n]{1,100})"', re.IGNORECASE | re.MULTILINE
)
_HEAD_LIMIT: Final = 2_000


@dataclass(frozen=True, slots=True)
class Part:
    """A field of the form: its name, and its bytes."""

    name: str
    content: bytes


def read_parts(content_type: str, body: bytes, most: int) -> list[Part]:
    """Return the parts of a body in their order, at most `most`; raises MediaTypeUnknown or MalformedBody."""
    media_type, _, parameters = content_type.partition(";")
    boundary = _BOUNDARY.search(parameters.strip())
    if media_type.strip().lower() != MEDIA_TYPE or boundary is None:
        raise MediaTypeUnknown
    mark = b"\r\n--" + (boundary[1] or boundary[2]).encode()
    pieces = (b"\r\n" + body).split(mark, most + 2)
    if len(pieces) < 2 or pieces[0].strip(b"\r\n"):  # noqa: PLR2004 - what stands before and after the last mark
        raise MalformedBody(reason="the parts do not begin as the boundary says")
    parts: list[Part] = []
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            return parts
        if len(parts) == most:
            raise MalformedBody(reason=f"more than {most} parts")
        head, blank, content = piece.partition(b"\r\n\r\n")
        name = _NAME.search(head[:_HEAD_LIMIT])
        if not blank or name is None:
            raise MalformedBody(reason="a part has no name")
        parts.append(Part(name[1].decode("utf-8", "replace"), content))
    raise MalformedBody(reason="the last part does not end")
