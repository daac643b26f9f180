"""Reads rows of `COPY … TO STDOUT (FORMAT binary)` as the bytes of their fields, undecoded."""

from collections.abc import AsyncGenerator, Generator
from typing import Any, Final

from psycopg import AsyncConnection, Connection
from psycopg.abc import Query

_HEADER: Final = 19
"""Signature, flags, and the length of an extension, which PostgreSQL leaves empty."""
_SIGNATURE: Final = b"PGCOPY\n\xff\r\n\0"
_END: Final = b"\xff\xff"
_COUNT: Final = 2
"""A row begins with the number of its fields."""


async def rows_of(connection: AsyncConnection[Any], query: Query) -> AsyncGenerator[bytes]:
    """Yield each row's fields, every one with its length in front; PostgreSQL sends a row at a time."""
    async with connection.cursor() as cursor, cursor.copy(query) as copy:
        async for piece in copy:
            row = fields_in(piece)
            if row is not None:
                yield row


def rows_of_sync(connection: Connection[Any], query: Query) -> Generator[bytes]:
    """Like `rows_of`, on a connection that blocks: half the time a row."""
    with connection.cursor() as cursor, cursor.copy(query) as copy:
        first = True
        for piece in copy:
            if first or len(piece) == _COUNT:
                first = False
                row = fields_in(piece)
                if row is not None:
                    yield row
            else:
                yield bytes(piece[_COUNT:])


def fields_in(piece: bytes | bytearray | memoryview) -> bytes | None:
    """Return the fields of what PostgreSQL sent in one go: the header may stand before a row; None for no row."""
    content = bytes(piece)
    if content.startswith(_SIGNATURE):
        content = content[_HEADER:]
    return None if not content or content == _END else content[_COUNT:]


def first_bigint(row: bytes) -> tuple[int, bytes]:
    """Return a row's first field, a bigint, and the other fields."""
    return int.from_bytes(row[4:12], "big", signed=True), row[12:]
