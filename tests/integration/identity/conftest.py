"""Fixtures of identity: its services with quick parameters, and who makes accounts and people."""

from pathlib import Path

import pytest
from httpx import AsyncClient
from litestar import Litestar

from backend.identity.passwords import Passwords
from backend.identity.services import IdentityServices
from backend.identity.sms import OutboxSmsSender
from backend.identity.tokens import AccessTokens
from backend.kit.clock import ManualClock
from backend.kit.crypto import BlindIndex, FieldCipher
from backend.kit.db import Database, Tx
from backend.kit.keyring import MemoryKeyRing
from tests.integration.identity.caller import Caller
from tests.integration.identity.registry import Committed, Registry


@pytest.fixture
def services(keys: MemoryKeyRing, clock: ManualClock, tmp_path: Path) -> IdentityServices:
    """Give identity's services with quick password parameters."""
    return IdentityServices(
        access=AccessTokens(keys),
        passwords=Passwords(memory_kib=64, passes=1),
        sms=OutboxSmsSender(tmp_path / "sms.jsonl", console=False),
        cipher=FieldCipher(keys, clock.now),
        index=BlindIndex(keys, clock.now),
    )


@pytest.fixture
def registry(tx: Tx, clock: ManualClock, services: IdentityServices, keys: MemoryKeyRing) -> Registry:
    """Make things in the transaction that is rolled back."""
    return Registry(tx, clock, services, keys)


@pytest.fixture
def committed(database: Database, clock: ManualClock, services: IdentityServices, keys: MemoryKeyRing) -> Committed:
    """Make things that stay, for tests of races and of the HTTP API."""
    return Committed(database, clock, services, keys)


@pytest.fixture
def caller(client: AsyncClient, app: Litestar) -> Caller:
    """Speak to the application like a phone app or a browser."""
    return Caller(client, app, {})
