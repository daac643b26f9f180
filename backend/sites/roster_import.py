"""Imports a roster into a project: all of it in one transaction, or nothing, or a dry run that only tells."""

import hashlib
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from uuid import UUID

from anyio import to_thread
from sqlalchemy import bindparam, insert, select, update

from backend.identity.accounts import open_person_account
from backend.identity.audit import record_act
from backend.identity.services import IdentityServices
from backend.kit.clock import Clock
from backend.kit.db import Base, Tx, translate_violations
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.sites import people_queries, roster_errors, roster_queries
from backend.sites.identity_documents import IdentityDocument
from backend.sites.people import document_columns, phone_columns
from backend.sites.projects import require_project
from backend.sites.roster import Fault, Roster, read_roster
from backend.sites.roster_files import FileKind
from backend.sites.roster_plan import Filed, Plan, plan_roster
from backend.sites.tables import Assignment, Company, Person, Post, Project, ProjectParty

IMPORT = "roster.import"
_RACED = {
    "uq_person_document": roster_errors.RosterRaced,
    "uq_company_name": roster_errors.RosterRaced,
    "uq_company_uscc": roster_errors.RosterRaced,
    "uq_project_party_company": roster_errors.RosterRaced,
    "uq_post_kind": roster_errors.RosterRaced,
    "uq_assignment_start": roster_errors.RosterRaced,
}

Outcome = Literal["applied", "dry_run", "refused"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RosterImport:
    """A file to import. `partial` lets faulty lines out instead of refusing the whole file; `dry_run` only tells."""

    body: bytes = field(repr=False)
    kind: FileKind
    dry_run: bool
    partial: bool


@dataclass(frozen=True, slots=True)
class RosterReport:
    """What an import did, or would have done; `digest` is the file's SHA-256."""

    outcome: Outcome
    digest: str
    roster: Roster
    plan: Plan
    faults: list[Fault]

    @property
    def faulty(self) -> int:
        """Return how many lines have faults."""
        return len({fault.line for fault in self.faults})


async def import_roster(
    tx: Tx, actor: Actor, project_id: UUID, command: RosterImport, *, clock: Clock, services: IdentityServices
) -> RosterReport:
    """Read, compare and (unless it is a dry run, or a line is faulty and `partial` was not asked for) write.

    The number of statements does not grow with the roster, except by three for each new log-in. Raises ProjectUnknown,
    RosterRaced, and what `read_roster` raises of files that are no rosters.
    """
    await require_project(tx, actor, project_id, scope=IMPORT)
    today = clock.now().date()
    roster = await to_thread.run_sync(lambda: read_roster(command.body, command.kind, today=today))
    if not command.dry_run:
        # Two imports into one project queue up, so that the second sees what the first wrote.
        await tx.execute(select(Project.id).where(Project.id == project_id).with_for_update(key_share=True))
    filed = await roster_queries.load_filed(tx, project_id, roster.rows, services)
    known = [person.id for person in filed.people.values()]
    filed = replace(filed, elsewhere=await people_queries.assigned_elsewhere(tx, actor, known, scope=IMPORT))
    plan = plan_roster(roster.rows, filed)
    faults = sorted([*roster.faults, *plan.faults], key=lambda fault: fault.line)
    digest = hashlib.sha256(command.body).hexdigest()
    if command.dry_run:
        return RosterReport("dry_run", digest, roster, plan, faults)
    if faults and not command.partial:
        return RosterReport("refused", digest, roster, plan, faults)
    with translate_violations(_RACED):
        people = await _write(tx, actor, project_id, plan, filed, clock=clock, services=services)
    for document, row in plan.logins.items():
        await open_person_account(
            tx, actor, people[document], row.name, row.phone or "", clock=clock, services=services
        )
    report = RosterReport("applied", digest, roster, plan, faults)
    detail = {
        "digest": digest,
        "created": plan.created,
        "updated": plan.updated,
        "unchanged": plan.unchanged,
        "faulty": report.faulty,
        "people": len(plan.people),
        "accounts": len(plan.logins),
    }
    await record_act(tx, actor, "roster.imported", "project", project_id, detail, clock=clock, project_id=project_id)
    return report


async def _write(
    tx: Tx, actor: Actor, project_id: UUID, plan: Plan, filed: Filed, *, clock: Clock, services: IdentityServices
) -> dict[IdentityDocument, UUID]:
    """Write a plan, each table in one go, and return the ids of all its people."""
    now = clock.now()
    companies = {name: found[0] for name, found in filed.companies.items()}
    companies |= {name: new_id(now) for name in plan.companies}
    parties = dict(filed.parties) | {key: new_id(now) for key in plan.parties}
    posts = {key: found[0] for key, found in filed.posts.items()} | {key: new_id(now) for key in plan.posts}
    people = {document: found.id for document, found in filed.people.items()}
    people |= {document: new_id(now) for document in plan.people}
    made = {"created_at": now}
    here = {"project_id": project_id, **made}
    await _insert(
        tx,
        Company,
        [{"id": companies[name], "name": name, "uscc": uscc, **made} for name, uscc in plan.companies.items()],
    )
    await _update(tx, Company, [{"key": key, "uscc": uscc} for key, uscc in plan.named_companies.items()])
    await _insert(
        tx,
        ProjectParty,
        [{"id": parties[key], "company_id": companies[key[0]], "kind": key[1], **here} for key in plan.parties],
    )
    await _insert(
        tx,
        Post,
        [
            {"id": posts[key], "party_id": parties[key[:2]], "kind": key[2], "seats": seats, **here}
            for key, seats in plan.posts.items()
        ],
    )
    await _update(tx, Post, [{"key": key, "seats": seats} for key, seats in plan.seats.items()], project_id)
    sealed = await to_thread.run_sync(
        lambda: [
            {
                "id": people[document],
                "name": row.name,
                "created_by": actor.account_id,
                **document_columns(people[document], document, services),
                **phone_columns(people[document], row.phone, services),
                **made,
            }
            for document, row in plan.people.items()
        ]
    )
    await _insert(tx, Person, sealed)
    phones = [{"key": key, **phone_columns(key, phone, services)} for key, phone in plan.phones.items()]
    await _update(tx, Person, phones)
    await _insert(
        tx,
        Assignment,
        [
            {
                "id": new_id(now),
                "post_id": posts[item.post],
                "person_id": people[item.document],
                "section_id": item.section_id,
                "from_on": item.from_on,
                "to_on": item.to_on,
                **here,
            }
            for item in plan.assignments
        ],
    )
    changed = [{"key": item.id, "to_on": item.to_on, "section_id": item.section_id} for item in plan.changed]
    await _update(tx, Assignment, changed, project_id)
    return people


async def _insert(tx: Tx, table: type[Base], rows: list[dict[str, Any]]) -> None:
    if rows:
        await tx.execute(insert(table), rows)


async def _update(tx: Tx, table: Any, rows: list[dict[str, Any]], project_id: UUID | None = None) -> None:  # noqa: ANN401 - a mapped class
    """Update rows by their ids (`key`), those of one project by both parts of their key."""
    if not rows:
        return
    # SQLAlchemy keeps the columns' own names for itself.
    values = {name: bindparam(f"new_{name}") for name in rows[0] if name != "key"}
    statement = update(table).where(table.id == bindparam("key")).values(values)
    if project_id is not None:
        statement = statement.where(table.project_id == project_id)
    await tx.execute(statement, [{n if n == "key" else f"new_{n}": v for n, v in row.items()} for row in rows])
