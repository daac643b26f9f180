"""Looks for rows that should not be in the ledger, and for what still speaks of rows that are gone."""

from typing import Any, Final

from psycopg import Connection

from backend.ledger.seals.findings import Finding, Kind, Report
from backend.ledger.seals.log_reading import LOG_ID

_SHOWN: Final = 50

# What the sealer has not come to yet is in the outbox behind the last head.
_NOT_SEALED: Final = """
NOT EXISTS (SELECT FROM seal_leaf s WHERE s.log_id = %(log)s AND s.kind = '{kind}' AND s.entry_id = {row}.{id}
  AND s.project_id = {row}.project_id AND s.entry_at = {row}.{at})
AND NOT EXISTS (SELECT FROM ledger_outbox o WHERE o.id > %(upto)s AND o.kind = '{kind}' AND o.entry_id = {row}.{id}
  AND o.project_id = {row}.project_id AND o.recorded_at = {row}.{at})
"""

INSERTED: Final = {
    "punch": "SELECT p.project_id, p.punch_id, p.received_at FROM punch p WHERE {window:p.received_at} AND "  # noqa: S608 - ours
    + _NOT_SEALED.format(kind="punch", row="p", id="punch_id", at="received_at"),
    "ruling": "SELECT r.project_id, r.ruling_id, r.ruled_at FROM ruling r WHERE r.seq > 1 AND "  # noqa: S608 - ours
    "{window:r.ruled_at} AND " + _NOT_SEALED.format(kind="ruling", row="r", id="ruling_id", at="ruled_at"),
    "first ruling": """
SELECT r.project_id, r.ruling_id, r.ruled_at FROM ruling r WHERE r.seq = 1 AND {window:r.ruled_at} AND NOT EXISTS (
  SELECT FROM punch p WHERE p.project_id = r.project_id AND p.received_at = r.ruled_at AND p.punch_id = r.punch_id)
""",
    "attribution": "SELECT a.project_id, a.attribution_id, a.made_at FROM attribution a WHERE "  # noqa: S608 - ours
    "{window:a.made_at} AND " + _NOT_SEALED.format(kind="attribution", row="a", id="attribution_id", at="made_at"),
    "erasure": "SELECT x.project_id, x.erasure_id, x.made_at FROM erasure x WHERE "  # noqa: S608 - ours
    "{window:x.made_at} AND " + _NOT_SEALED.format(kind="erasure", row="x", id="erasure_id", at="made_at"),
}
"""Rows of each kind that nothing recorded."""

UNSEALED: Final = """
SELECT o.project_id, o.entry_id, o.recorded_at, o.kind FROM ledger_outbox o WHERE o.id <= %(upto)s AND NOT EXISTS (
  SELECT FROM seal_leaf s WHERE s.log_id = %(log)s AND s.entry_id = o.entry_id AND s.kind = o.kind)
"""

WAITING_AND_GONE: Final = """
SELECT o.project_id, o.entry_id, o.recorded_at, o.kind FROM ledger_outbox o WHERE o.id > %(upto)s AND NOT (
  CASE o.kind WHEN 'punch' THEN EXISTS (SELECT FROM punch p WHERE p.project_id = o.project_id
    AND p.received_at = o.recorded_at AND p.punch_id = o.entry_id)
  WHEN 'ruling' THEN EXISTS (SELECT FROM ruling r WHERE r.project_id = o.project_id
    AND r.ruled_at = o.recorded_at AND r.ruling_id = o.entry_id)
  WHEN 'erasure' THEN EXISTS (SELECT FROM erasure x WHERE x.project_id = o.project_id
    AND x.made_at = o.recorded_at AND x.erasure_id = o.entry_id)
  ELSE EXISTS (SELECT FROM attribution a WHERE a.project_id = o.project_id
    AND a.made_at = o.recorded_at AND a.attribution_id = o.entry_id) END)
"""

ORPHANS: Final = {
    "its state is there": """
SELECT t.project_id, t.punch_id, t.received_at, 'punch' FROM punch_status t WHERE NOT EXISTS (SELECT FROM punch p
  WHERE p.project_id = t.project_id AND p.received_at = t.received_at AND p.punch_id = t.punch_id)
""",
    "its event id is taken": """
SELECT d.project_id, d.punch_id, NULL, 'punch' FROM punch_dedupe d WHERE NOT EXISTS (SELECT FROM punch_status t
  WHERE t.project_id = d.project_id AND t.punch_id = d.punch_id)
""",
    "its private row is there": """
SELECT v.project_id, v.punch_id, v.received_at, 'punch' FROM punch_private v WHERE NOT EXISTS (SELECT FROM punch p
  WHERE p.project_id = v.project_id AND p.received_at = v.received_at AND p.punch_id = v.punch_id)
""",
}
"""What is written together with a punch, without one."""

UPTO = "SELECT coalesce(max(upto_id), 0) FROM seal_head WHERE log_id = %s"
LEAVES_SPAN = """
SELECT min(entry_at), max(entry_at) FROM seal_leaf WHERE log_id = %s AND leaf_index >= %s AND leaf_index < %s
"""


def look_for_rows(connection: Connection[Any], report: Report, *, whole: bool) -> None:
    """Add what is in the ledger and not in the log, and what is gone without being missed by the log.

    Not of the whole: the rows of the time in which the verified leaves were recorded, and nothing that is gone.
    """
    row = connection.execute(UPTO, (LOG_ID,)).fetchone()
    values: dict[str, object] = {"log": LOG_ID, "upto": 0 if row is None else row[0]}
    window = "true"
    if not whole:
        span = connection.execute(LEAVES_SPAN, (LOG_ID, report.first, report.past)).fetchone()
        if span is None or span[0] is None:
            return
        values |= {"low": span[0], "high": span[1]}
        window = "{column} BETWEEN %(low)s AND %(high)s"
    for entry, query in INSERTED.items():
        asked = query
        for column in ("p.received_at", "r.ruled_at", "a.made_at", "x.made_at"):
            asked = asked.replace(f"{{window:{column}}}", window.format(column=column))
        _add(connection, report, "inserted", "was never recorded", asked, values, entry)
    if not whole:
        return
    _add(connection, report, "unsealed", "was recorded and is not in the log", UNSEALED, values)
    _add(connection, report, "orphan", "was recorded and is not there", WAITING_AND_GONE, values)
    for what, query in ORPHANS.items():
        _add(connection, report, "orphan", f"is not there, but {what}", query, values)


def _add(
    connection: Connection[Any],
    report: Report,
    kind: Kind,
    what: str,
    query: str,
    values: dict[str, object],
    entry: str | None = None,
) -> None:
    for project_id, entry_id, at, *rest in connection.execute(f"{query} LIMIT {_SHOWN}".encode(), values).fetchall():
        report.add(
            Finding(kind=kind, what=what, entry=entry or rest[0], project_id=project_id, entry_id=entry_id, at=at)
        )
