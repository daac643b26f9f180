"""Makes proofs that anybody checks with a public key: the leaves of punches, their paths, and a signed head."""

import base64
from collections.abc import Collection, Sequence
from typing import Final, Literal
from uuid import UUID

import msgspec
from psycopg.sql import SQL
from psycopg.sql import Literal as SqlLiteral

from backend.ledger.seals import leaves, merkle
from backend.ledger.seals.binary_copies import first_bigint, rows_of
from backend.ledger.seals.heads import TreeHead
from backend.ledger.seals.leaves import KINDS
from backend.ledger.seals.log_reading import LOG_ID, Connection, head_from, last_head, read_nodes, read_path
from backend.ledger.seals.public_keys import PublicKeys, public_keys
from backend.ledger.seals.windows import joins_within

FORMAT: Final = "daogang.proof/1"

# The punch's own leaf, and those of what was decided and found out about it later.
OF_PUNCHES = """
SELECT s.leaf_index, s.kind, s.entry_at, n.project_id, n.punch_id, n.entry_id
FROM (
  SELECT p.project_id, p.punch_id, p.punch_id AS entry_id, 'punch' AS kind
  FROM unnest(%(projects)s::uuid[], %(punches)s::uuid[]) AS p (project_id, punch_id)
  UNION ALL
  SELECT r.project_id, r.punch_id, r.ruling_id, 'ruling'
  FROM unnest(%(projects)s::uuid[], %(punches)s::uuid[]) AS p (project_id, punch_id)
  JOIN ruling r USING (project_id, punch_id) WHERE r.seq > 1
  UNION ALL
  SELECT a.project_id, a.punch_id, a.attribution_id, 'attribution'
  FROM unnest(%(projects)s::uuid[], %(punches)s::uuid[]) AS p (project_id, punch_id)
  JOIN attribution a USING (project_id, punch_id)
) n
LEFT JOIN seal_leaf s ON s.log_id = %(log)s AND s.entry_id = n.entry_id AND s.kind = n.kind
  AND s.project_id = n.project_id AND s.leaf_index < %(size)s
ORDER BY s.leaf_index NULLS LAST, n.entry_id
"""
KEYS = "SELECT key_id, public_key, first_used_at FROM seal_key ORDER BY first_used_at, key_id"


ProvedKind = Literal["punch", "ruling", "attribution"]
"""Erasures are leaves too; nobody asks for a proof of one by its punch."""


class ProvedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """A leaf with its path: `leaf` is its bytes in base64, `path` the siblings' hashes in hexadecimal, lowest first."""

    kind: ProvedKind
    index: int
    leaf: str
    path: list[str]


class ProofFile(msgspec.Struct, frozen=True, kw_only=True):
    """Proofs of entries against one head (a signed note); `unsealed` are ids of entries that wait for their seal."""

    format: Literal["daogang.proof/1"] = FORMAT
    head: str | None
    entries: list[ProvedEntry]
    unsealed: list[UUID]


class Consistency(msgspec.Struct, frozen=True, kw_only=True):
    """What shows that the log of `new_size` leaves, whose signed head stands here, begins with that of `old_size`."""

    old_size: int
    new_size: int
    path: list[str]
    head: str


class SizeUnknown(Exception):
    """The log has no head of that size."""


async def prove_punches(connection: Connection, punches: Collection[tuple[UUID, UUID]]) -> ProofFile:
    """Return the proofs of punches, given as (project id, punch id), and of all that was decided about them later.

    Who may see them is the caller's business. One statement for each kind, whatever the number.
    """
    stored = await last_head(connection)
    size = 0 if stored is None else stored.size
    values = {
        "projects": [project_id for project_id, _ in punches],
        "punches": [punch_id for _, punch_id in punches],
        "log": LOG_ID,
        "size": size,
    }
    rows = await (await connection.execute(OF_PUNCHES, values)).fetchall()
    sealed = [(row[0], row[1], row[2]) for row in rows if row[0] is not None]
    contents: dict[int, bytes] = {}
    for kind in KINDS:
        of_kind = [row for row in sealed if row[1] == kind]
        if of_kind:
            query = SQL(
                "COPY (SELECT e.leaf_index, {columns} FROM (SELECT * FROM seal_leaf WHERE log_id = {log} "
                "AND leaf_index = ANY({indexes}::bigint[])) e {joins}) TO STDOUT (FORMAT binary)"
            ).format(
                columns=SQL(leaves.select_list(kind)),  # pyright: ignore[reportArgumentType] - ours alone
                log=SqlLiteral(LOG_ID),
                indexes=SqlLiteral([row[0] for row in of_kind]),
                joins=joins_within(kind, min(row[2] for row in of_kind), max(row[2] for row in of_kind)),
            )
            async for row in rows_of(connection, query):
                index, content = first_bigint(row)
                contents[index] = content
    steps = {index: merkle.inclusion_nodes(index, size) for index, _, _ in sealed}
    nodes = await read_nodes(connection, (node for one in steps.values() for step in one for node in step))
    return ProofFile(
        head=None if stored is None else stored.signed.note(),
        entries=[
            ProvedEntry(
                kind=kind,
                index=index,
                leaf=base64.b64encode(contents[index]).decode(),
                path=[one.hex() for one in merkle.path_of(steps[index], nodes.__getitem__)],
            )
            for index, kind, _ in sealed
        ],
        unsealed=[row[5] for row in rows if row[0] is None],
    )


async def write_proofs(connection: Connection, punches: Collection[tuple[UUID, UUID]]) -> bytes:
    """Return the proof file of punches, (project id, punch id), as JSON: what `check_proof.py` reads."""
    return msgspec.json.format(msgspec.json.encode(await prove_punches(connection, punches)), indent=1)


async def prove_consistency(connection: Connection, old_size: int, new_size: int | None) -> Consistency:
    """Return what shows that the log only grew from `old_size` to the head of `new_size` (the newest if None).

    Raises SizeUnknown.
    """
    stored = await (last_head(connection) if new_size is None else head_from(connection, new_size))
    if stored is None or (new_size is not None and stored.size != new_size) or not 0 <= old_size <= stored.size:
        raise SizeUnknown
    path = await read_path(connection, merkle.consistency_nodes(old_size, stored.size))
    return Consistency(
        old_size=old_size,
        new_size=stored.size,
        path=[one.hex() for one in path],
        head=stored.signed.note(),
    )


async def read_head(connection: Connection) -> tuple[TreeHead, str] | None:
    """Return the newest head and its signed note; None before the first."""
    stored = await last_head(connection)
    return None if stored is None else (stored.signed.head, stored.signed.note())


async def read_key_set(connection: Connection) -> PublicKeys:
    """Return every public key that heads were signed with."""
    row = await (await connection.execute("SELECT origin FROM seal_log WHERE log_id = %s", (LOG_ID,))).fetchone()
    rows: Sequence[tuple[str, bytes, object]] = await (await connection.execute(KEYS)).fetchall()
    return public_keys("" if row is None else row[0], [(kid, bytes(key), at) for kid, key, at in rows])  # pyright: ignore[reportArgumentType] - timestamptz
