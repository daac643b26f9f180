"""The first account of a new installation."""

import asyncio

import pytest

from backend.identity import queries
from backend.identity.accounts import Opened, StaffOpening
from backend.identity.errors import OperatorPresent
from backend.identity.first_operator import open_first_operator
from backend.identity.services import IdentityServices
from backend.kit.clock import ManualClock
from backend.kit.db import Database


async def test_an_installation_gets_one_first_operator_even_at_once(
    fresh_database: str, clock: ManualClock, services: IdentityServices
) -> None:
    database = Database(fresh_database, max_size=3)

    async def attempt(number: int) -> Opened:
        async with database.transaction() as tx:
            opening = StaffOpening(f"operator{number}", "平台管理员")
            return await open_first_operator(tx, opening, clock=clock, services=services)

    try:
        outcomes = await asyncio.gather(*(attempt(number) for number in range(3)), return_exceptions=True)
        [opened] = [outcome for outcome in outcomes if isinstance(outcome, Opened)]
        assert [type(outcome) for outcome in outcomes if outcome is not opened] == [OperatorPresent] * 2
        assert opened.first_password is not None
        async with database.transaction() as tx:
            assert await queries.roles_of(tx, opened.account_id, None) == {"operator"}
        with pytest.raises(OperatorPresent):
            await attempt(9)
    finally:
        await database.close()
