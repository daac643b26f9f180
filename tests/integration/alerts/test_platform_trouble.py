"""Failures of sealing and of backups, as their processes announce them, reach operators and end with their end."""

import pytest

from backend.alerts.wording import word_alert
from backend.kit.announcements import announce
from tests.support.cities import City
from tests.support.factories import make_officer

ALERTS = """
SELECT a.words, a.numbers, a.evidence, a.severity, t.state FROM alert a
JOIN alert_state t ON t.project_id = a.project_id AND t.alert_id = a.id ORDER BY a.found_at, a.id
"""


async def say(city: City, kind: str, subject: str, **detail: str) -> None:
    async with city.database.transaction() as tx:
        now = city.clock.now()
        await announce(tx, kind, subject, occurred_at=now, now=now, detail=detail)


@pytest.mark.parametrize(
    ("module", "subject", "detail", "title", "english"),
    [
        (
            "seals",
            "lag",
            {"trouble": "812 entries wait"},
            "台账存证异常：记录长时间未封存（812 entries wait）",
            "Sealing of the ledger: entries wait too long for their seal (812 entries wait)",
        ),
        (
            "seals",
            "outside.notary",
            {"trouble": "no answer"},
            "台账存证异常：outside.notary（no answer）",
            "Sealing of the ledger: outside.notary (no answer)",
        ),
        (
            "backup",
            "base",
            {"reason": "disk_full"},
            "备份失败：base（disk_full）",
            "The backup fails: base (disk_full)",
        ),
        ("backup", "base", {}, "备份失败：base（—）", "The backup fails: base (—)"),
    ],
)
async def test_a_failure_is_one_critical_alert_for_operators_until_it_is_restored(
    city: City, module: str, subject: str, detail: dict[str, str], title: str, english: str
) -> None:
    operator = await make_officer(city.database, "operator")
    await say(city, f"{module}.failed", subject, **detail)
    assert await city.follow() == (1, 0)
    (alert,) = await city.rows(ALERTS)
    assert (alert["severity"], alert["evidence"]) == ("critical", [{"path": "/health/ready"}])
    assert word_alert("zh-CN", alert["words"], alert["numbers"]).title == title
    assert word_alert("en", alert["words"], alert["numbers"]).title == english
    assert [row["kind"] for row in await city.inbox(operator)] == ["platform_trouble"]
    for supervisor in city.supervisors.values():
        assert await city.inbox(supervisor) == []
    await say(city, f"{module}.failed", subject, **detail)
    assert await city.follow() == (0, 0)
    await say(city, f"{module}.restored", subject)
    assert await city.follow() == (0, 1)
    assert [row["state"] for row in await city.rows(ALERTS)] == ["resolved"]


async def test_the_end_of_one_trouble_ends_no_other_of_its_module(city: City) -> None:
    await make_officer(city.database, "operator")
    await say(city, "seals.failed", "log", trouble="the log does not fit its last head")
    await say(city, "seals.failed", "lag", trouble="12 entries wait")
    assert await city.follow() == (2, 0)
    await say(city, "seals.restored", "lag")
    assert await city.follow() == (0, 1)
    standing = {row["numbers"]["subject"]: row["state"] for row in await city.rows(ALERTS)}
    assert standing == {"log": "open", "lag": "resolved"}
