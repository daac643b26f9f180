"""Measures what the board asks of a whole city and of one of its districts, in the world of `bench.rates`."""

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from hashlib import md5
from statistics import median
from typing import Final
from uuid import UUID

from sqlalchemy import insert

from backend.attendance.city_posts import list_district, show_city
from backend.attendance.rates.city_sums import Wanted, sum_rates
from backend.identity.roles import ROLE_SCOPES, Role
from backend.identity.tables import Account, RoleGrant
from backend.kit.clock import ManualClock
from backend.kit.db import Database, Tx
from backend.kit.guards import Actor

ROUNDS: Final = 5
DAY: Final = date(2026, 3, 17)
NOW: Final = datetime(2026, 3, 31, 1, 0, tzinfo=UTC)
Ask = Callable[[], Awaitable[object]]


def _id(name: str) -> UUID:
    """Return the id that the world gives what it names like this."""
    return UUID(md5(name.encode(), usedforsecurity=False).hexdigest())


async def _staff(tx: Tx, role: Role, district_id: UUID | None) -> Actor:
    account_id = _id(f"account-{role}")
    await tx.execute(
        insert(Account).values(id=account_id, kind="staff", display_name=role, username=f"bench-{role}", created_at=NOW)
    )
    await tx.execute(
        insert(RoleGrant).values(
            id=_id(f"grant-{role}"), account_id=account_id, role=role, district_id=district_id, granted_at=NOW
        )
    )
    return Actor(
        account_id=account_id,
        person_id=None,
        family_id=_id(f"family-{role}"),
        roles=frozenset({role}),
        scopes=ROLE_SCOPES[role],
    )


async def measure_boards(database: Database, projects: int) -> dict[str, float]:
    """Return the figures by name, medians in milliseconds; raises RuntimeError if the city is not seen whole."""
    clock = ManualClock(NOW)
    district_id = _id("district1")
    async with database.transaction() as tx:
        city = await _staff(tx, Role.CITY, None)
        district = await _staff(tx, Role.DISTRICT, district_id)
        seen = (await show_city(tx, city, DAY, clock=clock)).projects
    if seen != projects:
        message = f"{seen} projects on the board"
        raise RuntimeError(message)

    async def board_of_city() -> None:
        async with database.transaction() as tx:
            await show_city(tx, city, DAY, clock=clock)

    async def board_of_district() -> None:
        async with database.transaction() as tx:
            await list_district(tx, district, district_id, DAY, clock=clock)

    async def rates_of(actor: Actor) -> None:
        wanted = Wanted(by="district", district_id=None, first=None, last=None, after=None, limit=100)
        await sum_rates(database, actor, wanted, language="zh-CN", clock=clock)

    asked: dict[str, Ask] = {
        "board_city_ms": board_of_city,
        "board_district_ms": board_of_district,
        "rates_city_month_ms": lambda: rates_of(city),
        "rates_district_month_ms": lambda: rates_of(district),
    }
    figures: dict[str, float] = {}
    for name, ask in asked.items():
        took: list[float] = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            await ask()
            took.append(time.perf_counter() - began)
        figures[name] = round(1000 * median(took))
    return figures
