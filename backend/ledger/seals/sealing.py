"""Appends what the ledger has recorded to the log, in batches: leaves, nodes and a signed head in one transaction.

The sealer follows the outbox up to a horizon behind which nothing comes any more, and takes no lock that an insert
waits for. Who seals holds the log's advisory lock; all that it needs to know is in the last head.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final
from uuid import UUID, uuid4

import structlog
from psycopg.abc import Query
from psycopg.sql import SQL, Literal

from backend.kit.clock import Clock
from backend.kit.crypto import public_key, signing_key
from backend.kit.db import Database
from backend.kit.horizon import LOOK_BACK, Horizon, Settled, look_at_tables
from backend.kit.keyring import KeyRing, Purpose
from backend.ledger.seals import leaves, merkle
from backend.ledger.seals.binary_copies import first_bigint, rows_of
from backend.ledger.seals.continuity import right_edge
from backend.ledger.seals.heads import SignedHead, TreeHead
from backend.ledger.seals.leaves import KINDS, Kind
from backend.ledger.seals.log_reading import LOG_ID, ORIGIN, STEP, Connection, last_head
from backend.ledger.seals.memory import HeadMemory
from backend.ledger.seals.merkle import Node, Peaks
from backend.ledger.seals.windows import joins_within

log = structlog.get_logger()

AT_ONCE: Final = 5000
"""Entries of one batch."""
_LOCK_SPACE: Final = 0x5EA1

# Not for the rows behind the mark that were seen before, nor for those a restored database brings from another cluster.
NEXT = """
SELECT o.id, o.kind, o.project_id, o.recorded_at, o.entry_id
FROM ledger_outbox o
WHERE o.id > %(after)s AND o.id <= %(upto)s
UNION ALL
SELECT o.id, o.kind, o.project_id, o.recorded_at, o.entry_id
FROM ledger_outbox o
WHERE o.id > %(after)s - %(look_back)s AND o.id <= %(after)s AND o.xid >= %(xid)s::text::xid8
  AND NOT EXISTS (
    SELECT FROM seal_leaf s WHERE s.log_id = %(log_id)s AND s.entry_id = o.entry_id AND s.kind = o.kind)
ORDER BY id LIMIT %(limit)s
"""

CLUSTER = "SELECT system_identifier::text FROM pg_control_system()"
BEGIN_LOG = "INSERT INTO seal_log (log_id, origin, begun_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
KNOW_KEY = "INSERT INTO seal_key (key_id, public_key, first_used_at) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING"
ADD_LEAVES = """
INSERT INTO seal_leaf (log_id, leaf_index, kind, project_id, entry_at, entry_id, leaf_hash, marks)
SELECT %s, %s + n - 1, kind, project_id, entry_at, entry_id, leaf_hash, marks
FROM unnest(%s::text[], %s::uuid[], %s::timestamptz[], %s::uuid[], %s::bytea[], %s::bytea[]) WITH ORDINALITY
  AS l (kind, project_id, entry_at, entry_id, leaf_hash, marks, n)
"""
ADD_NODES = """
INSERT INTO seal_node (log_id, level, number, node_hash)
SELECT %s, level, number, node_hash
FROM unnest(%s::smallint[], %s::bigint[], %s::bytea[]) AS n (level, number, node_hash)
"""
ADD_HEAD = """
INSERT INTO seal_head (log_id, tree_size, root_hash, signed_at, key_id, signature, upto_id, upto_xid, cluster)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s::text::xid8, %s)
"""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A row of the outbox: which entry was recorded when."""

    id: int
    kind: Kind
    project_id: UUID
    recorded_at: datetime
    entry_id: UUID


