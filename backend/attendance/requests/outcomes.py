"""What an approved request becomes: rows of the ledger, in the same transaction as the approval, by whom and why."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import select, update

from backend.attendance.requests import queries
from backend.attendance.requests.entries import Wanted, make_up_entry
from backend.attendance.requests.errors import NothingToAppeal
from backend.attendance.requests.recording import NewStep, take_step
from backend.attendance.requests.tables import RequestClaim
from backend.kit.db import AnyRow, Tx
from backend.ledger.append import Connection, DayFolder, send_append, settle_append
from backend.ledger.model import DayKey
from backend.ledger.rulings import NewRuling, write_ruling
from backend.ledger.tables import PunchStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Who approved, why, and when; `fold` folds the days that change."""

    account_id: UUID
    note: str
    now: datetime
    fold: DayFolder


async def carry_out(tx: Tx, row: AnyRow, decision: Decision) -> None:
    """Let an approved request take effect: punches that are asked for, a ruling that is disputed, another refusal.

    Leave takes effect by its state. Raises NothingToAppeal, RulingStale, ClaimTaken or LeaveOverlaps.
    """
    if days := await _effects(tx, row, decision):
        await decision.fold(await _connection(tx), sorted(set(days)), decision.now)


async def _effects(tx: Tx, row: AnyRow, decision: Decision) -> list[DayKey]:
    if row.against == "punch":
        return await _count_punch(tx, row, decision)
    if row.against == "decision":
        refused = await queries.find_request(tx, row.project_id, row.decision_id)
        if refused is None or refused.state != "rejected":
            raise NothingToAppeal
        step = NewStep(
            kind="overturned", at=decision.now, account_id=decision.account_id, note=decision.note, appeal_id=row.id
        )
        await take_step(tx, refused, step)
        return await _effects(tx, refused, decision)
    return [] if row.kind == "leave" else await _append_claims(tx, row, decision)


async def _append_claims(tx: Tx, row: AnyRow, decision: Decision) -> list[DayKey]:
    """Append each punch that is asked for: first in review as its request says, then counted by who approved it."""
    claims: Sequence[AnyRow] = (await queries.list_claims(tx, [(row.project_id, row.id)])).get(row.id, [])
    connection, days = await _connection(tx), list[DayKey]()
    for claim in claims:
        wanted = Wanted(
            project_id=row.project_id,
            request_id=row.id,
            person_id=row.person_id,
            direction=claim.direction,
            at=claim.at,
            kind=row.kind,
            reason=row.reason,
        )
        entry = make_up_entry(wanted, decision.now)
        (appended,) = await settle_append(connection, [entry], await send_append(connection, [entry]))
        punch_id = appended.receipt.punch_id
        ruling = NewRuling(
            project_id=row.project_id,
            punch_id=punch_id,
            seq=1,
            outcome="counted",
            reasons=entry.reasons,
            by=decision.account_id,
            note=decision.note,
        )
        day = await write_ruling(connection, ruling, decision.now)
        await tx.execute(
            update(RequestClaim)
            .where(
                RequestClaim.project_id == row.project_id,
                RequestClaim.request_id == row.id,
                RequestClaim.direction == claim.direction,
            )
            .values(punch_id=punch_id)
        )
        if day is not None:
            days.append(day)
    return days


async def _count_punch(tx: Tx, row: AnyRow, decision: Decision) -> list[DayKey]:
    """Count the disputed punch by a new ruling; one that somebody counted meanwhile stays as it is."""
    status = (
        await tx.execute(
            select(PunchStatus.seq, PunchStatus.outcome, PunchStatus.quarantined)
            .where(PunchStatus.project_id == row.project_id, PunchStatus.punch_id == row.punch_id)
            .with_for_update()
        )
    ).one_or_none()
    if status is None or status.quarantined:
        raise NothingToAppeal
    if status.outcome == "counted":
        return []
    ruling = NewRuling(
        project_id=row.project_id,
        punch_id=row.punch_id,
        seq=status.seq,
        outcome="counted",
        reasons=({"code": "attendance.appeal_upheld", "request_id": str(row.id)},),
        by=decision.account_id,
        note=decision.note,
    )
    day = await write_ruling(await _connection(tx), ruling, decision.now)
    return [] if day is None else [day]


async def _connection(tx: Tx) -> Connection:
    return cast("Connection", (await tx.get_raw_connection()).driver_connection)
