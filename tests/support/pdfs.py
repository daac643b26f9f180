"""Reads the text back out of prints of ours: one font with a map to Unicode, contents that are deflated."""

import re
import zlib

_OBJECT = re.compile(rb"(\d+) 0 obj\s(.*?)endobj", re.DOTALL)
_STRING = re.compile(rb"<([0-9a-fA-F\s]*)>|\(((?:\\.|[^()\\])*)\)", re.DOTALL)
_SHOWN = re.compile(
    rb"(\[(?:<[^>]*>|\((?:\\.|[^()\\])*\)|[^\]()<])*\]|<[0-9a-fA-F\s]*>|\((?:\\.|[^()\\])*\))\s*T[jJ]", re.DOTALL
)
_ESCAPED = re.compile(rb"\\([0-7]{1,3}|.)", re.DOTALL)
_NAMED = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


def pages_of(pdf: bytes) -> list[str]:
    """Return the text of each page without any white space, in the order in which it is drawn."""
    objects = {int(found[1]): found[2] for found in _OBJECT.finditer(pdf)}
    letters: dict[int, str] = {}
    for body in objects.values():
        if b"/CMap" in body:
            letters |= _letters(_stream(body))
    pages: list[str] = []
    for body in objects.values():
        if b"/Type/Page/" in body or b"/Type/Page " in body:
            contents = re.search(rb"/Contents (\d+) 0 R", body)
            assert contents is not None
            pages.append(re.sub(r"\s", "", _text(_stream(objects[int(contents[1])]), letters)))
    return pages


def _stream(body: bytes) -> bytes:
    head, _, rest = body.partition(b"stream")
    length = re.search(rb"/Length (\d+)", head)
    assert length is not None
    raw = rest.lstrip(b"\r").removeprefix(b"\n")[: int(length[1])]
    return zlib.decompress(raw) if b"FlateDecode" in head else raw


def _letters(cmap: bytes) -> dict[int, str]:
    found: dict[int, str] = {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", cmap, re.DOTALL):
        for code, text in re.findall(rb"<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]+)>", block):
            found[int(code, 16)] = bytes.fromhex(text.decode()).decode("utf-16-be")
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", cmap, re.DOTALL):
        for first, last, text in re.findall(rb"<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]+)>\s*<([0-9a-fA-F]+)>", block):
            begin = int(text, 16)
            for place in range(int(last, 16) - int(first, 16) + 1):
                found[int(first, 16) + place] = chr(begin + place)
    return found


def _text(content: bytes, letters: dict[int, str]) -> str:
    out: list[str] = []
    for shown in _SHOWN.finditer(content):
        for code, literal in _STRING.findall(shown[1]):
            raw = bytes.fromhex(code.decode()) if code else _ESCAPED.sub(_unescape, literal)
            out += [letters.get(int.from_bytes(raw[at : at + 2], "big"), "") for at in range(0, len(raw), 2)]
    return "".join(out)


def _unescape(found: re.Match[bytes]) -> bytes:
    if found[1].isdigit():
        return bytes([int(found[1], 8) & 0xFF])
    return _NAMED.get(found[1], found[1])
