"""Compares private rows with the salted commitments that the sealed punches bear; that needs the keys of the rows.

A leaf holds the commitment and not the ciphertext, so that erasing a key leaves proofs valid. What a superuser does to
the ciphertext shows only to who can open it.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from psycopg import Connection

from backend.kit.crypto import DataKey, DataKeys, DecryptionError, Sealed, data_key_label
from backend.ledger.data_keys import month_of
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
KEYS: Final = "SELECT project_id, key_id, month, wrapped FROM data_key"
SPAN: Final = """
SELECT min(entry_at), max(entry_at) FROM seal_leaf WHERE log_id = %s AND leaf_index >= %s AND leaf_index < %s
"""


def compare_private_rows(connection: Connection[Any], report: Report, keys: DataKeys, *, whole: bool) -> None:
    """Add what is wrong with private rows to a report, and how many were compared.

    Runs in the transaction that verified the log. A row whose key was destroyed cannot be compared: it is counted as
    erased, and that it should have been is for the record of erasures to say.
    """
    window, values = "true", dict[str, datetime]()
    if not whole:
        low, high = connection.execute(SPAN, (LOG_ID, report.first, report.past)).fetchone() or (None, None)
        if low is None:
            report.private = PrivateRows()
            return
        window, values = "{row}.received_at BETWEEN %(low)s AND %(high)s", {"low": low, "high": high}
    query = ROWS.format(window_p=window.format(row="p"), window_v=window.format(row="v"))
    known: dict[tuple[UUID, UUID], tuple[date, bytes | None]] = {
        (project_id, key_id): (month, wrapped)
        for project_id, key_id, month, wrapped in connection.execute(KEYS).fetchall()
    }
    erased = {(project_id, month) for (project_id, _), (month, wrapped) in known.items() if wrapped is None}
    counts = PrivateRows()
    with connection.cursor("private_rows", binary=True) as cursor:
        cursor.itersize = _AT_ONCE
        for project_id, punch_id, at, digest, key_id, sealed in cursor.execute(query.encode(), values):
            wrong: str | None = None
            if sealed is None and (project_id, month_of(at)) in erased:
                counts.erased += 1
            elif sealed is None:
                wrong = "its private row is gone"
            elif digest is None:
                wrong = "has a private row that it never committed to"
            elif (found := known.get((project_id, key_id))) is None:
                wrong = "the key of its private row is unknown"
            elif found[1] is None:
                counts.erased += 1
            else:
                counts.compared += 1
                wrong = _compare(keys, (project_id, found[0], found[1]), Sealed(sealed, digest), punch_id)
            if wrong is not None:
                report.add(
                    Finding(kind="private", what=wrong, entry="punch", project_id=project_id, entry_id=punch_id, at=at)
                )
    report.private = counts


def _compare(keys: DataKeys, key: tuple[UUID, date, bytes], sealed: Sealed, punch_id: UUID) -> str | None:
    project_id, month, wrapped = key
    try:
        opened: DataKey = keys.unwrap(wrapped, data_key_label(project_id, f"{month:%Y-%m}"))
    except DecryptionError as error:
        return f"the key of its private row cannot be opened: {error}"
    if opened.verify(sealed, punch_id.bytes):
        return None
    return "its private row is not what it committed to"
