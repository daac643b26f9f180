"""Reads DER (ITU-T X.690), as far as attestations need it: elements, their tags and contents (pure)."""

from dataclasses import dataclass
from typing import Final

UNIVERSAL, CONTEXT = 0, 2
BOOLEAN, INTEGER, OCTETS, ENUMERATED, SEQUENCE, SET = 1, 2, 4, 10, 16, 17

_HIGH_TAG: Final = 0x1F
_MORE: Final = 0x80
_LENGTH_BYTES: Final = 4
_TAG_BYTES: Final = 3


class NotDerError(ValueError):
    """The bytes are not DER, or not of the expected shape."""


@dataclass(frozen=True, slots=True)
class Element:
    """One element: class and number of its tag, and its contents."""

    kind: int
    number: int
    content: bytes

    def expect(self, number: int, kind: int = UNIVERSAL) -> bytes:
        """Return the contents of an element of this tag; raises NotDerError for any other."""
        if (self.kind, self.number) != (kind, number):
            msg = f"tag {self.kind}:{self.number} instead of {kind}:{number}"
            raise NotDerError(msg)
        return self.content

    def whole(self) -> int:
        """Return an INTEGER or ENUMERATED that is not negative."""
        if self.kind != UNIVERSAL or self.number not in {INTEGER, ENUMERATED} or not b"" < self.content[:1] < b"\x80":
            msg = "no number that is zero or more"
            raise NotDerError(msg)
        return int.from_bytes(self.content)

    def truth(self) -> bool:
        """Return a BOOLEAN."""
        content = self.expect(BOOLEAN)
        if content not in {b"\x00", b"\xff"}:
            msg = "no truth value"
            raise NotDerError(msg)
        return content == b"\xff"

    def sequence(self) -> list["Element"]:
        """Return the elements of a SEQUENCE."""
        return read_all(self.expect(SEQUENCE))


def read_one(content: bytes) -> Element:
    """Return the one element that the bytes are; raises NotDerError."""
    found = read_all(content)
    if len(found) != 1:
        msg = "not one element"
        raise NotDerError(msg)
    return found[0]


def read_all(content: bytes) -> list[Element]:
    """Return the elements that stand one after the other; raises NotDerError."""
    found: list[Element] = []
    at = 0
    while at < len(content):
        kind, number, at = _tag(content, at)
        length, at = _length(content, at)
        if at + length > len(content):
            msg = "it ends too soon"
            raise NotDerError(msg)
        found.append(Element(kind, number, content[at : at + length]))
        at += length
    return found


def _tag(content: bytes, at: int) -> tuple[int, int, int]:
    first = content[at]
    kind, number, at = first >> 6, first & _HIGH_TAG, at + 1
    if number != _HIGH_TAG:
        return kind, number, at
    number = 0
    for byte in content[at : at + _TAG_BYTES]:
        number, at = number << 7 | byte & ~_MORE, at + 1
        if not byte & _MORE:
            return kind, number, at
    msg = "a tag without an end"
    raise NotDerError(msg)


def _length(content: bytes, at: int) -> tuple[int, int]:
    if at >= len(content):
        msg = "it ends before a length"
        raise NotDerError(msg)
    first = content[at]
    at += 1
    if not first & _MORE:
        return first, at
    count = first & ~_MORE
    length = int.from_bytes(content[at : at + count])
    shortest = length >= _MORE and content[at : at + 1] != b"\x00"
    if not 1 <= count <= _LENGTH_BYTES or at + count > len(content) or not shortest:
        msg = "a length in another than its shortest form"
        raise NotDerError(msg)
    return length, at + count
