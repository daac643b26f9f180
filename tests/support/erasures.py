"""What the ledger has recorded of erasures."""

from uuid import UUID

from sqlalchemy import text

from backend.kit.db import Database

OF = """
SELECT x.subject, x.reason, x.digests FROM erasure x
JOIN ledger_outbox o ON o.kind = 'erasure' AND o.entry_id = x.erasure_id AND o.recorded_at = x.made_at
WHERE x.subject_id = :id ORDER BY x.made_at, x.erasure_id
"""


async def erasures_of(database: Database, subject_id: UUID | str) -> list[tuple[str, str, list[bytes]]]:
    """Return subject, reason and digests of each erasure of a thing that was recorded for the log, oldest first."""
    async with database.transaction() as tx:
        rows = (await tx.execute(text(OF), {"id": subject_id})).all()
    return [(row[0], row[1], [row[2][at : at + 32] for at in range(0, len(row[2]), 32)]) for row in rows]
