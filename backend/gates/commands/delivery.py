"""Hands a waiting command to the terminal that polls, and takes its answer: one command at a time."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from backend.gates.commands.model import DELIVERIES, REPEAT_AFTER, Command, CommandResult
from backend.gates.model import Gate
from backend.ledger.append import Connection

# The oldest command that is neither answered nor given up; while an answer to it is awaited no other one is sent. Of
# two polls at once one finds the delivery made.
NEXT: Final = """
WITH waiting AS MATERIALIZED (
  SELECT c.id, c.number, c.kind, c.from_at, c.to_at, d.sent, d.last_at
  FROM gate_command c
  CROSS JOIN LATERAL (SELECT count(*)::integer AS sent, max(sent_at) AS last_at FROM gate_command_delivery t
    WHERE t.project_id = c.project_id AND t.command_id = c.id) d
  WHERE c.project_id = %(project_id)s AND c.device_id = %(device_id)s AND c.expires_at > %(now)s
    AND (d.sent < %(most)s OR d.last_at > %(repeat_before)s)
    AND NOT EXISTS (SELECT FROM gate_command_answer a WHERE a.project_id = c.project_id AND a.command_id = c.id)
  ORDER BY c.number LIMIT 1
), sent AS (
  INSERT INTO gate_command_delivery (project_id, command_id, nth, sent_at)
  SELECT %(project_id)s, id, sent + 1, %(now)s FROM waiting WHERE last_at IS NULL OR last_at <= %(repeat_before)s
  ON CONFLICT DO NOTHING RETURNING command_id
)
SELECT w.number, w.kind, w.from_at, w.to_at FROM waiting w JOIN sent s ON s.command_id = w.id
"""

# Of a period the ledger's own count is noted with the device's: what it holds later proves nothing about then. An
# event is received at most ten minutes before its own time, see `reconciliation.queries.FUTURE`.
ANSWER: Final = """
INSERT INTO gate_command_answer (project_id, command_id, answered_at, code, told, held)
SELECT c.project_id, c.id, %(now)s, g.code, g.told, CASE WHEN g.told IS NULL OR c.from_at IS NULL THEN NULL ELSE (
  SELECT count(*) FROM punch p WHERE p.project_id = c.project_id
    AND p.received_at >= c.from_at - interval '10 minutes' AND p.source = 'gate' AND p.source_id = c.device_id
    AND p.occurred_at >= c.from_at AND p.occurred_at < c.to_at) END
FROM unnest(%(numbers)s::integer[], %(codes)s::integer[], %(told)s::bigint[]) AS g (number, code, told)
JOIN gate_command c ON c.project_id = %(project_id)s AND c.device_id = %(device_id)s AND c.number = g.number
WHERE EXISTS (SELECT FROM gate_command_delivery d WHERE d.project_id = c.project_id AND d.command_id = c.id)
ON CONFLICT DO NOTHING
"""


async def next_command(connection: Connection, gate: Gate, now: datetime) -> Command | None:
    """Return the command to send in answer to a poll; it is on record as sent when this returns (autocommit)."""
    asked: dict[str, Any] = {
        "project_id": gate.project_id,
        "device_id": gate.device_id,
        "now": now,
        "repeat_before": now - REPEAT_AFTER,
        "most": DELIVERIES,
    }
    row = await (await connection.execute(NEXT, asked)).fetchone()
    return None if row is None else Command(number=row[0], kind=row[1], from_at=row[2], to_at=row[3])


async def keep_results(connection: Connection, gate: Gate, results: Sequence[CommandResult], now: datetime) -> None:
    """Keep answers to commands that were sent to this device; others, and further answers, change nothing."""
    first: dict[int, CommandResult] = {}
    for result in results:
        first.setdefault(result.number, result)
    if first:
        given = list(first.values())
        await connection.execute(
            ANSWER,
            {
                "project_id": gate.project_id,
                "device_id": gate.device_id,
                "now": now,
                "numbers": [one.number for one in given],
                "codes": [one.code for one in given],
                "told": [one.told for one in given],
            },
        )
