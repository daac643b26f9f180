"""Verifies the ledger against its log: every leaf from the columns, every head from the leaves, nothing more or less.

All of it sees one snapshot. Rows come as `COPY` sends them, so that a leaf costs one hash; PostgreSQL reads while
Python hashes, which keeps two processors busy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any, Final

from psycopg import Connection
from psycopg.sql import SQL, Literal

from backend.kit.crypto import DataKeys
from backend.ledger.seals import findings, leaves
from backend.ledger.seals.binary_copies import rows_of_sync
from backend.ledger.seals.completeness import look_for_rows
from backend.ledger.seals.erasure_records import compare_erasures
from backend.ledger.seals.findings import Finding, Report
from backend.ledger.seals.heads import HeadMalformed, SignedHead, TreeHead, find_signer, read_note
from backend.ledger.seals.leaves import HEADS, KINDS, Kind
from backend.ledger.seals.log_reading import HEADS_BETWEEN, LAST_HEAD, LOG_ID, NodesMissing, head_of, read_peaks_sync
from backend.ledger.seals.merkle import Peaks
from backend.ledger.seals.private_rows import compare_private_rows
from backend.ledger.seals.windows import joins_within

CHUNK: Final = 1 << 14
BLOCK: Final = 8
"""The level whose nodes are compared one by one, so that a fault in the log is narrowed down to 256 leaves."""

# A row: leaf_index (4 + 8 bytes), leaf_hash (4 + 32), the leaf's fields.
_INDEX: Final = slice(4, 12)
_HASH: Final = slice(16, 48)
_LEAF: Final = 48
_NULL: Final = b"\xff\xff\xff\xff"

SNAPSHOT = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
SIZE = "SELECT count(*), coalesce(max(leaf_index), -1) FROM seal_leaf WHERE log_id = %s"
WINDOWS = """
SELECT kind, min(entry_at), max(entry_at) FROM seal_leaf
WHERE log_id = %s AND leaf_index >= %s AND leaf_index < %s GROUP BY kind
"""
WHICH = "SELECT kind, project_id, entry_id, entry_at, marks FROM seal_leaf WHERE log_id = %s AND leaf_index = %s"
BLOCKS = """
SELECT number, node_hash FROM seal_node WHERE log_id = %s AND level = 8 AND number >= %s AND number < %s
"""


@dataclass(slots=True)
class _Walk:
    """The way through the leaves: the tree so far, and the heads that are still to be met, smallest first."""

    connection: Connection[Any]
    report: Report
    peaks: Peaks
    heads: list[SignedHead]
    outside: list[TreeHead]
    unsound: set[int] = field(default_factory=set[int])


def verify_ledger(
    connection: Connection[Any],
    *,
    first: int = 0,
    past: int | None = None,
    outside: Sequence[str] = (),
    trusted: Sequence[bytes] | None = None,
    private: DataKeys | None = None,
) -> Report:
    """Verify the leaves in [first, past) and the ledger's rows of that time; the whole unless told otherwise.

    `outside` are notes that outside parties were given; `trusted` the public keys (32 bytes) that may sign heads, those
    of the database unless told otherwise. With the keys of `private` rows these are opened and compared with what their
    punches committed to. The connection may read the ledger and the log; it is left without a
    transaction.
    """
    with connection.transaction():
        connection.execute(SNAPSHOT)
        report = Report()
        row = connection.execute("SELECT origin FROM seal_log WHERE log_id = %s", (LOG_ID,)).fetchone()
        report.origin = "" if row is None else row[0]
        count, last = _one(connection, SIZE, LOG_ID)
        report.first, report.past = first, min(last + 1, last + 1 if past is None else past)
        keys = trusted if trusted is not None else _known_keys(connection)
        heads = _heads(connection, report, keys)
        noted = _outside_heads(report, outside, keys, heads)
        whole = first == 0 and past is None
        if whole and count != last + 1:
            report.add(Finding(kind="gap", what=f"the log has {count} leaves and numbers up to {last}"))
        peaks = _peaks_at(connection, report, first)
        if peaks is not None:
            walk = _Walk(connection, report, peaks, heads, noted)
            for begin in range(first, report.past, CHUNK):
                _walk_on(walk, begin, min(begin + CHUNK, report.past))
            report.root = walk.peaks.root()
            if past is None or past > last:
                _look_at_the_end(walk)
        look_for_rows(connection, report, whole=whole)
        if private is not None:
            compare_private_rows(connection, report, private, whole=whole)
            compare_erasures(connection, report)
    return report


def _one(connection: Connection[Any], query: str, *values: object) -> tuple[Any, ...]:
    row = connection.execute(query.encode(), values).fetchone()
    return () if row is None else tuple(row)


def _known_keys(connection: Connection[Any]) -> list[bytes]:
    return [bytes(row[0]) for row in connection.execute("SELECT public_key FROM seal_key").fetchall()]


def _heads(connection: Connection[Any], report: Report, keys: Sequence[bytes]) -> list[SignedHead]:
    rows = connection.execute(HEADS_BETWEEN, (LOG_ID, report.first, max(report.past, report.first))).fetchall()
    last = connection.execute(LAST_HEAD, (LOG_ID,)).fetchone()
    # A head beyond the leaves is the first thing that a log whose end was removed shows.
    heads = [head_of(row).signed for row in rows]
    if last is not None and (not heads or head_of(last).signed.head.size > heads[-1].head.size):
        heads.append(head_of(last).signed)
    for one in heads:
        if one.public_key not in keys or not one.is_genuine():
            what = f"the head of {one.head.size} leaves is not signed by a key that may"
            report.add(Finding(kind="head", what=what, leaf=one.head.size - 1))
    report.heads = len(heads)
    return heads


def _outside_heads(
    report: Report, notes: Sequence[str], keys: Sequence[bytes], heads: Sequence[SignedHead]
) -> list[TreeHead]:
    found: list[TreeHead] = []
    for note in notes:
        try:
            head, _ = read_note(note)
            signed = find_signer(note, list(keys))
        except HeadMalformed as error:
            report.add(Finding(kind="outside", what=f"an outside head cannot be read: {error}"))
            continue
        if signed is None:
            what = f"the outside head of {head.size} leaves is signed by no key of this log"
            report.add(Finding(kind="outside", what=what))
        if head.origin != report.origin:
            what = f"the outside head is of {head.origin}, this log is {report.origin or 'none'}"
            report.add(Finding(kind="outside", what=what))
        elif head.size > report.past and (not heads or head.size > heads[-1].head.size):
            what = f"the outside head has {head.size} leaves, this log {report.past}: its end was removed"
            report.add(Finding(kind="outside", what=what, leaf=report.past))
        else:
            found.append(head)
    return sorted(found, key=lambda one: one.size)


def _peaks_at(connection: Connection[Any], report: Report, size: int) -> Peaks | None:
    try:
        return read_peaks_sync(connection, size)
    except NodesMissing as error:
        report.add(Finding(kind="node", what=str(error)))
        return None


def _walk_on(walk: _Walk, begin: int, end: int) -> None:
    """Verify the leaves in [begin, end) and let the tree grow by them."""
    hashes = _check_columns(walk, begin, end)
    blocks: dict[int, bytes] = {}
    for offset, known in enumerate(hashes):
        found = known
        if found is None:
            walk.report.add(Finding(kind="gap", what="the leaf is missing", leaf=begin + offset))
            found = bytes(32)
        for node, made in walk.peaks.append(found):
            if node.level == BLOCK:
                blocks[node.number] = made
        _meet_heads(walk)
    _check_blocks(walk, blocks)


def _check_columns(walk: _Walk, begin: int, end: int) -> list[bytes | None]:
    """Return the leaves' hashes as the log has them, after comparing each with what the columns give."""
    hashes: list[bytes | None] = [None] * (end - begin)
    rows = walk.connection.execute(WINDOWS, (LOG_ID, begin, end)).fetchall()
    windows: Mapping[str, tuple[datetime, datetime]] = {kind: (low, high) for kind, low, high in rows}
    for kind in KINDS:
        if kind not in windows:
            continue
        query = SQL(
            "COPY (SELECT e.leaf_index, e.leaf_hash, {columns} FROM (SELECT * FROM seal_leaf WHERE log_id = {log} "
            "AND leaf_index >= {begin} AND leaf_index < {end} AND kind = {kind} OFFSET 0) e {joins}) "
            "TO STDOUT (FORMAT binary)"
        ).format(
            columns=SQL(leaves.select_list(kind)),  # pyright: ignore[reportArgumentType] - ours alone
            log=Literal(LOG_ID),
            begin=Literal(begin),
            end=Literal(end),
            kind=Literal(kind),
            joins=joins_within(kind, *windows[kind]),
        )
        # The loop that decides how fast all of this is.
        own = slice(_LEAF + len(HEADS[kind]), _LEAF + len(HEADS[kind]) + 4)
        for row in rows_of_sync(walk.connection, query):
            place = int.from_bytes(row[_INDEX]) - begin
            stored = row[_HASH]
            if hashes[place] is not None:
                _note(walk.report, "twice", "a second row claims this place", place + begin, kind, row)
                continue
            hashes[place] = stored
            if row[own] == _NULL:
                walk.unsound.add(place + begin)
                _note(walk.report, "absent", "the row is not there", place + begin, kind, row)
            elif sha256(b"\x00" + row[_LEAF:]).digest() != stored:
                walk.unsound.add(place + begin)
                _note(walk.report, "changed", "differs from what was sealed", place + begin, kind, row)
    _name_columns(walk, begin)
    walk.report.entries += sum(one is not None for one in hashes)
    return hashes


