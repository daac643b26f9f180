"""Enters, finds, changes and unmasks people, and gives key personnel the account with which their phone logs in."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, update

from backend.identity.accounts import open_person_account, rename_person_account
from backend.identity.audit import record_act
from backend.identity.masking import mask_document_number, mask_phone_number
from backend.identity.phone_numbers import read_phone_number
from backend.identity.services import IdentityServices
from backend.kit.clock import Clock
from backend.kit.crypto import Cell, Looked, normal_form
from backend.kit.db import Tx, translate_violations
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.sites import errors, people_queries, queries, roster_errors
from backend.sites.identity_documents import IdentityDocument, read_document, read_title
from backend.sites.people_queries import PeopleFilter, PersonRow, RenamingRow
from backend.sites.projects import LONGEST_NAME
from backend.sites.schemas import PersonBody, PersonPatch, PersonSearch, changes
from backend.sites.tables import Person, PersonRenaming

REVEAL = "people.reveal"
LAST = 4
WHOLE_PHONE = 11


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person as he may be shown."""

    id: UUID
    name: str
    document_type: str
    document_number_masked: str
    phone_masked: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Revealed:
    """A person's numbers in the clear."""

    id: UUID
    document_type: str
    document_number: str
    phone: str | None


def document_columns(person_id: UUID, document: IdentityDocument, services: IdentityServices) -> dict[str, Any]:
    """Return the columns that hold a document: encrypted, and as digests of the whole and of the last four."""
    return {
        "document_type": document.kind,
        "document_cipher": services.cipher.encrypt(document.number, Cell("person", "document_cipher", person_id)),
        "document_blind": services.index.whole(Looked.ID_NUMBER, document.number),
        "document_last4_blind": services.index.last_four(Looked.ID_NUMBER, document.number),
    }


def phone_columns(person_id: UUID, phone: str | None, services: IdentityServices) -> dict[str, Any]:
    """Return the columns that hold a phone number, likewise; all null without one."""
    if phone is None:
        return {"phone_cipher": None, "phone_blind": None, "phone_last4_blind": None}
    return {
        "phone_cipher": services.cipher.encrypt(phone, Cell("person", "phone_cipher", person_id)),
        "phone_blind": services.index.whole(Looked.PHONE_NUMBER, phone),
        "phone_last4_blind": services.index.last_four(Looked.PHONE_NUMBER, phone),
    }


def open_document(row: PersonRow, services: IdentityServices) -> str:
    """Decrypt a person's document number."""
    return services.cipher.decrypt(row.document_cipher, Cell("person", "document_cipher", row.id))


def open_phone(row: PersonRow, services: IdentityServices) -> str | None:
    """Decrypt a person's phone number."""
    if row.phone_cipher is None:
        return None
    return services.cipher.decrypt(row.phone_cipher, Cell("person", "phone_cipher", row.id))


def view_person(row: PersonRow, services: IdentityServices) -> PersonView:
    """Mask what must be masked."""
    phone = open_phone(row, services)
    return PersonView(
        row.id,
        row.name,
        row.document_type,
        mask_document_number(open_document(row, services)),
        None if phone is None else mask_phone_number(phone),
        row.created_at,
    )


async def create_person(
    tx: Tx, actor: Actor, body: PersonBody, *, clock: Clock, services: IdentityServices
) -> tuple[PersonRow, bool]:
    """Enter a person, or return the one with this document if the actor reaches him; True means entered now.

    Raises what is wrong with the numbers, PersonNameDiffers, or PersonElsewhere for one whom only others reach.
    """
    row, new = await enter_person(tx, actor, body, clock=clock, services=services)
    if not new and not await people_queries.is_reached(tx, actor, row.id):
        raise errors.PersonElsewhere
    return row, new


async def enter_person(
    tx: Tx, actor: Actor, body: PersonBody, *, clock: Clock, services: IdentityServices
) -> tuple[PersonRow, bool]:
    """Enter a person or find him by his document, also one whom only others reach: who has the document may assign him.

    The phone number of a person on file is not touched. Raises what is wrong with the numbers, or PersonNameDiffers.
    """
    now = clock.now()
    name = read_title(body.name, LONGEST_NAME)
    document = read_document(body.document_type, body.document_number, today=now.date())
    phone = None if body.phone is None else read_phone_number(body.phone)
    digests = services.index.whole_candidates(Looked.ID_NUMBER, document.number)
    known = await people_queries.find_by_documents(tx, digests)
    for (kind, _), row in known.items():
        if kind == document.kind:
            if row.name != name:
                raise errors.PersonNameDiffers
            return row, False
    person_id = new_id(now)
    columns = document_columns(person_id, document, services) | phone_columns(person_id, phone, services)
    with translate_violations({"uq_person_document": roster_errors.RosterRaced}):
        await tx.execute(
            insert(Person).values(id=person_id, name=name, created_at=now, created_by=actor.account_id, **columns)
        )
    await record_act(tx, actor, "person.created", "person", person_id, {"document_type": document.kind}, clock=clock)
    return PersonRow(
        person_id,
        name,
        document.kind,
        columns["document_cipher"],
        columns["phone_cipher"],
        columns["phone_blind"],
        now,
    ), True


async def require_person(tx: Tx, actor: Actor, person_id: UUID, *, scope: str = queries.READ) -> PersonRow:
    """Return a person the actor reaches with `scope`; raises PersonUnknown for all others."""
    row = await people_queries.find_person(tx, actor, person_id, scope=scope)
    if row is None:
        raise errors.PersonUnknown
    return row


