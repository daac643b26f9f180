"""Makes accounts and people for tests of identity, each with random ids so that tests never meet."""

import secrets
from dataclasses import dataclass
from uuid import UUID, uuid4

from backend.identity import accounts, grants, queries
from backend.identity.roles import scopes_of
from backend.identity.services import IdentityServices
from backend.kit.clock import ManualClock
from backend.kit.db import Database, Tx
from backend.kit.guards import Actor
from backend.kit.keyring import KeyRing
from tests.support.factories import make_person

PASSWORD = "correct horse battery"


@dataclass(frozen=True)
class Staff:
    """A staff account."""

    account_id: UUID
    username: str


@dataclass(frozen=True)
class Worker:
    """A person with an account."""

    account_id: UUID
    person_id: UUID
    phone_number: str


@dataclass(frozen=True)
class Registry:
    """Makes what a test needs, in the test's transaction."""

    tx: Tx
    clock: ManualClock
    services: IdentityServices
    keys: KeyRing

    async def staff(self, *granted: grants.Grant) -> Staff:
        """Open a staff account with PASSWORD and these grants."""
        username = f"staff-{secrets.token_hex(5)}"
        opening = accounts.StaffOpening(username, "某监管员", PASSWORD)
        opened = await accounts.open_staff_account(self.tx, None, opening, clock=self.clock, services=self.services)
        for grant in granted:
            await grants.grant_role(self.tx, None, opened.account_id, grant, clock=self.clock)
        return Staff(opened.account_id, username)

    async def actor(self, *granted: grants.Grant) -> Actor:
        """Open a staff account and speak for it."""
        return await self.speak_for((await self.staff(*granted)).account_id)

    async def speak_for(self, account_id: UUID) -> Actor:
        """Return the actor an access token of this account would give."""
        roles = await queries.roles_of(self.tx, account_id, None)
        return Actor(account_id=account_id, person_id=None, family_id=uuid4(), roles=roles, scopes=scopes_of(roles))

    async def worker(self) -> Worker:
        """Register a person and open the account he logs in with."""
        person = await make_person(self.tx, self.keys)
        account_id = await accounts.open_person_account(
            self.tx, None, person.id, person.name, person.phone, clock=self.clock, services=self.services
        )
        return Worker(account_id, person.id, person.phone)


@dataclass(frozen=True)
class Committed:
    """The registry, one committed transaction at a time."""

    database: Database
    clock: ManualClock
    services: IdentityServices
    keys: KeyRing

    async def worker(self) -> Worker:
        """Register a person with an account."""
        async with self.database.transaction() as tx:
            return await Registry(tx, self.clock, self.services, self.keys).worker()

    async def staff(self, *granted: grants.Grant) -> Staff:
        """Open a staff account."""
        async with self.database.transaction() as tx:
            return await Registry(tx, self.clock, self.services, self.keys).staff(*granted)