@dataclass(slots=True)
class Sealing:
    """What the process remembers between batches; everything else is read from the last head.

    `unkept` is a head that is in the log and not in the sealer's memory yet.
    """

    horizon: Horizon = field(default_factory=Horizon)
    peaks: Peaks | None = None
    unkept: SignedHead | None = None


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a batch came to: how many entries, how many of them were not there, and whether more wait."""

    entries: int = 0
    absent: int = 0
    more: bool = False


@dataclass(frozen=True, slots=True)
class _Grown:
    """A batch that holds once its transaction is committed: the right edge of the log with it, and its head."""

    done: Sealed
    peaks: Peaks
    head: SignedHead


@dataclass(frozen=True, slots=True)
class SealTools:
    """What sealing works with; `keys` holds the seal keys, which no other process has.

    `memory` outlives the process; without one a log that was cut or replaced between two starts goes on.
    """

    database: Database
    keys: KeyRing
    clock: Clock
    memory: HeadMemory | None = None


async def seal_next(tools: SealTools, state: Sealing, limit: int = AT_ONCE) -> Sealed:
    """Seal what was recorded since the last head, at most `limit` entries.

    Raises LogBroken when the last head does not fit the log, was signed by a key that is not ours, or does not continue
    the head that is remembered; MemoryUnreadable or OSError when that cannot be read or kept.
    """
    await _keep(tools, state)  # again, if it failed the last time
    async with tools.database.connection() as connection:
        settled = (await look_at_tables(connection, {"ledger_outbox": state.horizon}))["ledger_outbox"]
        if settled is None:
            return Sealed()
        async with connection.transaction():
            if not await _is_ours(connection):
                return Sealed()
            grown = await _seal_in(connection, tools, state, settled, limit)
    if grown is None:
        return Sealed()
    # Only what is committed: a memory ahead of the log would stop the sealer for good.
    state.peaks, state.unkept = grown.peaks, grown.head
    await _keep(tools, state)
    return grown.done


async def _keep(tools: SealTools, state: Sealing) -> None:
    if tools.memory is not None and state.unkept is not None:
        await tools.memory.keep(state.unkept)
    state.unkept = None


async def _is_ours(connection: Connection) -> bool:
    row = await (await connection.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", (_LOCK_SPACE, LOG_ID))).fetchone()
    return row is not None and bool(row[0])


async def _seal_in(
    connection: Connection, tools: SealTools, state: Sealing, settled: Settled, limit: int
) -> _Grown | None:
    cluster = await _text(connection, CLUSTER)
    head = await last_head(connection)
    ours = [public_key(key.secret).public_bytes_raw() for key in tools.keys.usable(Purpose.SEAL, tools.clock.now())]
    peaks = await right_edge(connection, head, state.peaks, ours, tools.memory)
    after, xid = (0, 0) if head is None else (head.upto_id, head.upto_xid)
    if head is not None and head.cluster != cluster:
        # Ids of transactions of another cluster tell nothing here, and none of it is still running.
        xid = 0
    values = {
        "after": after,
        "upto": settled.number,
        "xid": str(xid),
        "look_back": LOOK_BACK,
        "log_id": LOG_ID,
        "limit": limit,
    }
    rows = [Recorded(*row) for row in await (await connection.execute(NEXT, values)).fetchall()]
    if not rows:
        return None
    contents = await read_contents(connection, rows)
    grown = peaks.copy()
    reached = settled
    if len(rows) == limit:
        # Everything up to the last number is settled, just like the whole; behind the mark some may be left to read.
        reached = Settled(rows[-1].id, settled.xid) if rows[-1].id > after else Settled(after, xid)
    await _add_leaves(connection, grown, rows, contents)
    signed = await _add_head(connection, tools, grown, Settled(max(after, reached.number), reached.xid), cluster)
    absent = sum(contents[row.id] == leaves.ABSENT[row.kind] for row in rows)
    return _Grown(Sealed(len(rows), absent, more=len(rows) == limit), grown, signed)


async def read_contents(connection: Connection, rows: Sequence[Recorded]) -> dict[int, bytes]:
    """Return the leaf's bytes for each row of the outbox by its number, recomputed from the ledger's columns."""
    found: dict[int, bytes] = {}
    for kind in KINDS:
        ids = [row.id for row in rows if row.kind == kind]
        if not ids:
            continue
        at = [row.recorded_at for row in rows if row.kind == kind]
        query = _contents_query(kind, ids, min(at), max(at))
        async for content in rows_of(connection, query):
            number, rest = first_bigint(content)
            found[number] = rest
    return found


def _contents_query(kind: Kind, ids: Sequence[int], first: datetime, last: datetime) -> Query:
    """Return a COPY of the kind's leaves, each after its number in the outbox; partitions outside are not looked at."""
    return SQL(
        "COPY (SELECT e.id, {columns} FROM (SELECT id, project_id, recorded_at AS entry_at, entry_id "
        "FROM ledger_outbox WHERE id = ANY({ids}::bigint[])) e {joins}) TO STDOUT (FORMAT binary)"
    ).format(
        columns=SQL(leaves.select_list(kind)),  # pyright: ignore[reportArgumentType] - ours alone
        ids=Literal(list(ids)),
        joins=joins_within(kind, first, last),
    )


async def _add_leaves(
    connection: Connection, peaks: Peaks, rows: Sequence[Recorded], contents: Mapping[int, bytes]
) -> None:
    first = peaks.size
    hashes = [merkle.leaf_hash(contents[row.id]) for row in rows]
    nodes: list[tuple[Node, bytes]] = []
    for leaf in hashes:
        nodes += [(node, found) for node, found in peaks.append(leaf) if node.level % STEP == 0]
    await connection.execute(
        ADD_LEAVES,
        (
            LOG_ID,
            first,
            [row.kind for row in rows],
            [row.project_id for row in rows],
            [row.recorded_at for row in rows],
            [row.entry_id for row in rows],
            hashes,
            [leaves.marks_of(contents[row.id]) for row in rows],
        ),
    )
    if nodes:
        levels, numbers = [node.level for node, _ in nodes], [node.number for node, _ in nodes]
        await connection.execute(ADD_NODES, (LOG_ID, levels, numbers, [found for _, found in nodes]))


async def _add_head(connection: Connection, tools: SealTools, peaks: Peaks, upto: Settled, cluster: str) -> SignedHead:
    now = tools.clock.now().astimezone(UTC)
    key = tools.keys.active(Purpose.SEAL)
    public = public_key(key.secret).public_bytes_raw()
    await connection.execute(KNOW_KEY, (key.id, public, now))
    head = TreeHead(await _text(connection, ORIGIN, LOG_ID), peaks.size, peaks.root(), now)
    signature = signing_key(key.secret).sign(head.text().encode())
    values = (LOG_ID, head.size, head.root, now, key.id, signature, upto.number, str(upto.xid), cluster)
    await connection.execute(ADD_HEAD, values)
    return SignedHead(head, public, signature)


async def begin_log(connection: Connection, now: datetime) -> str:
    """Return the log's name; it gets one when it is begun, which it bears for ever."""
    await connection.execute(BEGIN_LOG, (LOG_ID, f"daogang/{uuid4()}/{LOG_ID}", now))
    return await _text(connection, ORIGIN, LOG_ID)


async def _text(connection: Connection, query: str, *values: object) -> str:
    row = await (await connection.execute(query, values)).fetchone()  # pyright: ignore[reportArgumentType] - constants
    if row is None:
        msg = f"no row: {query}"
        raise RuntimeError(msg)
    return str(row[0])