def _note(report: Report, wrong: findings.Kind, what: str, leaf: int, kind: Kind, row: bytes) -> None:
    report.add(Finding(kind=wrong, what=what, leaf=leaf, entry=kind, columns=(row[_LEAF:].hex(),)))


def _name_columns(walk: _Walk, begin: int) -> None:
    """Say of which rows the findings are, and of changed ones which columns: the marks tell."""
    report = walk.report
    for number, finding in enumerate(report.findings):
        if finding.entry_id is not None or finding.leaf is None or finding.leaf < begin or finding.entry is None:
            continue
        kind, project_id, entry_id, at, marks = _one(walk.connection, WHICH, LOG_ID, finding.leaf)
        columns: list[str] = []
        if finding.kind == "changed":
            columns = leaves.changed_columns(kind, bytes.fromhex(finding.columns[0]), bytes(marks))
        alone = finding.kind == "changed" and not columns
        what = "the leaf's hash was changed, its row bears every mark" if alone else finding.what
        report.findings[number] = Finding(
            kind="leaf" if alone else finding.kind,
            what=what if not columns else f"{what} in",
            leaf=finding.leaf,
            entry=kind,
            project_id=project_id,
            entry_id=entry_id,
            at=at,
            columns=tuple(columns),
        )


def _meet_heads(walk: _Walk) -> None:
    size = walk.peaks.size
    while walk.heads and walk.heads[0].head.size <= size:
        head = walk.heads.pop(0).head
        if head.size == size and walk.peaks.root() != head.root:
            what = f"the head of {size} leaves has another root than the leaves"
            walk.report.add(Finding(kind="head", what=what, leaf=size - 1))
    while walk.outside and walk.outside[0].size <= size:
        given = walk.outside.pop(0)
        root = walk.peaks.root() if given.size == size else read_peaks_sync(walk.connection, given.size).root()
        if root != given.root:
            what = f"the first {given.size} leaves are not those of the outside head: the log was rebuilt"
            walk.report.add(Finding(kind="outside", what=what, leaf=given.size - 1))