async def search_people(tx: Tx, actor: Actor, search: PersonSearch, *, services: IdentityServices) -> list[PersonRow]:
    """Return one row more than `search.limit` at most, so that the caller sees whether there is a next page.

    Raises SearchMalformed for a phone number that is neither eleven digits nor four.
    """
    wanted = PeopleFilter(
        words=None if search.name is None else read_title(search.name, LONGEST_NAME), project_id=search.project_id
    )
    if search.document is not None:
        number = normal_form(Looked.ID_NUMBER, search.document)
        if len(number) == LAST:
            wanted = replace(wanted, document_last4=services.index.last_four_candidates(Looked.ID_NUMBER, number))
        else:
            wanted = replace(wanted, document=services.index.whole_candidates(Looked.ID_NUMBER, number))
    if search.phone is not None:
        number = normal_form(Looked.PHONE_NUMBER, search.phone)
        if len(number) == LAST:
            wanted = replace(wanted, phone_last4=services.index.last_four_candidates(Looked.PHONE_NUMBER, number))
        elif len(number) == WHOLE_PHONE:
            wanted = replace(wanted, phone=services.index.whole_candidates(Looked.PHONE_NUMBER, number))
        else:
            raise errors.SearchMalformed
    return await people_queries.list_people(tx, actor, wanted, limit=search.limit + 1, after=search.after)


async def change_person(
    tx: Tx, actor: Actor, person_id: UUID, patch: PersonPatch, *, clock: Clock, services: IdentityServices
) -> PersonRow:
    """Correct name or phone number.

    Raises PersonUnknown, PhoneNumberMalformed, PhoneIsLogin, and for a person who works on projects, too, that the
    actor does not reach PhoneElsewhere or NameElsewhere: others know him by that name, and a number that is no log-in
    yet becomes one with a key post. A number that is a log-in is an account's: who changes it gets in, so that takes
    an administrator of accounts.
    """
    await require_person(tx, actor, person_id, scope=queries.WRITE)
    found = changes(patch)
    detail: dict[str, Any] = {"fields": []}
    if "name" in found:
        renaming_id = await _rename(tx, actor, person_id, read_title(found["name"], LONGEST_NAME), clock=clock)
        if renaming_id is not None:
            # The audit log holds no names, since nothing is ever taken out of it.
            detail = {"fields": ["name"], "renaming_id": renaming_id}
    if "phone" in found:
        if await people_queries.logins_of(tx, [person_id]):
            raise errors.PhoneIsLogin
        if await people_queries.assigned_elsewhere(tx, actor, [person_id], scope=queries.WRITE):
            raise errors.PhoneElsewhere
        phone = read_phone_number(found["phone"])
        columns = phone_columns(person_id, phone, services)
        await tx.execute(update(Person).where(Person.id == person_id).values(**columns))
        detail["fields"] = [*detail["fields"], "phone"]
    if detail["fields"]:
        await record_act(tx, actor, "person.changed", "person", person_id, detail, clock=clock)
    return await require_person(tx, actor, person_id, scope=queries.WRITE)


async def _rename(tx: Tx, actor: Actor, person_id: UUID, name: str, *, clock: Clock) -> UUID | None:
    """Give a person another name, keep the one before, and return the id of that record; None if it is his already."""
    before = await people_queries.lock_name(tx, person_id)
    if before == name:
        return None
    if await people_queries.assigned_elsewhere(tx, actor, [person_id], scope=queries.WRITE):
        raise errors.NameElsewhere
    now = clock.now()
    renaming_id = new_id(now)
    await tx.execute(update(Person).where(Person.id == person_id).values(name=name))
    await tx.execute(
        insert(PersonRenaming).values(
            id=renaming_id,
            person_id=person_id,
            name_before=before,
            name_after=name,
            renamed_at=now,
            renamed_by=actor.account_id,
        )
    )
    await rename_person_account(tx, person_id, name)
    return renaming_id


async def list_renamings(tx: Tx, actor: Actor, person_id: UUID, *, limit: int, after: UUID | None) -> list[RenamingRow]:
    """Return up to `limit` renamings of a person, latest first; raises PersonUnknown."""
    await require_person(tx, actor, person_id)
    return await people_queries.list_renamings(tx, person_id, limit=limit, after=after)


async def reveal_person(
    tx: Tx, actor: Actor, person_id: UUID, purpose: str, *, clock: Clock, services: IdentityServices
) -> Revealed:
    """Return a person's numbers in the clear and write down who wanted them for what; raises PersonUnknown."""
    row = await require_person(tx, actor, person_id, scope=REVEAL)
    await record_act(tx, actor, "person.revealed", "person", person_id, {"purpose": purpose}, clock=clock)
    return Revealed(row.id, row.document_type, open_document(row, services), open_phone(row, services))


async def give_login(
    tx: Tx, actor: Actor, person: PersonRow, *, clock: Clock, services: IdentityServices
) -> UUID | None:
    """Open the account with which a person logs in by SMS code to the number on file; None if he has one already.

    Raises KeyPersonNeedsPhone without a number on file, PhoneTaken when it is somebody else's log-in.
    """
    if await people_queries.logins_of(tx, [person.id]):
        return None
    phone = open_phone(person, services)
    if phone is None:
        raise errors.KeyPersonNeedsPhone
    digests = services.index.whole_candidates(Looked.PHONE_NUMBER, phone)
    if await people_queries.logins_by_phone(tx, digests):
        raise errors.PhoneTaken
    return await open_person_account(tx, actor, person.id, person.name, phone, clock=clock, services=services)
