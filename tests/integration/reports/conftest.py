"""A district with a project whose people were or were not there, for bulletins."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest

from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.support.factories import MadeSite, bearer, make_officer, make_site
from tests.support.ledgers import append, entry

LAST_WEEK = [date(2026, 3, 9) + timedelta(days=number) for number in range(7)]
POSTS = (("009", "project_manager"), ("009", "safety_officer"), ("007", "chief_supervisor"))
Headers = dict[str, str]


@dataclass(frozen=True, slots=True)
class Quarter:
    """A district with one site, and those who ask."""

    site: MadeSite
    district: UUID
    city: Headers
    officer: Headers
    foreign: Headers
    admin: Headers


@pytest.fixture
async def quarter(database: Database, keys: MemoryKeyRing, clock: ManualClock) -> Quarter:
    """Give a district whose site has a manager, a safety officer and a chief, and nobody else's officer."""
    site = await make_site(database, keys, posts=POSTS)
    other = await make_site(database, keys)
    district, now = site.project.district_id, clock.now()

    async def headers(role: str, **rows: UUID) -> Headers:
        return bearer(keys, now, await make_officer(database, role, **rows), role)

    return Quarter(
        site=site,
        district=district,
        city=await headers("city"),
        officer=await headers("district", district_id=district),
        foreign=await headers("district", district_id=other.project.district_id),
        admin=await headers("project_admin", project_id=site.project.id),
    )


Attend = Callable[..., Awaitable[None]]


@pytest.fixture
def attend(database: Database, clock: ManualClock) -> Attend:
    """Give what makes days of a post's holder: eight hours, on days by their place in last week."""

    async def make(site: MadeSite, post: str, days: list[int], **known: object) -> None:
        project, person = site.project.id, site.people[post].id
        entries = [
            entry(project, person, datetime.combine(LAST_WEEK[day], time(hour), UTC), **known)  # type: ignore[arg-type] - fields by name
            for day in days
            for hour in (0, 8)
        ]
        await append(database, entries, clock.now())

    return make
