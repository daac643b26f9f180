"""Takes a posted body apart: by its boundary, whatever the lengths in it say, into the message and pictures (pure)."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, cast
from xml.etree.ElementTree import Element, ParseError

import msgspec
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from backend.gates.bodies import decode_text

MESSAGE_LIMIT: Final = 1_000_000
"""Bytes of the message itself; pictures are parts of their own."""

PARTS_LIMIT: Final = 20
MESSAGES_LIMIT: Final = 100
ALERT: Final = "EventNotificationAlert"

_DEEPEST: Final = 20
_BOUNDARY: Final = re.compile(r'boundary="?([^";,\r\n]{1,200})"?', re.IGNORECASE)
_FIRST_LINE: Final = re.compile(rb"\A\s{0,20}--([^\r\n]{1,200})\r?\n")
_DECLARATION: Final = re.compile(r"\A<\?xml[^>]{0,200}\?>")
_SPACE: Final = re.compile(r"[\s,\0]*")
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_json: Final = json.JSONDecoder()
_PICTURES: Final = (b"\xff\xd8", b"\x89PNG")

Message = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Posted:
    """A body's messages, and its pictures; `fault` is the code of why there is no message."""

    messages: tuple[Message, ...]
    pictures: tuple[bytes, ...]
    fault: str | None = None


def take_apart(headers: Mapping[str, str], body: bytes) -> Posted:
    """Return what a body holds: multipart, JSON or XML, told by what it is and not by what it says that it is."""
    if not body.strip():
        return Posted((), (), "empty")
    boundary = _boundary(headers, body)
    if boundary is None:
        found = read_message(body)
        return Posted((), (), found) if isinstance(found, str) else Posted(found, ())
    fault: str | None = "no_message"
    messages: tuple[Message, ...] = ()
    pictures: list[bytes] = []
    for head, content in split_parts(body, boundary):
        if content.startswith(_PICTURES) or b"image/" in head.lower():
            pictures.append(content)
        elif not messages:
            found = read_message(content)
            if isinstance(found, str):
                fault = found
            else:
                messages = found
    return Posted(messages, tuple(pictures), None if messages else fault)


def split_parts(body: bytes, boundary: bytes) -> list[tuple[bytes, bytes]]:
    """Return head and content of each part; the lengths that the parts state are wrong too often to be used."""
    mark = b"--" + boundary
    found: list[tuple[bytes, bytes]] = []
    for piece in body.split(mark, PARTS_LIMIT + 1)[1 : PARTS_LIMIT + 1]:
        if piece.startswith(b"--"):
            break
        raw = piece.lstrip(b" \t").removeprefix(b"\r\n").removeprefix(b"\n")
        head, blank, content = raw.partition(b"\r\n\r\n") if b"\r\n\r\n" in raw else raw.partition(b"\n\n")
        if not blank:
            head, content = b"", raw
        found.append((head, content.removesuffix(b"\n").removesuffix(b"\r")))
    return found


def read_message(raw: bytes) -> tuple[Message, ...] | str:
    """Read JSON or XML into plain values by name, or return the code of what is wrong with it."""
    if len(raw) > MESSAGE_LIMIT:
        return "message_too_large"
    # Firmwares written in C send the end of their buffers too.
    text = _text_of(raw).strip("\ufeff\0 \t\r\n")
    if text.startswith("<"):
        found = _read_xml(text)
        return found if isinstance(found, str) else (found,)
    try:
        told: Any = msgspec.json.decode(text)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        told = _several(text)
    several: list[Any] = told if isinstance(told, list) else [told]
    messages = [_unwrapped(cast("Message", one)) for one in several[:MESSAGES_LIMIT] if isinstance(one, dict)]
    return tuple(messages) if messages and len(messages) == len(several) else "not_json_or_xml"


def _unwrapped(message: Message) -> Message:
    inner = message.get(ALERT)
    return cast("Message", inner) if isinstance(inner, dict) else message


def _text_of(raw: bytes) -> str:
    if raw.startswith(_UTF16):
        return raw.decode("utf-16", errors="replace")
    return decode_text(raw).text


def _several(text: str) -> list[Any]:
    """Return the JSON values at the beginning of a text, one after the other; what follows the last is no message."""
    found: list[Any] = []
    at = 0
    try:
        while len(found) < MESSAGES_LIMIT:
            value, end = _json.raw_decode(text, at)
            found.append(value)
            rest = _SPACE.match(text, end)
            at = end if rest is None else rest.end()
    except (ValueError, RecursionError):
        return found
    return found


def _read_xml(text: str) -> Message | str:
    # The parser knows few encodings, and what a terminal declares is often not what it sends.
    raw = _DECLARATION.sub("", text, count=1).encode("utf-8", "replace")
    try:
        root = fromstring(raw, forbid_dtd=True, forbid_entities=True, forbid_external=True)
    except DefusedXmlException:
        return "xml_refused"
    except (ParseError, ValueError, LookupError, UnicodeError, RecursionError):
        return "not_json_or_xml"
    value = _value(root, 0)
    return cast("Message", value) if isinstance(value, dict) else "not_json_or_xml"


def _value(element: Element, depth: int) -> Any:  # noqa: ANN401 - plain values by name
    """Return an element's text, or its children by name without namespace; of several the first counts."""
    if len(element) == 0 or depth >= _DEEPEST:
        return (element.text or "").strip()
    found: Message = {}
    for child in element:
        found.setdefault(str(child.tag).rpartition("}")[2], _value(child, depth + 1))
    return found


def _boundary(headers: Mapping[str, str], body: bytes) -> bytes | None:
    named = _BOUNDARY.search(headers.get("content-type", "")[:1000])
    if named is not None:
        boundary = named[1].strip().encode("utf-8", "replace")
        if b"--" + boundary in body:
            return boundary
    # Without the header the body still begins with its boundary; JSON and XML never begin like that.
    first = _FIRST_LINE.match(body[:300])
    return None if first is None else first[1].rstrip(b" \t")
