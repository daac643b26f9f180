"""Compares private rows with the salted commitments that the sealed punches bear; that needs the keys of the rows.

A leaf holds the commitment and not the ciphertext, so that erasing a key leaves proofs valid. What a superuser does to
the ciphertext shows only to who can open it.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    known = {(row[0], row[1]): _Key(*row[2:]) for row in connection.execute(KEYS.encode()).fetchall()}
    comparison = _Comparison(keys, known)
    with connection.cursor("private_rows", binary=True) as cursor:
        cursor.itersize = _AT_ONCE
        for project_id, punch_id, at, digest, key_id, sealed in cursor.execute(query.encode(), values):
            wrong = comparison.judge(project_id, punch_id, at, digest, key_id, sealed)
            if wrong is not None:
                report.add(
                    Finding(kind="private", what=wrong, entry="punch", project_id=project_id, entry_id=punch_id, at=at)
                )
    report.private = comparison.counts


class _Key(NamedTuple):
    """A month's key as it is kept; `recorded` says that a record tells why it is gone."""

    month: date
    wrapped: bytes | None
    recorded: bool


class _Comparison:
    """Compares row after row; each key is unwrapped once, however its rows lie among those of the others."""

    def __init__(self, keys: DataKeys, known: Mapping[tuple[UUID, UUID], _Key]) -> None:
        self.counts = PrivateRows()
        self._keys = keys
        self._known = known
        self._gone = {(project_id, key.month): key for (project_id, _), key in known.items() if key.wrapped is None}
        self._unwrapped: dict[tuple[UUID, UUID], DataKey | str] = {}

    def judge(
        self, project_id: UUID, punch_id: UUID, at: datetime, digest: bytes | None, key_id: UUID, sealed: bytes | None
    ) -> str | None:
        """Count a row, and return what is wrong with it; `sealed` None says that it is not there."""
        if sealed is None:
            gone = self._gone.get((project_id, month_of(at)))
            return "its private row is gone" if gone is None else self._count(gone)
        if digest is None:
            return "has a private row that it never committed to"
        found = self._known.get((project_id, key_id))
        if found is None:
            return "the key of its private row is unknown"
        if found.wrapped is None:
            return self._count(found)
        self.counts.compared += 1
        opened = self._unwrapped.get((project_id, key_id))
        if opened is None:
            opened = self._unwrapped[project_id, key_id] = _unwrap(self._keys, project_id, found.month, found.wrapped)
        if isinstance(opened, str):
            return opened
        sound = opened.verify(Sealed(sealed, digest), punch_id.bytes)
        return None if sound else "its private row is not what it committed to"

    def _count(self, gone: _Key) -> None:
        if gone.recorded:
            self.counts.erased += 1
        else:
            self.counts.unexplained += 1


def _unwrap(keys: DataKeys, project_id: UUID, month: date, wrapped: bytes) -> DataKey | str:
    """Return the key, or why it cannot be had."""
    try:
        return keys.unwrap_once(wrapped, data_key_label(project_id, f"{month:%Y-%m}"))
    except DecryptionError as error:
        return f"the key of its private row cannot be opened: {error}"
