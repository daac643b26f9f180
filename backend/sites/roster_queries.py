"""The SELECTs of what is on file and touches a roster: a fixed number of them, however long the roster is."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from anyio import to_thread
from sqlalchemy import and_, or_, select

from backend.identity.services import IdentityServices
from backend.kit.crypto import Looked
from backend.kit.db import Tx
from backend.sites import people_queries, queries
from backend.sites.identity_documents import IdentityDocument
from backend.sites.people_queries import LoginRow, PersonRow
from backend.sites.roster import RosterRow
from backend.sites.roster_plan import Filed, FiledAssignment, FiledPerson
from backend.sites.tables import Assignment, Company, Post, ProjectParty


async def load_filed(tx: Tx, project_id: UUID, rows: Sequence[RosterRow], services: IdentityServices) -> Filed:
    """Return what is on file of a roster's companies, parties, posts, people, log-ins and assignments."""
    documents, phones = await to_thread.run_sync(lambda: _digests(rows, services))
    known = await _people(tx, documents)
    logins = await people_queries.logins_of(tx, [row.id for row in known.values()])
    holders = await people_queries.logins_by_phone(tx, list({digest for found in phones.values() for digest in found}))
    companies, usccs = await _companies(tx, rows)
    parties = {(row.company_name, row.kind): row.id for row in await queries.list_parties(tx, project_id)}
    return Filed(
        companies=companies,
        usccs=usccs,
        parties=parties,
        posts=await _posts(tx, project_id),
        sections={row.code: row.id for row in await queries.list_sections(tx, project_id)},
        people={document: FiledPerson(row.id, row.name, row.id in logins) for document, row in known.items()},
        assignments=await _assignments(tx, project_id, [row.id for row in known.values()]),
        same_phone=frozenset(row.line for row in rows if _same_phone(row, known, logins, phones)),
        taken_phone=frozenset(row.line for row in rows if _taken(row, known, holders, phones)),
    )


def _digests(
    rows: Sequence[RosterRow], services: IdentityServices
) -> tuple[dict[bytes, IdentityDocument], dict[str, list[bytes]]]:
    """Digest every document and phone number under every usable key, away from the event loop."""
    index = services.index
    documents = {
        digest: document
        for document in {row.document for row in rows}
        for digest in index.whole_candidates(Looked.ID_NUMBER, document.number)
    }
    numbers = {row.phone for row in rows if row.phone is not None}
    return documents, {number: index.whole_candidates(Looked.PHONE_NUMBER, number) for number in numbers}


async def _people(tx: Tx, documents: Mapping[bytes, IdentityDocument]) -> dict[IdentityDocument, PersonRow]:
    found = await people_queries.find_by_documents(tx, list(documents))
    # Equal numbers of another type of document are another person's.
    return {documents[digest]: row for (kind, digest), row in found.items() if documents[digest].kind == kind}


async def _companies(tx: Tx, rows: Sequence[RosterRow]) -> tuple[dict[str, tuple[UUID, str | None]], dict[str, str]]:
    names = sorted({row.company for row in rows})
    codes = sorted({row.uscc for row in rows if row.uscc is not None})
    statement = select(Company.id, Company.name, Company.uscc).where(
        or_(Company.name.in_(names), Company.uscc.in_(codes))
    )
    found = (await tx.execute(statement)).all()
    return {row.name: (row.id, row.uscc) for row in found}, {row.uscc: row.name for row in found if row.uscc}


async def _posts(tx: Tx, project_id: UUID) -> dict[tuple[str, str, str], tuple[UUID, int]]:
    statement = (
        select(Company.name, ProjectParty.kind, Post.kind, Post.id, Post.seats)
        .join(ProjectParty, and_(ProjectParty.project_id == Post.project_id, ProjectParty.id == Post.party_id))
        .join(Company, Company.id == ProjectParty.company_id)
        .where(Post.project_id == project_id)
    )
    return {(row[0], row[1], row[2]): (row[3], row[4]) for row in await tx.execute(statement)}


async def _assignments(tx: Tx, project_id: UUID, person_ids: Sequence[UUID]) -> dict[UUID, list[FiledAssignment]]:
    statement = select(
        Assignment.post_id,
        Assignment.id,
        Assignment.person_id,
        Assignment.from_on,
        Assignment.to_on,
        Assignment.section_id,
        Assignment.exit_confirmed_at.is_not(None),
    ).where(Assignment.project_id == project_id, Assignment.person_id.in_(person_ids))
    found: dict[UUID, list[FiledAssignment]] = {}
    for row in await tx.execute(statement):
        found.setdefault(row[0], []).append(FiledAssignment(*row[1:]))
    return found


def _same_phone(
    row: RosterRow,
    known: Mapping[IdentityDocument, PersonRow],
    logins: Mapping[UUID, LoginRow],
    phones: Mapping[str, list[bytes]],
) -> bool:
    person = known.get(row.document)
    if person is None or row.phone is None:
        return False
    login = logins.get(person.id)
    return (person.phone_blind if login is None else login.phone_blind) in phones[row.phone]


def _taken(
    row: RosterRow,
    known: Mapping[IdentityDocument, PersonRow],
    holders: Mapping[bytes, UUID | None],
    phones: Mapping[str, list[bytes]],
) -> bool:
    if row.phone is None:
        return False
    person = known.get(row.document)
    own = None if person is None else person.id
    return any(digest in holders and (own is None or holders[digest] != own) for digest in phones[row.phone])
