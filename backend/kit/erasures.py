"""Records that keys were destroyed: who, why, when and which, as entries of the ledger that its log seals.

Whoever destroys the keys of something writes this in the same transaction. What `subject` names is told apart by its
kind; `project_id` None is the platform itself. No personal data: rows are never changed.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import text

from backend.kit.db import Tx
from backend.kit.ids import new_id

PLATFORM: Final = UUID(int=0)
"""What belongs to no project: photos of phones, consents."""

Subject = Literal["private_rows", "photo", "original", "frames", "reference", "consent"]

RECORD: Final = """
WITH made AS (
  INSERT INTO erasure (project_id, made_at, erasure_id, subject, subject_id, digests, reason, made_by)
  SELECT g.project_id, :now, g.erasure_id, g.subject, g.subject_id, decode(g.digests, 'hex'), g.reason, :made_by
  FROM unnest(CAST(:projects AS uuid[]), CAST(:ids AS uuid[]), CAST(:subjects AS text[]),
    CAST(:subject_ids AS uuid[]), CAST(:digests AS text[]), CAST(:reasons AS text[]))
    AS g (project_id, erasure_id, subject, subject_id, digests, reason)
  RETURNING project_id, made_at, erasure_id
)
INSERT INTO ledger_outbox (project_id, kind, entry_id, recorded_at)
SELECT project_id, 'erasure', erasure_id, made_at FROM made ORDER BY erasure_id
"""

IS_RECORDED: Final = "SELECT EXISTS (SELECT FROM erasure WHERE subject = :subject AND subject_id = :subject_id)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """That the keys of a thing were destroyed; `reason` is a code or what a person wrote.

    `keys` are the keys as they were wrapped; of a consent, SHA-256 of each thing that is gone stands in `digests`.
    """

    subject: Subject
    subject_id: UUID
    reason: str
    project_id: UUID | None = None
    keys: Sequence[bytes] = ()
    digests: Sequence[bytes] = ()


async def record_erasures(tx: Tx, erased: Sequence[Erasure], now: datetime, made_by: UUID | None = None) -> None:
    """Record erasures in the caller's transaction, which destroys the keys; `made_by` None is a rule, not a person."""
    if not erased:
        return
    values = {
        "now": now,
        "made_by": made_by,
        "projects": [one.project_id or PLATFORM for one in erased],
        "ids": [new_id(now) for _ in erased],
        "subjects": [one.subject for one in erased],
        "subject_ids": [one.subject_id for one in erased],
        "digests": [_digests(one).hex() for one in erased],
        "reasons": [one.reason for one in erased],
    }
    await tx.execute(text(RECORD), values)


async def is_recorded(tx: Tx, subject: Subject, subject_id: UUID) -> bool:
    """Tell whether an erasure of a thing was recorded, for steps that may be done again after they were cut off."""
    return bool(await tx.scalar(text(IS_RECORDED), {"subject": subject, "subject_id": subject_id}))


def _digests(erased: Erasure) -> bytes:
    return b"".join((*(hashlib.sha256(key).digest() for key in erased.keys), *erased.digests))