def _check_blocks(walk: _Walk, made: Mapping[int, bytes]) -> None:
    if not made:
        return
    rows = walk.connection.execute(BLOCKS, (LOG_ID, min(made), max(made) + 1)).fetchall()
    stored = {number: bytes(found) for number, found in rows}
    for number, found in made.items():
        if stored.get(number) == found:
            continue
        low, high = number << BLOCK, (number + 1) << BLOCK
        what = f"the node over the leaves {low} to {high - 1} is {'another' if number in stored else 'missing'}"
        walk.report.add(Finding(kind="node", what=what, leaf=low))
        _look_at_marks(walk, low, high)


def _look_at_marks(walk: _Walk, low: int, high: int) -> None:
    """Look for the leaf whose hash was changed together with its row: the marks speak of the row that was."""
    for leaf in range(low, high):
        if leaf in walk.unsound:
            continue
        row = _one(walk.connection, WHICH, LOG_ID, leaf)
        if not row:
            continue
        kind, project_id, entry_id, at, marks = row
        content = leaf_content(walk.connection, leaf)
        columns = leaves.changed_columns(kind, content, bytes(marks))
        if columns:
            walk.report.add(
                Finding(
                    kind="changed",
                    what="was changed together with its leaf's hash, in",
                    leaf=leaf,
                    entry=kind,
                    project_id=project_id,
                    entry_id=entry_id,
                    at=at,
                    columns=tuple(columns),
                )
            )


def leaf_content(connection: Connection[Any], leaf: int) -> bytes:
    """Return the bytes of a leaf as the columns give them now; raises LookupError for a leaf that the log lacks."""
    row = _one(connection, WHICH, LOG_ID, leaf)
    if not row:
        raise LookupError(leaf)
    kind: Kind = row[0]
    at: datetime = row[3]
    query = SQL(
        "COPY (SELECT {columns} FROM (SELECT * FROM seal_leaf WHERE log_id = {log} AND leaf_index = {leaf}) e {joins}) "
        "TO STDOUT (FORMAT binary)"
    ).format(
        columns=SQL(leaves.select_list(kind)),  # pyright: ignore[reportArgumentType] - ours alone
        log=Literal(LOG_ID),
        leaf=Literal(leaf),
        joins=joins_within(kind, at, at),
    )
    return next(iter(rows_of_sync(connection, query)), b"")


def _look_at_the_end(walk: _Walk) -> None:
    size = walk.peaks.size
    for one in walk.heads:
        what = f"a head of {one.head.size} leaves was signed, the log has {size}: its end was removed"
        walk.report.add(Finding(kind="head", what=what, leaf=size))
    last = _one(walk.connection, "SELECT coalesce(max(tree_size), 0) FROM seal_head WHERE log_id = %s", LOG_ID)[0]
    if size > last:
        walk.report.add(Finding(kind="unsigned", what=f"{size - last} leaves stand behind the last head", leaf=last))
