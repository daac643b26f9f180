"""Reads the log's tables: heads, and the perfect nodes that proofs and peaks are made of."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from psycopg import AsyncConnection
from psycopg import Connection as SyncConnection
from psycopg.rows import TupleRow

from backend.ledger.seals import merkle
from backend.ledger.seals.heads import SignedHead, TreeHead
from backend.ledger.seals.merkle import Node, Peaks

Connection = AsyncConnection[TupleRow]

LOG_ID: Final = 1
"""The one log; more of them come with more shards."""

STEP: Final = 8
"""Nodes of every eighth level are kept: others are put together from at most 128 of those below."""

ORIGIN = "SELECT origin FROM seal_log WHERE log_id = %s"

_HEAD = """
SELECT h.tree_size, h.root_hash, h.signed_at, k.public_key, h.signature, h.upto_id, h.upto_xid::text::bigint, h.cluster,
  l.origin
FROM seal_head h JOIN seal_key k USING (key_id) JOIN seal_log l USING (log_id)
WHERE h.log_id = %s
"""
LAST_HEAD = _HEAD + "ORDER BY h.tree_size DESC LIMIT 1"
HEAD_FROM = _HEAD + "AND h.tree_size >= %s ORDER BY h.tree_size LIMIT 1"
HEADS_BETWEEN = _HEAD + "AND h.tree_size > %s AND h.tree_size <= %s ORDER BY h.tree_size"

NODES = """
SELECT w.level, n.number, n.node_hash
FROM unnest(%s::smallint[], %s::bigint[], %s::bigint[]) AS w (level, first, past)
JOIN seal_node n ON n.log_id = %s AND n.level = w.level AND n.number >= w.first AND n.number < w.past
UNION ALL
SELECT 0, s.leaf_index, s.leaf_hash
FROM unnest(%s::bigint[], %s::bigint[]) AS w (first, past)
JOIN seal_leaf s ON s.log_id = %s AND s.leaf_index >= w.first AND s.leaf_index < w.past
"""


@dataclass(frozen=True, slots=True)
class StoredHead:
    """A head as the log has it: up to which number of the outbox it reaches, as transactions of `cluster` stood."""

    signed: SignedHead
    upto_id: int
    upto_xid: int
    cluster: str

    @property
    def size(self) -> int:
        """Return the number of leaves."""
        return self.signed.head.size

    @property
    def root(self) -> bytes:
        """Return the tree's root."""
        return self.signed.head.root


def head_of(row: TupleRow) -> StoredHead:
    """Make a head of a row of the statements above."""
    size, root, signed_at, public_key, signature, upto_id, upto_xid, cluster, origin = row
    head = TreeHead(origin, size, bytes(root), signed_at)
    return StoredHead(SignedHead(head, bytes(public_key), bytes(signature)), upto_id, upto_xid, cluster)


async def last_head(connection: Connection, log_id: int = LOG_ID) -> StoredHead | None:
    """Return the newest head; None before the first."""
    row = await (await connection.execute(LAST_HEAD, (log_id,))).fetchone()
    return None if row is None else head_of(row)


async def head_from(connection: Connection, size: int, log_id: int = LOG_ID) -> StoredHead | None:
    """Return the smallest head of at least `size` leaves."""
    row = await (await connection.execute(HEAD_FROM, (log_id, size))).fetchone()
    return None if row is None else head_of(row)


class NodesMissing(Exception):
    """The log lacks nodes that its own size says are there."""


async def read_nodes(connection: Connection, nodes: Iterable[Node], log_id: int = LOG_ID) -> dict[Node, bytes]:
    """Return the hashes of perfect nodes, read in one statement; raises NodesMissing."""
    wanted = set(nodes)
    rows = await (await connection.execute(NODES, _ranges(wanted, log_id))).fetchall()
    return _put_together(wanted, rows)


def _ranges(nodes: Iterable[Node], log_id: int) -> tuple[object, ...]:
    """Return the values of NODES."""
    ranges = [_kept_below(node) for node in nodes]
    above, leaves = [one for one in ranges if one[0]], [one for one in ranges if not one[0]]
    of_nodes = ([one[0] for one in above], [one[1] for one in above], [one[2] for one in above])
    return (*of_nodes, log_id, [one[1] for one in leaves], [one[2] for one in leaves], log_id)


def _put_together(nodes: Iterable[Node], rows: Iterable[TupleRow]) -> dict[Node, bytes]:
    kept = {Node(level, number): bytes(found) for level, number, found in rows}
    return {node: _combined(node, _kept_below(node), kept) for node in nodes}


async def read_path(connection: Connection, steps: Sequence[Sequence[Node]], log_id: int = LOG_ID) -> list[bytes]:
    """Return the hashes of a proof whose steps `merkle` told; raises NodesMissing."""
    found = await read_nodes(connection, (node for step in steps for node in step), log_id)
    return merkle.path_of(steps, found.__getitem__)


async def read_peaks(connection: Connection, size: int, log_id: int = LOG_ID) -> Peaks:
    """Return the right edge of the tree of the first `size` leaves; raises NodesMissing."""
    nodes = merkle.cover(0, size)
    found = await read_nodes(connection, nodes, log_id)
    return Peaks(size, [found[node] for node in nodes])


def read_peaks_sync(connection: SyncConnection[TupleRow], size: int, log_id: int = LOG_ID) -> Peaks:
    """Do what `read_peaks` does, on a connection that blocks."""
    nodes = merkle.cover(0, size)
    found = _put_together(nodes, connection.execute(NODES, _ranges(nodes, log_id)).fetchall())
    return Peaks(size, [found[node] for node in nodes])


def _kept_below(node: Node) -> tuple[int, int, int]:
    """Return level, first and past-the-last number of the kept nodes that a node is made of."""
    level = node.level - node.level % STEP
    width = 1 << (node.level - level)
    return level, node.number * width, (node.number + 1) * width


def _combined(node: Node, below: tuple[int, int, int], kept: Mapping[Node, bytes]) -> bytes:
    level, first, past = below
    try:
        hashes = [kept[Node(level, number)] for number in range(first, past)]
    except KeyError as error:
        msg = f"the log has no node {error.args[0]}, of which {node} is made"
        raise NodesMissing(msg) from None
    while len(hashes) > 1:
        hashes = [merkle.node_hash(hashes[place], hashes[place + 1]) for place in range(0, len(hashes), 2)]
    return hashes[0]
