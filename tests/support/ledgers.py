"""Entries written straight into the ledger, what the ledger holds, and an oracle of the fold."""

import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from backend.attendance.person_days import Day, send_fold, settle_fold
from backend.kit.db import Database
from backend.kit.ids import new_id
from backend.ledger.append import send_append, settle_append
from backend.ledger.model import Appended, DayKey, Entry, Receipt, dedupe_bucket
from backend.sites.model import day_bounds, work_on

LEDGER = (
    "punch",
    "punch_private",
    "ruling",
    "attribution",
    "punch_dedupe",
    "ledger_outbox",
    "punch_status",
    "person_day",
)
ZONE, CUTOVER = "Asia/Shanghai", time(4)


def entry(project_id: UUID, person_id: UUID | None, at: datetime, **changes: Any) -> Entry:
    """Make a counted gate entry of the instant `at`, received at the same time unless told otherwise."""
    punch_id = changes.get("punch_id") or new_id(at)
    received_at = changes.get("received_at", at)
    outcome = changes.get("outcome", "counted")
    values: dict[str, Any] = {
        "project_id": project_id,
        "punch_id": punch_id,
        "received_at": received_at,
        "source": "gate",
        "source_id": uuid4(),
        "event_key": secrets.token_hex(8),
        "bucket": dedupe_bucket(at),
        "person_id": person_id,
        "occurred_at": at,
        "device_time": at.isoformat(),
        "time_quality": "device",
        "direction": "unknown",
        "direction_source": "none",
        "signals": (),
        "trust": "gate",
        "policy_version": 0,
        "payload_digest": secrets.token_hex(32),
        "ruling_id": new_id(received_at),
        "outcome": outcome,
        "reasons": ({"code": "decision.gate_passed"},),
        "receipt": Receipt(
            punch_id=punch_id,
            project_id=project_id,
            received_at=received_at,
            occurred_at=at,
            outcome=outcome,
            reasons=(),
        ),
    }
    return Entry(**{**values, **changes})


def day_key(one: Entry, time_zone: str = ZONE, cutover: time = CUTOVER) -> DayKey:
    """Return the day to which an entry belongs."""
    assert one.person_id is not None
    day = work_on(one.occurred_at, time_zone, cutover)
    return DayKey(one.project_id, one.person_id, day, *day_bounds(day, time_zone, cutover))


async def append(database: Database, entries: Sequence[Entry], now: datetime) -> tuple[list[Appended], list[Day]]:
    """Append entries and fold their days in one transaction, as gates and phones do."""
    keys = {day_key(one) for one in entries if one.person_id is not None}
    async with database.connection() as connection, connection.transaction():
        done = await settle_append(connection, entries, await send_append(connection, entries))
        folded_days = await settle_fold(await send_fold(connection, keys, now))
        return done, list(folded_days.values())


async def count_rows(database: Database, project_id: UUID | None = None) -> dict[str, int]:
    """Count the rows of every ledger table, of one project or of all."""
    async with database.transaction() as tx:
        return {
            table: int(
                await tx.scalar(
                    text(f"SELECT count(*) FROM {table} WHERE :all OR project_id = :project_id"),
                    {"all": project_id is None, "project_id": project_id},
                )
                or 0
            )
            for table in LEDGER
        }


async def stored_day(database: Database, project_id: UUID, person_id: UUID) -> list[dict[str, Any]]:
    """Return a person's stored days on a project, in order."""
    async with database.transaction() as tx:
        rows = await tx.execute(
            text("SELECT * FROM person_day WHERE project_id = :project AND person_id = :person ORDER BY work_on"),
            {"project": project_id, "person": person_id},
        )
        return [dict(row) for row in rows.mappings()]


@dataclass(frozen=True)
class Seen:
    """A punch as the oracle sees it."""

    punch_id: UUID
    at: datetime
    outcome: str
    source: str
    dated: bool = True


def folded(punches: Iterable[Seen], min_punches: int = 2, min_span_s: int = 4 * 3600) -> dict[str, Any]:
    """Fold the punches of one day in plain Python, as decisions tell it: counted ones only, review provisionally.

    What has no time that can be is no part of any day.
    """
    punches = [one for one in punches if one.dated]
    counted = sorted((one for one in punches if one.outcome == "counted"), key=lambda one: (one.at, one.punch_id))
    open_ones = [one for one in punches if one.outcome in {"review", "pending"}]
    likely = sorted(one.at for one in [*counted, *open_ones])
    span_s = round((counted[-1].at - counted[0].at).total_seconds()) if counted else 0
    likely_s = round((likely[-1] - likely[0]).total_seconds()) if likely else 0
    valid = len(counted) >= min_punches and span_s >= min_span_s
    return {
        "first_at": counted[0].at if counted else None,
        "last_at": counted[-1].at if counted else None,
        "span_s": span_s,
        "punches": len(counted),
        "in_review": len(open_ones),
        "sources": sorted({one.source for one in counted}),
        "valid": valid,
        "provisional": not valid and len(likely) >= min_punches and likely_s >= min_span_s,
        "entries": [one.punch_id for one in counted],
    }
