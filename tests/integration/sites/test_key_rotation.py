from datetime import UTC, datetime, timedelta
from uuid import uuid4

from backend.identity.roles import scopes_of
from backend.identity.services import make_identity_services
from backend.kit.clock import ManualClock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.keyring import MemoryKeyRing, Purpose
from backend.sites import people
from backend.sites.roster import read_roster
from backend.sites.roster_queries import load_filed
from backend.sites.schemas import PersonBody, PersonSearch
from tests.support.factories import draw_number, draw_phone, make_officer, make_project
from tests.support.rosters import csv_roster, roster_line

NOW = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)


async def test_people_are_found_after_their_keys_were_replaced(tx: Tx) -> None:
    clock, ring = ManualClock(NOW), MemoryKeyRing(NOW)
    services = make_identity_services(ring, clock, None)
    account = await make_officer(tx, "city")
    actor = Actor(
        account_id=account, person_id=None, family_id=uuid4(), roles=frozenset({"city"}), scopes=scopes_of(["city"])
    )
    body = PersonBody(name="王强", document_number=draw_number(), phone=draw_phone())
    entered, new = await people.create_person(tx, actor, body, clock=clock, services=services)
    assert new
    clock.advance(timedelta(days=1))
    for purpose in (Purpose.FIELD, Purpose.BLIND_INDEX):
        ring.rotate(purpose, clock.now())

    again, new = await people.create_person(tx, actor, body, clock=clock, services=services)
    assert (again.id, new) == (entered.id, False)
    for search in (
        PersonSearch(document=body.document_number),
        PersonSearch(document=body.document_number[-4:], name="王强"),
        PersonSearch(phone=body.phone),
    ):
        found = await people.search_people(tx, actor, search, services=services)
        assert entered.id in {row.id for row in found}
    assert people.open_document(again, services) == body.document_number

    project = await make_project(tx)
    line = roster_line(name="王强", document_number=body.document_number, phone=body.phone or "")
    roster = read_roster(csv_roster([line]), "csv", today=NOW.date())
    filed = await load_filed(tx, project.id, roster.rows, services)
    assert [person.id for person in filed.people.values()] == [entered.id]
    assert filed.same_phone == frozenset({2})
