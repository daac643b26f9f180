"""Bulletins from the shell, with the rights of whoever it is done for."""

from datetime import date

import pytest
from sqlalchemy import select

from backend.bulletin_commands import Asked, issue, reissue, show, tools_of
from backend.identity.errors import AccountUnknown
from backend.identity.tables import Account
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.reports.bulletins.errors import AlreadyIssued, BulletinUnknown, NothingChanged, ScopeNotOwn
from backend.sites.errors import DistrictUnknown
from backend.sites.tables import District
from tests.integration.reports.conftest import Attend, Quarter
from tests.support.factories import make_officer

pytestmark = pytest.mark.anyio


async def test_what_an_account_may_do_at_the_machine(
    database: Database, quarter: Quarter, attend: Attend, clock: ManualClock
) -> None:
    tools = tools_of(database, clock)
    officer = await make_officer(database, "district", district_id=quarter.district)
    stranger = await make_officer(database, "owner", project_id=quarter.site.project.id)
    async with database.transaction() as tx:
        names = {row[0]: row[1] for row in await tx.execute(select(Account.id, Account.username))}
        code = await tx.scalar(select(District.code).where(District.id == quarter.district))

    def asked(by: str | None, district: str | None = code) -> Asked:
        return Asked(kind="weekly", on=date(2026, 3, 11), district=district, username=by or "")

    mine = asked(names[officer])
    with pytest.raises(BulletinUnknown):
        await show(tools, mine, "zh-CN")
    with pytest.raises(ScopeNotOwn):
        await issue(tools, asked(names[stranger]))
    with pytest.raises(ScopeNotOwn):
        await issue(tools, asked(names[officer], None))
    with pytest.raises(AccountUnknown):
        await issue(tools, asked("nobody-of-that-name"))
    with pytest.raises(DistrictUnknown):
        await issue(tools, asked(names[officer], "no-such-code"))
    (said,) = await issue(tools, mine)
    with pytest.raises(AlreadyIssued):
        await issue(tools, mine)
    with pytest.raises(NothingChanged):
        await reissue(tools, mine, "无")
    await attend(quarter.site, "project_manager", [0])
    assert await reissue(tools, mine, "闸机恢复后补传") == [f"{said.split()[0]}  2"]
    lines = await show(tools, mine, "zh-CN")
    assert "周通报" in lines[0]
    assert lines[1].startswith(f"{said.split()[0]}  2  ")
    assert "闸机恢复后补传" in lines[2]
    with pytest.raises(BulletinUnknown):
        await show(tools, asked(names[stranger]), "zh-CN")
