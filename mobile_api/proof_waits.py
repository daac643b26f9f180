"""Proofs of presence that queued punches name and that nobody has recorded yet: ruling again once they came.

A queue may be sent before its frames or scans are: what was unknown then is judged as it would have been, and taken.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from backend.decision.afterwards import reconsider
from backend.decision.presence import presence_code
from backend.decision.ruling import Ruling
from backend.evidence.ways.model import Claim, Finding, Proof, judge_proof
from backend.ledger.append import Connection
from backend.ledger.model import Entry
from backend.ledger.partitions import in_ledger_transaction
from mobile_api.judging import TAKES
from mobile_api.photo_waits import PhotoTools
from mobile_api.proofs import again_if_taken
from mobile_api.ruling_again import PunchName, RuledPunch, rule_again

RUN: Final = 500
"""Punches that are ruled on in one transaction."""
KEEP: Final = timedelta(days=30)
"""So long after its punch a proof may still come: as long as the longest field pack."""
UNKNOWN: Final = frozenset({"decision.presence_unknown"})
UNPROVEN: Final = frozenset({"decision.time_unproven"})

# After the append, of those punches that it has taken.
KEEP_WAITS = """
INSERT INTO proof_wait (project_id, punch_id, proof_id, person_id, phone_id, earliest_at, latest_at, until_at)
SELECT k.project_id, k.punch_id, k.proof_id, k.person_id, k.phone_id, k.earliest_at, k.latest_at, k.until_at
FROM json_to_recordset(%s::text::json) AS k (project_id uuid, punch_id uuid, proof_id uuid, person_id uuid,
  phone_id uuid, earliest_at timestamptz, latest_at timestamptz, until_at timestamptz)
WHERE EXISTS (SELECT FROM punch_status s WHERE s.project_id = k.project_id AND s.punch_id = k.punch_id)
ON CONFLICT DO NOTHING
"""
# Locked before anything is ruled. Of several punches that name one proof the earliest is judged first, and takes it.
READY = """
SELECT w.project_id, w.punch_id, w.proof_id, w.person_id, w.phone_id, w.earliest_at, w.latest_at, w.until_at,
  q.project_id, q.person_id, q.phone_id, q.way, q.outcome, q.trust, q.made_at, q.expires_at,
  EXISTS (SELECT FROM presence_proof_use u WHERE u.project_id = q.project_id AND u.proof_id = w.proof_id)
FROM proof_wait w
CROSS JOIN LATERAL (
  SELECT * FROM presence_proof q WHERE q.id = w.proof_id ORDER BY q.project_id <> w.project_id LIMIT 1) q
ORDER BY w.earliest_at, w.project_id, w.punch_id LIMIT %s FOR UPDATE OF w
"""
FORGET = """
DELETE FROM proof_wait w USING json_to_recordset(%s::text::json) AS k (project_id uuid, punch_id uuid)
WHERE w.project_id = k.project_id AND w.punch_id = k.punch_id
"""
TAKE = """
INSERT INTO presence_proof_use (project_id, proof_id, punch_id, used_at)
SELECT k.project_id, k.proof_id, k.punch_id, %s
FROM json_to_recordset(%s::text::json) AS k (project_id uuid, punch_id uuid, proof_id uuid)
ORDER BY k.project_id, k.proof_id
"""
PURGE = "DELETE FROM proof_wait WHERE until_at < %s"

_encoder = msgspec.json.Encoder()


class ProofWait(Struct, frozen=True, kw_only=True):
    """A proof that a punch names; the punch was made by a person's phone between two instants."""

    project_id: UUID
    punch_id: UUID
    proof_id: UUID
    person_id: UUID
    phone_id: UUID
    earliest_at: datetime
    latest_at: datetime
    until_at: datetime


