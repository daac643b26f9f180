"""During approved leave the deputy is told instead, of what he may see himself; a delegate one named goes before."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import text

from backend.alerts.recipients import About, Recipient, find_recipients
from backend.kit.db import Tx
from backend.kit.keyring import MemoryKeyRing
from tests.support.factories import MadeSite, grant_role, make_site
from tests.support.requests import make_leave

# Within the first day of the leave at the site, and still the day before by UTC.
NOW = datetime(2026, 4, 5, 21, tzinfo=UTC)
ON = (NOW + timedelta(hours=8)).date()


# Of the owner nobody holds an office here: what counts is that others than the person are meant too.
SHARED = frozenset({"person", "owner"})


def about(site: MadeSite, roles: frozenset[str]) -> list[About]:
    people, party = site.people["project_manager"], site.parties
    return [
        About(
            project_id=site.project.id,
            party_id=next(one.id for one in party.values() if one.kind == "009"),
            person_id=people.id,
            roles=roles,
        )
    ]


async def told(tx: Tx, site: MadeSite, now: datetime, roles: frozenset[str] = SHARED) -> list[Recipient]:
    (found,) = await find_recipients(tx, about(site, roles), now)
    return found


async def leave_for(tx: Tx, site: MadeSite, deputy: str) -> tuple[UUID, UUID]:
    await make_leave(tx, site, "project_manager", ON, ON, deputy_id=site.people[deputy].id)
    return site.accounts["project_manager"], site.accounts[deputy]


async def test_a_deputy_who_may_see_it_is_told_instead_while_the_leave_lasts(tx: Tx, keys: MemoryKeyRing) -> None:
    site = await make_site(tx, keys)
    away, deputy = await leave_for(tx, site, "owner_representative")
    # Without rights of his own over it, he who is away is told after all.
    assert await told(tx, site, NOW) == [Recipient(away)]
    await grant_role(tx, deputy, "project_admin", project_id=site.project.id)
    assert await told(tx, site, NOW) == [Recipient(away, away=True), Recipient(deputy, for_account_id=away)]
    # What is for him alone, as the ruling on his punch, is nothing for a deputy.
    assert await told(tx, site, NOW, frozenset({"person"})) == [Recipient(away)]
    assert await told(tx, site, NOW - timedelta(hours=2)) == [Recipient(away)]
    assert await told(tx, site, NOW + timedelta(days=1)) == [Recipient(away)]


async def test_whom_one_names_himself_goes_before_the_deputy(tx: Tx, keys: MemoryKeyRing) -> None:
    site = await make_site(tx, keys)
    away, deputy = await leave_for(tx, site, "owner_representative")
    named = site.accounts["chief_supervisor"]
    for account_id in (deputy, named):
        await grant_role(tx, account_id, "project_admin", project_id=site.project.id)
    await tx.execute(
        text(
            "INSERT INTO alert_delegation (id, account_id, delegate_id, from_at, until_at, set_at, set_by)"
            " VALUES (:id, :away, :named, :now, :until, :now, :away)"
        ),
        {"id": uuid4(), "away": away, "named": named, "now": NOW, "until": NOW + timedelta(days=1)},
    )
    instead = [Recipient(away, away=True), Recipient(named, for_account_id=away)]
    assert await told(tx, site, NOW) == instead
    assert await told(tx, site, NOW, frozenset({"person"})) == instead
