"""Has a second person on site confirm that somebody is there: both fixes are judged by the site's fences."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import and_, func, insert, or_, select, text

from backend.decision.checkin import CheckInFacts, decide_check_in
from backend.evidence.ways import errors
from backend.evidence.ways.callers import Caller, find_caller, has_post, require_post
from backend.evidence.ways.model import LIFE, ProofOutcome
from backend.evidence.ways.recording import NewProof, RecordedProof, record_proof
from backend.evidence.ways.signals import NewSignal, record_signal
from backend.evidence.ways.tables import PresenceProof
from backend.evidence.ways.way_tables import WitnessRequest, WitnessStatement
from backend.evidence.ways.witnessing import (
    A_DAY,
    ASKING,
    LOOK_BACK,
    Place,
    Statement,
    find_collusion,
    judge_statement,
)
from backend.identity.tables import Phone
from backend.kit.db import AnyRow, Tx, translate_violations
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.ledger.data_keys import month_of
from backend.sites.model import work_on, zone_of
from backend.sites.tables import Person, Project
from geofences.choice import Fix
from geofences.coordinates import CoordinateSystem
from mobile_api.errors import ProjectUnknown, SessionEnded
from mobile_api.judging import policy_of
from mobile_api.placing import fix_signals, place, place_signals, read_fixes
from mobile_api.presence.tools import PresenceTools
from mobile_api.reading import Asked, read_for_check_ins
from mobile_api.schemas import FixIn

CODE_BYTES: Final = 16
AN_HOUR: Final = 30
"""Requests of one person."""


@dataclass(frozen=True, slots=True)
class AskedFor:
    """A request that waits for a witness; `code` is told this once."""

    id: UUID
    code: str
    expires_at: datetime
    place: Place


@dataclass(frozen=True, slots=True)
class Stated:
    """What a statement showed, and whom it was about."""

    outcome: ProofOutcome
    person_name: str
    stated_at: datetime


async def ask(tools: PresenceTools, actor: Actor, project_id: UUID, fixes: Sequence[FixIn]) -> AskedFor:
    """Ask for a witness.

    Raises SessionEnded, PhoneNotConfirmed, ProjectUnknown, AskedEnough, or faults of a position.
    """
    now, read = tools.clock.now(), read_fixes(fixes)
    where = await _place_of(tools, actor, project_id, read, now)
    request_id, code = new_id(now), secrets.token_urlsafe(CODE_BYTES)
    async with tools.database.transaction() as tx:
        caller = await find_caller(tx, actor, now, confirmed=True)
        await require_post(tx, caller.person_id, project_id, now)
        lately = await tx.scalar(
            select(func.count())
            .select_from(WitnessRequest)
            .where(WitnessRequest.person_id == caller.person_id, WitnessRequest.asked_at > now - timedelta(hours=1))
        )
        if (lately or 0) >= AN_HOUR:
            raise errors.AskedEnough(retry_after_s=600)
        await tx.execute(
            insert(WitnessRequest).values(
                project_id=project_id,
                id=request_id,
                person_id=caller.person_id,
                phone_id=caller.phone_id,
                code_hash=_hash(code),
                place=where,
                asked_at=now,
                expires_at=now + ASKING,
            )
        )
    return AskedFor(request_id, code, now + ASKING, where)


async def look(tx: Tx, actor: Actor, code: str, now: datetime) -> AnyRow:
    """Return whom a code is about, for the witness to look at; raises as `confirm` does."""
    witness = await find_caller(tx, actor, now, confirmed=True)
    request = await _open_request(tx, code, now)
    await _require_fit(tx, witness, request, now)
    return request


async def confirm(tools: PresenceTools, actor: Actor, code: str, fixes: Sequence[FixIn]) -> Stated:
    """Record a witness's word and the proof that it makes for the other one.

    Raises SessionEnded, PhoneNotConfirmed, WitnessRequestUnknown, OwnWitness, WitnessElsewhere, WitnessedEnough, or
    faults of a position.
    """
    now, read = tools.clock.now(), read_fixes(fixes)
    async with tools.database.transaction() as tx:
        request = await look(tx, actor, code, now)
    where = await _place_of(tools, actor, request.project_id, read, now)
    async with tools.database.transaction() as tx:
        witness = await find_caller(tx, actor, now, confirmed=True)
        # Statements of one witness take turns, so that his day's limit is one.
        await tx.execute(
            text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": f"witness:{witness.person_id}"}
        )
        request = await _open_request(tx, code, now)
        await _require_fit(tx, witness, request, now)
        outcome = judge_statement(request.place, where)
        proof = NewProof(
            project_id=request.project_id,
            person_id=request.person_id,
            phone_id=request.phone_id,
            way="witness",
            outcome=outcome,
            made_at=now,
            facts={
                "request_id": str(request.id),
                "witness_id": str(witness.person_id),
                "asked_at": request.asked_at.isoformat(),
                "place": request.place,
                "witness_place": where,
            },
        )
        proof_id = await record_proof(tx, proof, now=now)
        with translate_violations({"pk_witness_statement": errors.WitnessRequestUnknown}):
            await tx.execute(
                insert(WitnessStatement).values(
                    project_id=request.project_id,
                    request_id=request.id,
                    person_id=request.person_id,
                    witness_id=witness.person_id,
                    witness_phone_id=witness.phone_id,
                    place=where,
                    proof_id=proof_id,
                    stated_at=now,
                )
            )
        await _note_collusion(tx, request, witness, now)
    return Stated(outcome, request.person_name, now)


async def find_state(tx: Tx, actor: Actor, request_id: UUID, now: datetime) -> tuple[AnyRow, RecordedProof | None]:
    """Return a request of the caller's own and the proof that came of it; raises WitnessRequestUnknown."""
    caller = await find_caller(tx, actor, now)
    row = (
        await tx.execute(
            select(
                WitnessRequest.id,
                WitnessRequest.expires_at,
                PresenceProof.id.label("proof_id"),
                PresenceProof.outcome,
                PresenceProof.made_at,
            )
            .outerjoin(
                WitnessStatement,
                and_(
                    WitnessStatement.project_id == WitnessRequest.project_id,
                    WitnessStatement.request_id == WitnessRequest.id,
                ),
            )
            .outerjoin(
                PresenceProof,
                and_(
                    PresenceProof.project_id == WitnessStatement.project_id,
                    PresenceProof.id == WitnessStatement.proof_id,
                ),
            )
            .where(WitnessRequest.id == request_id, WitnessRequest.person_id == caller.person_id)
        )
    ).one_or_none()
    if row is None:
        raise errors.WitnessRequestUnknown
    if row.proof_id is None:
        return row, None
    outcome = cast("ProofOutcome", row.outcome)
    return row, RecordedProof(row.proof_id, "witness", outcome, row.made_at, row.made_at + LIFE)


