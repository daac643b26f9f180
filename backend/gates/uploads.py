"""Reads what terminals upload within bounds of memory and time, and lets few large bodies in at once."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, Final

from litestar import Request

from backend.kit.errors import MalformedBody

UPLOAD_LIMIT: Final = 16 * 1024 * 1024
"""Bytes of one body: a terminal's whole memory of 200 000 events is half of that, should it send it in one."""

DRAINED_LIMIT: Final = 2 * UPLOAD_LIMIT
"""Bytes that are read of a body that is too large, so that its sender hears an answer."""

LARGE: Final = 256 * 1024
LARGE_AT_ONCE: Final = 3
READ_WITHIN_S: Final = 120


class UploadLanes:
    """How many large bodies one process takes at a time; small ones, such as live events, never wait for them."""

    def __init__(self) -> None:
        """Make the lanes."""
        self._large = asyncio.Semaphore(LARGE_AT_ONCE)

    @asynccontextmanager
    async def body_of(self, request: Request[Any, Any, Any]) -> AsyncGenerator[bytes | None]:
        """Lend a request's body for the length of the block; None if it is too large.

        A body that does not say that it is small waits for a lane. Raises MalformedBody when it arrives too slowly.
        """
        told = request.headers.get("content-length", "")
        if told.isascii() and told.isdigit() and int(told) <= LARGE:
            yield await _read(request, LARGE)
            return
        async with self._large:
            yield await _read(request, UPLOAD_LIMIT)


async def drain(request: Request[Any, Any, Any]) -> None:
    """Read a body of somebody who is not known, without keeping any of it."""
    await _read(request, 0)


async def _read(request: Request[Any, Any, Any], limit: int) -> bytes | None:
    kept, size = bytearray(), 0
    try:
        async with asyncio.timeout(READ_WITHIN_S):
            async for piece in request.stream():
                size += len(piece)
                if size <= limit:
                    kept += piece
                elif size > DRAINED_LIMIT:
                    break
                else:
                    kept.clear()
    except TimeoutError as error:
        raise MalformedBody(reason="it arrived too slowly") from error
    return bytes(kept) if size <= limit else None
