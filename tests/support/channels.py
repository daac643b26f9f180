"""A channel that remembers what it was given, and addresses for accounts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import insert

from backend.alerts.channels.draining import DrainTools
from backend.alerts.channels.model import DELIVERED, ChannelName, Message, Outcome
from backend.alerts.channels.port import Channel, Pace
from backend.identity.delivery_addresses import NewAddress, name_own_address, set_address
from backend.identity.services import IdentityServices
from backend.identity.tables import SessionFamily
from backend.kit.clock import Clock
from backend.kit.db import Database, Tx
from backend.kit.guards import Actor


@dataclass
class Remembering:
    """A channel in memory; `answer` says what becomes of a message."""

    name: ChannelName
    answer: Callable[[Message], Outcome] = lambda _: DELIVERED
    sent: list[Message] = field(default_factory=list[Message])
    missing: str | None = None
    pace: Pace = field(default_factory=lambda: Pace(batch=50, at_once=1))

    async def send(self, messages: Sequence[Message], now: datetime) -> list[Outcome]:
        """Remember, and answer."""
        del now
        self.sent += messages
        return [self.answer(message) for message in messages]

    async def aclose(self) -> None:
        """Hold nothing."""


async def give_app(tx: Tx, account_id: UUID, token: str, clock: Clock, services: IdentityServices) -> Actor:
    """Log an account in with an app that names a push token."""
    family_id, now = uuid4(), clock.now()
    life = timedelta(days=30)
    await tx.execute(
        insert(SessionFamily).values(id=family_id, account_id=account_id, created_at=now, expires_at=now + life)
    )
    actor = Actor(account_id=account_id, person_id=None, family_id=family_id, roles=frozenset(), scopes=frozenset())
    await name_own_address(tx, actor, NewAddress("fcm_token", {"to": token}), clock=clock, services=services)
    return actor


async def give_mail(tx: Tx, account_id: UUID, mail: str, clock: Clock, services: IdentityServices) -> UUID:
    """Set a mail address for an account."""
    actor = Actor(account_id=account_id, person_id=None, family_id=uuid4(), roles=frozenset(), scopes=frozenset())
    address = NewAddress("email", {"to": mail})
    return await set_address(tx, actor, account_id, address, clock=clock, services=services)


def tools_of(database: Database, url: str, clock: Clock, services: IdentityServices, *channels: Channel) -> DrainTools:
    """Give what draining works with."""
    return DrainTools(
        database=database,
        url=url,
        channels={channel.name: channel for channel in channels},
        services=services,
        clock=clock,
    )