async def _open_request(tx: Tx, code: str, now: datetime) -> AnyRow:
    row = (
        await tx.execute(
            select(
                WitnessRequest.project_id,
                WitnessRequest.id,
                WitnessRequest.person_id,
                WitnessRequest.phone_id,
                WitnessRequest.place,
                WitnessRequest.asked_at,
                WitnessRequest.expires_at,
                Person.name.label("person_name"),
                Project.name.label("project_name"),
                Phone.install_id,
            )
            .join(Person, Person.id == WitnessRequest.person_id)
            .join(Project, Project.id == WitnessRequest.project_id)
            .join(Phone, Phone.id == WitnessRequest.phone_id)
            .outerjoin(
                WitnessStatement,
                and_(
                    WitnessStatement.project_id == WitnessRequest.project_id,
                    WitnessStatement.request_id == WitnessRequest.id,
                ),
            )
            .where(
                WitnessRequest.code_hash == _hash(code),
                WitnessRequest.expires_at > now,
                WitnessStatement.request_id.is_(None),
            )
        )
    ).one_or_none()
    if row is None:
        raise errors.WitnessRequestUnknown
    return row


async def _require_fit(tx: Tx, witness: Caller, request: AnyRow, now: datetime) -> None:
    same_phone = witness.phone_id == request.phone_id or witness.install_id == request.install_id
    if witness.person_id == request.person_id or same_phone:
        raise errors.OwnWitness
    if not await has_post(tx, witness.person_id, request.project_id, now):
        raise errors.WitnessElsewhere
    today = await tx.scalar(
        select(func.count())
        .select_from(WitnessStatement)
        .where(WitnessStatement.witness_id == witness.person_id, WitnessStatement.stated_at > now - timedelta(days=1))
    )
    if (today or 0) >= A_DAY:
        raise errors.WitnessedEnough(limit=A_DAY, retry_after_s=3600)


async def _note_collusion(tx: Tx, request: AnyRow, witness: Caller, now: datetime) -> None:
    rows = await tx.execute(
        select(WitnessStatement.person_id, WitnessStatement.witness_id).where(
            or_(
                WitnessStatement.person_id == request.person_id,
                and_(WitnessStatement.person_id == witness.person_id, WitnessStatement.witness_id == request.person_id),
            ),
            WitnessStatement.stated_at > now - LOOK_BACK,
        )
    )
    lately = [Statement(*row) for row in rows]
    for found in find_collusion(request.person_id, witness.person_id, lately):
        evidence: dict[str, Any] = {
            "witness_id": str(witness.person_id),
            "days": LOOK_BACK.days,
            "statements": found.statements,
            "by_this_witness": found.by_this_witness,
            "in_return": found.in_return,
        }
        # Once in a month for each pair: what goes on is told again, but not every day.
        pair = sorted((str(request.person_id), str(witness.person_id)))
        subject = ":".join((*pair, f"{now:%Y-%m}"))
        signal = NewSignal(
            project_id=request.project_id,
            person_id=request.person_id,
            kind=found.kind,
            subject=subject,
            evidence=evidence,
        )
        await record_signal(tx, signal, now=now)


async def _place_of(
    tools: PresenceTools,
    actor: Actor,
    project_id: UUID,
    fixes: Sequence[tuple[Fix, CoordinateSystem]],
    now: datetime,
) -> Place:
    """Judge where somebody is as a check-in would, with nothing but the place and the fix's own signals."""
    asked = Asked(0, actor.account_id, actor.family_id, project_id, now, month_of(now))
    async with tools.database.connection() as connection:
        readings = (await read_for_check_ins(connection, [asked])).get(0)
        if readings is None:
            raise SessionEnded
        if not readings:
            raise ProjectUnknown
        reading = readings[0]
        held = await tools.fences.get(connection, reading.project_id, reading.fence_version_ids)
    local = now.astimezone(zone_of(reading.time_zone)).time()
    fences = [one.fence for one in held if one.is_open(local)]
    policy, day = policy_of(reading), work_on(now, reading.time_zone, reading.cutover)
    placement, chosen = place(fences, fixes, policy, reading.within_on(day), reading.faces_on(day))
    ruling = decide_check_in(
        CheckInFacts(
            site_mode="either",
            project_building=True,
            assignment_in_force=True,
            phone_path_open=False,
            has_fence=bool(fences),
            placement=placement,
            no_fix_reason=None,
            signals=frozenset(fix_signals(chosen, policy) | place_signals(placement)),
        ),
        policy,
    )
    return cast("Place", ruling.outcome)


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
