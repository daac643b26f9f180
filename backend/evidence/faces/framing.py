"""How the model process and its callers write to each other: four bytes of length, then msgpack."""

import asyncio
from typing import Any, Final

import msgspec

from backend.evidence.faces.measures import (
    MAX_FRAME_BYTES,
    MAX_FRAMES,
    MAX_REFERENCE_BYTES,
    MAX_REFERENCE_PHOTOS,
    Asked,
    Told,
)

LONGEST: Final = MAX_FRAMES * MAX_FRAME_BYTES + MAX_REFERENCE_PHOTOS * MAX_REFERENCE_BYTES + 65_536
_LENGTH: Final = 4
_asked: msgspec.msgpack.Decoder[Asked] = msgspec.msgpack.Decoder(Asked)  # pyright: ignore[reportArgumentType] - a union of structs is a type to msgspec
_told: msgspec.msgpack.Decoder[Told] = msgspec.msgpack.Decoder(Told)  # pyright: ignore[reportArgumentType] - a union of structs is a type to msgspec


class FramingError(Exception):
    """What came is no message."""


def packed(message: Asked | Told) -> bytes:
    """Return a message with its length before it."""
    content = msgspec.msgpack.encode(message)
    return len(content).to_bytes(_LENGTH, "big") + content


async def read_length(reader: asyncio.StreamReader) -> int:
    """Return the length of the message that follows; raises FramingError."""
    try:
        length = int.from_bytes(await reader.readexactly(_LENGTH), "big")
    except (asyncio.IncompleteReadError, OSError) as fault:
        raise FramingError("nothing came") from fault
    if length > LONGEST:
        raise FramingError("too long")
    return length


async def _read(reader: asyncio.StreamReader, length: int, decoder: msgspec.msgpack.Decoder[Any]) -> Any:  # noqa: ANN401 - what the decoder makes
    try:
        return decoder.decode(await reader.readexactly(length))
    except (asyncio.IncompleteReadError, OSError, msgspec.MsgspecError) as fault:
        raise FramingError("it ended early, or is no message") from fault


async def discard(reader: asyncio.StreamReader, length: int) -> None:
    """Read what is not wanted, without keeping it; raises FramingError."""
    while length:
        piece = await reader.read(min(length, 65_536))
        if not piece:
            raise FramingError("it ended early")
        length -= len(piece)


async def read_asked(reader: asyncio.StreamReader, length: int) -> Asked:
    """Read what a caller asks; raises FramingError."""
    return await _read(reader, length, _asked)


async def read_told(reader: asyncio.StreamReader) -> Told:
    """Read what the process tells; raises FramingError."""
    return await _read(reader, await read_length(reader), _told)
