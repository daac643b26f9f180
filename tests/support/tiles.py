"""Reads Mapbox vector tiles (version 2.1) with no other program's help: enough to say what is drawn, and where."""

import math
from dataclasses import dataclass, field
from typing import Any

EXTENT = 4096


@dataclass
class Feature:
    """What a layer says of one shape, and its paths in units of the tile."""

    kind: int
    told: dict[str, Any]
    paths: list[list[tuple[int, int]]]


@dataclass
class _Layer:
    name: str = ""
    features: list[bytes] = field(default_factory=list[bytes])
    keys: list[str] = field(default_factory=list[str])
    values: list[Any] = field(default_factory=list[Any])


def read_tile(content: bytes) -> dict[str, list[Feature]]:
    """Return the features of each layer."""
    layers: dict[str, list[Feature]] = {}
    for number, value in _fields(content):
        assert number == 3
        layer = _Layer()
        for inner, told in _fields(value):
            match inner:
                case 1:
                    layer.name = told.decode()
                case 2:
                    layer.features.append(told)
                case 3:
                    layer.keys.append(told.decode())
                case 4:
                    layer.values.append(_value(told))
                case 5:
                    assert told == EXTENT
                case _:
                    assert (inner, told) == (15, 2), "version 2"
        layers[layer.name] = [_feature(one, layer) for one in layer.features]
    return layers


def degrees(place: tuple[int, int], z: int, x: int, y: int) -> tuple[float, float]:
    """Return (lon, lat) of a place in a tile's units."""
    across, down = (x + place[0] / EXTENT) / 2**z, (y + place[1] / EXTENT) / 2**z
    return across * 360.0 - 180.0, math.degrees(math.atan(math.sinh(math.pi * (1.0 - 2.0 * down))))


def _feature(content: bytes, layer: _Layer) -> Feature:
    tags: list[int] = []
    kind, commands = 0, b""
    for number, value in _fields(content):
        match number:
            case 2:
                tags = list(_varints(value))
            case 3:
                kind = value
            case 4:
                commands = value
            case _:
                pass
    told = {layer.keys[key]: layer.values[value] for key, value in zip(tags[::2], tags[1::2], strict=True)}
    return Feature(kind, told, _paths(list(_varints(commands))))


def _paths(commands: list[int]) -> list[list[tuple[int, int]]]:
    paths: list[list[tuple[int, int]]] = []
    x = y = at = 0
    while at < len(commands):
        what, count = commands[at] & 7, commands[at] >> 3
        at += 1
        if what == 7:
            continue
        for _ in range(count):
            x, y = x + _signed(commands[at]), y + _signed(commands[at + 1])
            at += 2
            if what == 1:
                paths.append([])
            paths[-1].append((x, y))
    return paths


def _signed(number: int) -> int:
    return (number >> 1) ^ -(number & 1)


def _value(content: bytes) -> Any:
    ((number, value),) = _fields(content)
    return value.decode() if number == 1 else value


def _fields(content: bytes) -> list[tuple[int, Any]]:
    found: list[tuple[int, Any]] = []
    at = 0
    while at < len(content):
        key, at = _varint(content, at)
        value: Any
        value, at = _varint(content, at)
        if key & 7 == 2:
            value, at = content[at : at + value], at + value
        found.append((key >> 3, value))
    return found


def _varints(content: bytes) -> list[int]:
    numbers: list[int] = []
    at = 0
    while at < len(content):
        number, at = _varint(content, at)
        numbers.append(number)
    return numbers


def _varint(content: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while True:
        byte = content[at]
        number |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return number, at
