"""Holds what is erased against the records of erasures, entries of the ledger: finds keys that are gone without one.

That a record was not altered, nor added behind the log's back, is what its leaf says. Here is looked for the other
side: keys that are gone and of which nothing was recorded, and keys that are there though they were destroyed.
"""

from __future__ import annotations

from typing import Any, Final

from psycopg import Connection

from backend.ledger.seals.findings import Erasures, Finding, Report

_SHOWN: Final = 50
FOUND: Final = "found_erased"
"""The reason of what was gone when records began (migration 0053): nothing says why."""

# By subject: what has no key any more.
GONE: Final = """
SELECT 'private_rows' AS subject, project_id, key_id AS subject_id, destroyed_at AS at
FROM data_key WHERE wrapped IS NULL
UNION ALL
SELECT CASE WHEN state IN ('deleting', 'deleted') THEN 'photo' ELSE 'original' END,
  coalesce(project_id, '00000000-0000-0000-0000-000000000000'), id, NULL
FROM photo_file WHERE NOT has_original AND state <> 'waiting'
UNION ALL
SELECT DISTINCT 'frames', f.project_id, f.challenge_id, CAST(NULL AS timestamptz)
FROM liveness_frame f LEFT JOIN liveness_frames s USING (project_id, challenge_id) WHERE s.challenge_id IS NULL
UNION ALL
SELECT 'reference', r.project_id, r.id, NULL
FROM face_reference r LEFT JOIN face_reference_photos p ON p.project_id = r.project_id AND p.reference_id = r.id
WHERE p.reference_id IS NULL
UNION ALL
SELECT 'consent', '00000000-0000-0000-0000-000000000000', act_id, erased_at FROM consent_erasure_end
"""

UNRECORDED: Final = f"""
SELECT g.subject, g.project_id, g.subject_id, g.at FROM ({GONE}) g WHERE NOT EXISTS (
  SELECT FROM erasure x
  WHERE x.subject_id = g.subject_id AND x.subject = g.subject AND x.project_id = g.project_id)
"""  # noqa: S608 - a constant of ours

# A key that comes back, out of a backup perhaps, opens what was to be gone for good. With a photo goes its original;
# each record is named once, however many of its keys are there.
BACK: Final = """
SELECT x.subject, x.project_id, x.subject_id, x.made_at FROM erasure x
JOIN data_key k ON k.project_id = x.project_id AND k.key_id = x.subject_id
WHERE x.subject = 'private_rows' AND k.wrapped IS NOT NULL
UNION
SELECT x.subject, x.project_id, x.subject_id, x.made_at FROM erasure x JOIN photo_file f ON f.id = x.subject_id
WHERE x.subject = 'photo' AND f.wrapped_key IS NOT NULL
UNION
SELECT x.subject, x.project_id, x.subject_id, x.made_at FROM erasure x JOIN photo p ON p.id = x.subject_id
WHERE x.subject IN ('original', 'photo') AND p.wrapped_key IS NOT NULL
UNION
SELECT x.subject, x.project_id, x.subject_id, x.made_at FROM erasure x JOIN photo_file f ON f.id = x.subject_id
JOIN gate_photo g ON g.project_id = f.project_id AND g.device_id = f.device_id AND g.sha256 = f.sha256
WHERE x.subject IN ('original', 'photo') AND g.wrapped_key IS NOT NULL
UNION
SELECT x.subject, x.project_id, x.subject_id, x.made_at FROM erasure x
JOIN liveness_frames s ON s.project_id = x.project_id AND s.challenge_id = x.subject_id WHERE x.subject = 'frames'
UNION
SELECT x.subject, x.project_id, x.subject_id, x.made_at FROM erasure x
JOIN face_reference_photos p ON p.project_id = x.project_id AND p.reference_id = x.subject_id
WHERE x.subject = 'reference'
"""

# The first of them, each with how many there are.
FIRST: Final = "SELECT b.*, count(*) OVER () FROM ({query}) b LIMIT {shown}"

COUNT: Final = """
SELECT count(*) FILTER (WHERE reason <> %(found)s), count(*) FILTER (WHERE reason = %(found)s) FROM erasure
"""


def compare_erasures(connection: Connection[Any], report: Report) -> None:
    """Add what is erased without a record, and what is there in spite of one; count the records.

    Of the whole ledger, whatever part of the log is verified. Runs in the transaction that verified the log.
    """
    row = connection.execute(COUNT, {"found": FOUND}).fetchone() or (0, 0)
    report.erasures = Erasures(recorded=row[0], found=row[1])
    for query, what in (
        (UNRECORDED, "its keys are gone and no erasure was recorded"),
        (BACK, "its keys were destroyed by record and are there"),
    ):
        rows = connection.execute(FIRST.format(query=query, shown=_SHOWN).encode()).fetchall()
        for subject, project_id, subject_id, at, _ in rows:
            report.add(
                Finding(kind="erasure", what=what, entry=subject, project_id=project_id, entry_id=subject_id, at=at)
            )
        if rows:
            report.found += rows[0][-1] - len(rows)
