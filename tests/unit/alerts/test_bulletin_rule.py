from datetime import UTC, datetime

import pytest

from backend.alerts.model import PLATFORM
from backend.alerts.rules.announced import Announced
from backend.alerts.rules.bulletins import issued_bulletins
from backend.alerts.settings import BulletinSettings
from backend.alerts.wording import word_alert
from backend.kit.messages import LANGUAGES

AT = datetime(2026, 3, 16, 0, 0, tzinfo=UTC)
BULLETIN = "01a1f2a9-8b80-7fa0-b4e2-d5e23bd9901a"
DISTRICT = "01a1f2a9-8b80-7fa0-b4e2-d5e23bd9901b"


def fact(edition: int = 1, **detail: object) -> Announced:
    told: dict[str, object] = {
        "kind": "weekly",
        "district_id": None,
        "district": None,
        "from_on": "2026-03-09",
        "to_on": "2026-03-15",
        "edition": edition,
        "rate": 8605,
        "failing": 3,
    }
    return Announced(
        id=edition,
        kind="bulletins.issued",
        site=None,
        subject=f"{BULLETIN}:{edition}",
        occurred_at=AT,
        detail={**told, **detail},
    )


def test_an_edition_is_a_finding_of_its_own_and_a_later_one_says_so() -> None:
    first, second = issued_bulletins([fact(), fact(2, district_id=DISTRICT, district="示例区")], BulletinSettings())
    assert (first.project_id, first.district_id, str(second.district_id)) == (PLATFORM, None, DISTRICT)
    assert first.group_key != second.group_key
    assert first.severity == "info"
    assert second.evidence[2] == f"/admin/v1/bulletins/{BULLETIN}/pdf?edition=2"
    words = [word_alert("zh-CN", one.words, one.numbers) for one in (first, second)]
    assert words[0].title == "全市关键岗位人员到岗周通报已发布（2026-03-09–2026-03-15）"
    assert "86.05%" in words[0].advice
    assert words[1].title == "示例区关键岗位人员到岗周通报更正发布，第2版（2026-03-09–2026-03-15）"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_day_on_which_nothing_was_due(language: str) -> None:
    (found,) = issued_bulletins([fact(kind="daily", to_on="2026-03-09", rate=None)], BulletinSettings())
    said = word_alert(language, found.words, found.numbers)
    assert "2026-03-09" in said.title
    assert "–" not in said.title
    assert "—" in said.advice


def test_whoever_wants_weekly_ones_alone_gets_no_other() -> None:
    settings = BulletinSettings(bulletins=frozenset({"weekly"}))
    other = Announced(id=9, kind="seals.failed", site=None, subject="x", occurred_at=AT, detail={})
    found = issued_bulletins([fact(kind="daily"), fact(2), other], settings)
    assert [one.fact_key for one in found] == [f"{BULLETIN}:2"]
