"""Writes small ONNX graphs, the same bytes each time, so that a file made here can be known by its SHA-256 (pure).

Only what is needed of the format (onnx.proto of ONNX IR 9): floats and 64-bit integers, nodes with such attributes.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

_FLOAT, _INT64 = 1, 7
_IR_VERSION, _OPSET = 9, 17
_VARINT, _BYTES = 0, 2
_ATTRIBUTE_INT, _ATTRIBUTE_INTS = 2, 7


def _varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:  # noqa: PLR2004 - seven bits a byte
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3 | _VARINT) + _varint(value)


def _block(field: int, content: bytes | str) -> bytes:
    raw = content.encode() if isinstance(content, str) else content
    return _varint(field << 3 | _BYTES) + _varint(len(raw)) + raw


def _value_info(name: str, shape: Sequence[int | str]) -> bytes:
    sizes = b"".join(_block(1, _number(1, one) if isinstance(one, int) else _block(2, one)) for one in shape)
    tensor = _number(1, _FLOAT) + _block(2, sizes)
    return _block(1, name) + _block(2, _block(1, tensor))


class Graph:
    """A graph that grows node by node; `bytes_of_model` ends it."""

    def __init__(self, name: str) -> None:
        """Begin without nodes."""
        self._name: Final = name
        self._nodes: list[bytes] = []
        self._constants: list[bytes] = []
        self._drawn = 0

    def constant(self, values: NDArray[Any]) -> str:
        """Add a constant of 32-bit floats or 64-bit integers; return its name."""
        kind = _INT64 if values.dtype.kind == "i" else _FLOAT
        raw = np.ascontiguousarray(values, dtype="<i8" if kind == _INT64 else "<f4").tobytes()
        name = self._draw("c")
        sizes = b"".join(_number(1, size) for size in values.shape)
        self._constants.append(sizes + _number(2, kind) + _block(8, name) + _block(9, raw))
        return name

    def node(self, operator: str, *inputs: str, output: str | None = None, **attributes: int | Sequence[int]) -> str:
        """Add a node; return the name of its output."""
        name = output or self._draw("t")
        parts = [_block(1, one) for one in inputs] + [_block(2, name), _block(4, operator)]
        for key, value in attributes.items():
            if isinstance(value, int):
                told = _number(3, value) + _number(20, _ATTRIBUTE_INT)
            else:
                told = b"".join(_number(8, one) for one in value) + _number(20, _ATTRIBUTE_INTS)
            parts.append(_block(5, _block(1, key) + told))
        self._nodes.append(b"".join(parts))
        return name

    def bytes_of_model(self, inputs: dict[str, Sequence[int | str]], outputs: dict[str, Sequence[int | str]]) -> bytes:
        """Return the model with its inputs and outputs, all of 32-bit floats."""
        graph = b"".join(_block(1, node) for node in self._nodes) + _block(2, self._name)
        graph += b"".join(_block(5, one) for one in self._constants)
        graph += b"".join(_block(11, _value_info(name, shape)) for name, shape in inputs.items())
        graph += b"".join(_block(12, _value_info(name, shape)) for name, shape in outputs.items())
        opset = _block(1, "") + _number(2, _OPSET)
        return _number(1, _IR_VERSION) + _block(2, "daogang") + _block(7, graph) + _block(8, opset)

    def _draw(self, letter: str) -> str:
        self._drawn += 1
        return f"{letter}{self._drawn}"