def wait_of(
    entry: Entry, proof_id: UUID | None, finding: Finding, phone_id: UUID, bounds: tuple[datetime, datetime]
) -> ProofWait | None:
    """Return what an item's entry waits for: a proof that it names and that is not known yet, else nothing."""
    if proof_id is None or finding != "unknown" or entry.person_id is None or entry.outcome == "refused":
        return None
    earliest_at, latest_at = bounds
    return ProofWait(
        project_id=entry.project_id,
        punch_id=entry.punch_id,
        proof_id=proof_id,
        person_id=entry.person_id,
        phone_id=phone_id,
        earliest_at=earliest_at,
        latest_at=latest_at,
        until_at=entry.received_at + KEEP,
    )


async def send_proof_waits(connection: Connection, waits: Sequence[ProofWait]) -> None:
    """Note what punches wait for, after their append; inside a pipeline nothing is waited for yet."""
    if waits:
        await connection.execute(KEEP_WAITS, (_encoder.encode(waits).decode(),))


async def settle_proof_waits(tools: PhotoTools) -> int:
    """Rule on the punches whose proofs were recorded since; return on how many."""
    ruled, more = 0, RUN
    while more >= RUN:
        more, some = await _settle(tools)
        ruled += some
    async with tools.database.connection() as connection:
        await connection.execute(PURGE, (tools.clock.now(),))
    return ruled


async def _settle(tools: PhotoTools) -> tuple[int, int]:
    now = tools.clock.now()

    async def attempt() -> tuple[int, int]:
        async with tools.database.connection() as connection, connection.transaction():
            rows = await (await connection.execute(READY, (RUN,))).fetchall()
            found: dict[PunchName, tuple[Finding, bool]] = {}
            taken: dict[UUID, ProofWait] = {}
            for row in rows:
                wait, proof = _read(row)
                finding = judge_proof(replace(proof, used=proof.used or wait.proof_id in taken), _claim(wait))
                if finding in TAKES:
                    taken[wait.proof_id] = wait
                found[wait.project_id, wait.punch_id] = finding, _is_witness(proof, finding)
            await connection.execute(FORGET, (_names(rows),))
            await connection.execute(TAKE, (now, _encoder.encode(list(taken.values())).decode()))

            def decide(punch: RuledPunch) -> Ruling | None:
                finding, witnessed = found[punch.project_id, punch.punch_id]
                without = UNKNOWN | UNPROVEN if witnessed else UNKNOWN
                return reconsider(
                    punch.reasons, punch.policy, without=without, instead=[{"code": presence_code(finding)}]
                )

            return len(rows), await rule_again(connection, sorted(found), decide, now, tools.fold)

    return await in_ledger_transaction(
        tools.database, lambda: again_if_taken(attempt), received=(now.date(),), buckets=()
    )


def _is_witness(proof: Proof, finding: Finding) -> bool:
    """Tell whether a proof says when the punch was made: a code that nobody can have seen earlier."""
    return finding == "proven_offline" and proof.way == "site_qr"


def _claim(wait: ProofWait) -> Claim:
    return Claim(
        project_id=wait.project_id,
        person_id=wait.person_id,
        phone_id=wait.phone_id,
        earliest=wait.earliest_at,
        latest=wait.latest_at,
    )


def _read(row: Sequence[Any]) -> tuple[ProofWait, Proof]:
    names = ProofWait.__struct_fields__
    wait = ProofWait(**dict(zip(names, row[: len(names)], strict=True)))
    project_id, person_id, phone_id, way, outcome, trust, made_at, expires_at, used = row[len(names) :]
    return wait, Proof(
        project_id=project_id,
        person_id=person_id,
        phone_id=phone_id,
        way=way,
        outcome=outcome,
        trust=trust,
        made_at=made_at,
        expires_at=expires_at,
        used=used,
    )


def _names(rows: Sequence[Sequence[Any]]) -> str:
    return _encoder.encode([{"project_id": row[0], "punch_id": row[1]} for row in rows]).decode()
