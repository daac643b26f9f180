"""Use cases of outages for staff: list them, declare one, take a declaration back; and list facts.

A declaration opens the site to phones on somebody's word: it needs a reason and an end, is limited in number and
length by the site's policy, which the supervisor sets, and is told to the supervisor as a fact, with what was known of
the gate at that moment.
"""

from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from backend.gates.errors import DeviceUnknown
from backend.gates.outages import queries
from backend.gates.outages.errors import (
    GateNotInUse,
    OutageDeclared,
    OutageEnded,
    OutageNotDeclared,
    OutageQuotaUsed,
    OutageSpanInvalid,
    OutageUnknown,
)
from backend.gates.outages.reading import read_site
from backend.gates.outages.recording import Ending, Opening, lock_outages, record_endings, record_openings
from backend.gates.outages.schemas import DeclarationBody, WithdrawalBody
from backend.gates.outages.watching import look
from backend.gates.registry.queries import READ
from backend.identity.audit import record_act
from backend.kit.clock import Clock
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.ledger.append import Connection
from backend.sites.projects import require_project

BACKDATED = timedelta(days=1)


async def list_outages(
    tx: Tx,
    actor: Actor,
    *,
    project_id: UUID | None,
    only_open: bool,
    kind: str | None,
    after: UUID | None,
    limit: int,
) -> list[AnyRow]:
    """Return outages, latest first: of one project, or of all that the actor reaches; raises ProjectUnknown."""
    if project_id is not None:
        await require_project(tx, actor, project_id, scope=READ)
    return await queries.list_outages(
        tx, actor, project_id=project_id, only_open=only_open, kind=kind, after=after, limit=limit
    )


async def list_facts(tx: Tx, actor: Actor, project_id: UUID, *, after: int, limit: int) -> list[AnyRow]:
    """Return what happened at a project's gates, from a cursor on; raises ProjectUnknown."""
    await require_project(tx, actor, project_id, scope=READ)
    return await queries.list_facts(tx, project_id, after=after, limit=limit)


async def declare_outage(
    tx: Tx, actor: Actor, project_id: UUID, body: DeclarationBody, *, clock: Clock
) -> list[AnyRow]:
    """Declare that gates are down and let phones in where no other gate works; returns one outage for each gate.

    Raises ProjectUnknown, DeviceUnknown, GateNotInUse, OutageSpanInvalid, OutageDeclared or OutageQuotaUsed.
    """
    await require_project(tx, actor, project_id, scope=queries.DECLARE)
    now = clock.now()
    connection = await _locked(tx, project_id)
    gate_ids = list(dict.fromkeys(body.gate_ids))
    standing = {row.id: row for row in await queries.list_gate_standing(tx, project_id, gate_ids)}
    for gate_id in gate_ids:
        if gate_id not in standing:
            raise DeviceUnknown
        if standing[gate_id].state != "active" or standing[gate_id].last_seen_at is None:
            raise GateNotInUse(gate_id=str(gate_id))
    policy = (await read_site(connection, project_id, now)).policy
    from_at = body.from_at or now
    longest = timedelta(hours=policy.declared_outage_h)
    if not (now - BACKDATED <= from_at <= now < body.expires_at <= now + longest):
        raise OutageSpanInvalid(hours=policy.declared_outage_h)
    if declared := await queries.list_open_declared(tx, project_id, gate_ids):
        raise OutageDeclared(gate_id=str(declared[0]))
    if await queries.count_declarations(tx, project_id, now - queries.QUOTA_SPAN) >= policy.declared_outages:
        raise OutageQuotaUsed(quota=policy.declared_outages)
    declaration_id = new_id(now)
    openings = [
        Opening(
            id=new_id(now),
            device_id=gate_id,
            kind="declared",
            from_at=from_at,
            evidence=_evidence(standing[gate_id]),
            declaration_id=declaration_id,
            declared_by=actor.account_id,
            reason=body.reason,
            expires_at=body.expires_at,
        )
        for gate_id in gate_ids
    ]
    await record_openings(connection, project_id, openings, now)
    await look(connection, project_id, now)
    detail = {"gate_ids": gate_ids, "from_at": from_at.isoformat(), "expires_at": body.expires_at.isoformat()}
    await record_act(
        tx, actor, "gate_outage.declared", "gate_outage", declaration_id, detail, clock=clock, project_id=project_id
    )
    return await queries.list_declaration(tx, project_id, declaration_id)


async def withdraw_outage(
    tx: Tx, actor: Actor, project_id: UUID, outage_id: UUID, body: WithdrawalBody, *, clock: Clock
) -> AnyRow:
    """End a declared outage before its time.

    Raises ProjectUnknown, OutageUnknown, OutageNotDeclared or OutageEnded.
    """
    await require_project(tx, actor, project_id, scope=queries.DECLARE)
    now = clock.now()
    connection = await _locked(tx, project_id)
    row = await queries.find_outage(tx, project_id, outage_id)
    if row is None:
        raise OutageUnknown
    if row.kind != "declared":
        raise OutageNotDeclared
    ending = Ending(outage_id=outage_id, ended_at=now, cause="withdrawn", ended_by=actor.account_id, reason=body.reason)
    if not await record_endings(connection, project_id, [ending], now):
        raise OutageEnded
    await look(connection, project_id, now)
    await record_act(tx, actor, "gate_outage.withdrawn", "gate_outage", outage_id, clock=clock, project_id=project_id)
    return cast("AnyRow", await queries.find_outage(tx, project_id, outage_id))


async def _locked(tx: Tx, project_id: UUID) -> Connection:
    connection = cast("Connection", (await tx.get_raw_connection()).driver_connection)
    await lock_outages(connection, project_id)
    return connection


def _evidence(row: AnyRow) -> dict[str, Any]:
    """Return what was known of the gate when somebody said that it is down: it may have been alive."""
    return {
        "last_seen_at": row.last_seen_at.isoformat(),
        "last_event_at": None if row.last_event_at is None else row.last_event_at.isoformat(),
        "backlog": row.backlog,
    }
