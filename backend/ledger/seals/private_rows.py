"""Compares private rows with the salted commitments that the sealed punches bear; that needs the keys of the rows.

A leaf holds the commitment and not the ciphertext, so that erasing a key leaves proofs valid. What a superuser does to
the ciphertext shows only to who can open it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

from psycopg import Connection

from backend.kit.crypto import DataKey, DataKeys, DecryptionError, Sealed, data_key_label
from backend.ledger.data_keys import month_of
from backend.ledger.seals.erasure_records import FOUND
from backend.ledger.seals.findings import Finding, PrivateRows, Report
from backend.ledger.seals.log_reading import LOG_ID

_AT_ONCE: Final = 5000

# Every private row, and every punch that committed to one; of part of the log, those recorded in its time.
ROWS: Final = """
SELECT coalesce(p.project_id, v.project_id), coalesce(p.punch_id, v.punch_id), coalesce(p.received_at, v.received_at),
  p.private_digest, v.key_id, v.sealed
FROM (SELECT * FROM punch p WHERE {window_p}) p
FULL JOIN (SELECT * FROM punch_private v WHERE {window_v}) v
  ON v.project_id = p.project_id AND v.received_at = p.received_at AND v.punch_id = p.punch_id
WHERE p.private_digest IS NOT NULL OR v.punch_id IS NOT NULL
"""
# A key with whether a record says why it is gone.
KEYS: Final = f"""
SELECT k.project_id, k.key_id, k.month, k.wrapped, EXISTS (
  SELECT FROM erasure x WHERE x.subject_id = k.key_id AND x.subject = 'private_rows' AND x.project_id = k.project_id
    AND x.reason <> '{FOUND}')
FROM data_key k
"""  # noqa: S608 - a constant of ours
SPAN: Final = """
SELECT min(entry_at), max(entry_at) FROM seal_leaf WHERE log_id = %s AND leaf_index >= %s AND leaf_index < %s
"""


def compare_private_rows(connection: Connection[Any], report: Report, keys: DataKeys, *, whole: bool) -> None:
    """Add what is wrong with private rows to a report, and how many were compared.

    Runs in the transaction that verified the log. A row whose key was destroyed cannot be compared: it is counted, by
    whether a record says why (`erasure_records.py` names the keys of which none does).
    """
    window, values = "true", dict[str, datetime]()
    if not whole:
        low, high = connection.execute(SPAN, (LOG_ID, report.first, report.past)).fetchone() or (None, None)
        if low is None:
            report.private = PrivateRows()
            return
        window, values = "{row}.received_at BETWEEN %(low)s AND %(high)s", {"low": low, "high": high}
    query = ROWS.format(window_p=window.format(row="p"), window_v=window.format(row="v"))
    known: dict[tuple[UUID, UUID], _Key] = {
        (row[0], row[1]): _Key(*row[2:]) for row in connection.execute(KEYS.encode()).fetchall()
    }
    erased = {(project_id, key.month): key for (project_id, _), key in known.items() if key.wrapped is None}
    counts = PrivateRows()
    with connection.cursor("private_rows", binary=True) as cursor:
        cursor.itersize = _AT_ONCE
        for project_id, punch_id, at, digest, key_id, sealed in cursor.execute(query.encode(), values):
            wrong: str | None = None
            if sealed is None and (gone := erased.get((project_id, month_of(at)))) is not None:
                _count(counts, gone)
            elif sealed is None:
                wrong = "its private row is gone"
            elif digest is None:
                wrong = "has a private row that it never committed to"
            elif (found := known.get((project_id, key_id))) is None:
                wrong = "the key of its private row is unknown"
            elif found.wrapped is None:
                _count(counts, found)
            else:
                counts.compared += 1
                wrong = _compare(keys, (project_id, found.month, found.wrapped), Sealed(sealed, digest), punch_id)
            if wrong is not None:
                report.add(
                    Finding(kind="private", what=wrong, entry="punch", project_id=project_id, entry_id=punch_id, at=at)
                )
    report.private = counts


class _Key(NamedTuple):
    month: date
    wrapped: bytes | None
    recorded: bool


def _count(counts: PrivateRows, gone: _Key) -> None:
    if gone.recorded:
        counts.erased += 1
    else:
        counts.unexplained += 1


def _compare(keys: DataKeys, key: tuple[UUID, date, bytes], sealed: Sealed, punch_id: UUID) -> str | None:
    project_id, month, wrapped = key
    try:
        opened: DataKey = keys.unwrap(wrapped, data_key_label(project_id, f"{month:%Y-%m}"))
    except DecryptionError as error:
        return f"the key of its private row cannot be opened: {error}"
    if opened.verify(sealed, punch_id.bytes):
        return None
    return "its private row is not what it committed to"
