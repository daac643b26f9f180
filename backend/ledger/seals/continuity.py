"""Whether the log may be gone on with: it fits its last head, and continues what this sealer sealed before."""

from collections.abc import Collection

from backend.ledger.seals.log_reading import (
    LOG_ID,
    ORIGIN,
    Connection,
    NodesMissing,
    StoredHead,
    read_peaks,
)
from backend.ledger.seals.memory import HeadMemory
from backend.ledger.seals.merkle import Peaks


class LogBroken(Exception):
    """The log that is stored is not the one that was signed: nothing is appended to it any more."""


async def right_edge(
    connection: Connection,
    head: StoredHead | None,
    known: Peaks | None,
    public_keys: Collection[bytes],
    memory: HeadMemory | None,
) -> Peaks:
    """Return the right edge of the log as its last head tells it.

    `known` is the edge as this process left it, None when it was just started: then the log is held to `memory` too.
    `public_keys` are the sealer's own, 32 bytes each. Raises LogBroken when head, leaves and what is known do not fit
    together, MemoryUnreadable when the memory is there and cannot be read.
    """
    size = 0 if head is None else head.size
    if known is not None and known.size > size:
        msg = f"the log had {known.size} leaves and has {size}: its end was removed"
        raise LogBroken(msg)
    if known is None and memory is not None:
        await _hold_to_memory(connection, memory, size)
    if head is None:
        return Peaks()
    if known is None or known.size < size:  # just started, or another sealer went on
        if head.signed.public_key not in public_keys or not head.signed.is_genuine():
            msg = f"the head of {size} leaves is not signed by a key of ours"
            raise LogBroken(msg)
        known = await _peaks(connection, size)
    if known.root() != head.root:
        msg = f"the head of {size} leaves has another root than the leaves"
        raise LogBroken(msg)
    return known


async def _hold_to_memory(connection: Connection, memory: HeadMemory, size: int) -> None:
    kept = await memory.recall()
    if kept is None:
        return
    way_out = f"find out who changed it; after a restore of an older backup, move {memory.path} away"
    row = await (await connection.execute(ORIGIN, (LOG_ID,))).fetchone()
    if row is None or row[0] != kept.origin:
        msg = f"the log is not the one that was sealed here before ({kept.origin}); {way_out}"
        raise LogBroken(msg)
    if size < kept.size:
        msg = f"the log had {kept.size} leaves on {kept.signed_at:%Y-%m-%d %H:%M} UTC and has {size}; {way_out}"
        raise LogBroken(msg)
    if (await _peaks(connection, kept.size)).root() != kept.root:
        msg = f"the first {kept.size} leaves are not those that were sealed here before; {way_out}"
        raise LogBroken(msg)


async def _peaks(connection: Connection, size: int) -> Peaks:
    try:
        return await read_peaks(connection, size)
    except NodesMissing as error:
        raise LogBroken(str(error)) from error
