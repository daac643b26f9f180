from datetime import date

import pytest
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from backend.attendance.requests.facts import approved_leave, deputies_of
from backend.identity.tables import Account
from backend.kit.db import Tx, constraint_of
from backend.kit.keyring import MemoryKeyRing
from tests.support.factories import make_site
from tests.support.requests import make_leave

FIRST, LAST = date(2026, 4, 6), date(2026, 4, 8)


async def test_approved_leave_is_told_by_its_days(tx: Tx, keys: MemoryKeyRing) -> None:
    site = await make_site(tx, keys)
    manager, chief = site.people["project_manager"].id, site.people["chief_supervisor"].id
    leave = await make_leave(tx, site, "project_manager", FIRST, LAST, kind="sick", deputy_id=chief)
    await make_leave(tx, site, "chief_supervisor", FIRST, LAST, state="deciding")
    here = [site.project.id]
    for first, last, found in (
        (date(2026, 4, 8), date(2026, 4, 30), [leave]),
        (date(2026, 3, 1), date(2026, 4, 6), [leave]),
        (date(2026, 4, 9), date(2026, 4, 30), []),
        (date(2026, 3, 1), date(2026, 4, 5), []),
    ):
        spans = await approved_leave(tx, first, last, project_ids=here)
        assert [span.request_id for span in spans] == found
    (span,) = await approved_leave(tx, FIRST, LAST, person_id=manager)
    assert (span.leave_kind, span.first_on, span.last_on, span.deputy_id) == ("sick", FIRST, LAST, chief)
    assert await approved_leave(tx, FIRST, LAST, project_ids=here, person_id=chief) == []


@pytest.mark.parametrize("state", ["deputy", "deciding", "approved"])
async def test_leave_never_overlaps(state: str, tx: Tx, keys: MemoryKeyRing) -> None:
    site = await make_site(tx, keys)
    await make_leave(tx, site, "project_manager", FIRST, LAST, state=state)
    await make_leave(tx, site, "project_manager", date(2026, 4, 9), date(2026, 4, 9))
    await make_leave(tx, site, "chief_supervisor", FIRST, LAST)
    await make_leave(tx, site, "project_manager", FIRST, LAST, state="withdrawn")
    with pytest.raises(IntegrityError) as refused:
        await make_leave(tx, site, "project_manager", LAST, LAST)
    assert constraint_of(refused.value) == "ex_request_state_leave"


async def test_the_deputy_of_who_is_on_leave_is_told_of_his_alerts(tx: Tx, keys: MemoryKeyRing) -> None:
    site = await make_site(tx, keys)
    account, deputy = site.accounts["project_manager"], site.accounts["chief_supervisor"]
    await make_leave(tx, site, "project_manager", FIRST, LAST, deputy_id=site.people["chief_supervisor"].id)
    everybody = list(site.accounts.values())
    assert await deputies_of(tx, everybody, LAST) == {account: deputy}
    assert await deputies_of(tx, [deputy], LAST) == {}
    assert await deputies_of(tx, everybody, date(2026, 4, 9)) == {}
    await tx.execute(update(Account).where(Account.id == deputy).values(state="disabled"))
    assert await deputies_of(tx, everybody, LAST) == {}
