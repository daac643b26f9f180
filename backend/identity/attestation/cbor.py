"""Reads the CBOR (RFC 8949) of App Attest: whole numbers, bytes, texts, lists and maps of definite length (pure)."""

from typing import Final, TypeAlias

Value: TypeAlias = "int | bytes | str | list[Value] | dict[Value, Value]"

_DEEPEST: Final = 6
_LENGTHS: Final = {24: 1, 25: 2, 26: 4, 27: 8}


class NotCborError(ValueError):
    """The bytes are not CBOR, or of a part of it that is not read here."""


def read_cbor(content: bytes) -> Value:
    """Return the one value that the bytes are; raises NotCborError."""
    value, end = _value(content, 0, 0)
    if end != len(content):
        msg = "something stands behind the value"
        raise NotCborError(msg)
    return value


def _value(content: bytes, at: int, depth: int) -> tuple[Value, int]:
    if depth > _DEEPEST or at >= len(content):
        msg = "too deep, or it ends too soon"
        raise NotCborError(msg)
    count, end = _count(content, at + 1, content[at] & 0x1F)
    kind, at = content[at] >> 5, end
    match kind:
        case 0:
            return count, at
        case 1:
            return -1 - count, at
        case 2:
            return _taken(content, at, count), at + count
        case 3:
            return _text(_taken(content, at, count)), at + count
        case 4:
            items: list[Value] = []
            for _ in range(_sane(content, count)):
                item, at = _value(content, at, depth + 1)
                items.append(item)
            return items, at
        case 5:
            return _members(content, at, count, depth)
        case _:
            msg = "neither number, bytes, text, list nor map"
            raise NotCborError(msg)


def _count(content: bytes, at: int, stated: int) -> tuple[int, int]:
    if stated < min(_LENGTHS):
        return stated, at
    if stated not in _LENGTHS:
        msg = "a length that is not stated"
        raise NotCborError(msg)
    return int.from_bytes(_taken(content, at, _LENGTHS[stated])), at + _LENGTHS[stated]


def _members(content: bytes, at: int, count: int, depth: int) -> tuple[Value, int]:
    members: dict[Value, Value] = {}
    for _ in range(_sane(content, count)):
        name, at = _value(content, at, depth + 1)
        if isinstance(name, list | dict) or name in members:
            msg = "a member that stands twice, or has no name"
            raise NotCborError(msg)
        members[name], at = _value(content, at, depth + 1)
    return members, at


def _sane(content: bytes, count: int) -> int:
    if count > len(content):
        msg = "more elements than bytes"
        raise NotCborError(msg)
    return count


def _taken(content: bytes, at: int, count: int) -> bytes:
    if at + count > len(content):
        msg = "it ends too soon"
        raise NotCborError(msg)
    return content[at : at + count]


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        msg = "a text that is not UTF-8"
        raise NotCborError(msg) from error
