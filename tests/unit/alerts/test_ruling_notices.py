"""What a person is told of rulings on his punches that he did not ask for."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from backend.alerts.rules.rulings import OF_REQUESTS, RulingFact, rulings_made
from backend.alerts.settings import RulingSettings
from backend.alerts.wording import word_alert
from backend.sites.working_days import WorkCalendar
from tests.unit.alerts.test_request_notices import SITE

FACT = RulingFact(
    site=SITE,
    punch_id=UUID(int=3),
    occurred_at=datetime(2026, 3, 12, 1, tzinfo=UTC),
    dated=True,
    seq=3,
    last_seq=3,
    outcome="refused",
    reason=None,
    note="影像中无本人",
    at=datetime(2026, 3, 16, 2, tzinfo=UTC),
    person_id=UUID(int=4),
    party_id=UUID(int=5),
    office="supervisor",
    appeal_within=7,
)
SETTINGS, CALENDAR = RulingSettings(), WorkCalendar()


def test_a_refusal_says_by_whom_why_and_until_when_to_appeal() -> None:
    found = rulings_made(FACT, SETTINGS, CALENDAR)
    (finding,) = found.findings
    assert (finding.person_id, finding.roles) == (FACT.person_id, frozenset({"person"}))
    words = word_alert("zh-CN", finding.words, finding.numbers)
    assert words.title == "示例工程：您03-12 09:00的打卡不予认定（监理单位）"
    # Seven working days after Monday the 16th.
    assert words.advice == "理由：影像中无本人。如有异议，可在2026-03-25前（含当日）在“记录”中打开当天申诉。"
    assert "appeal, up to and including 2026-03-25" in word_alert("en", finding.words, finding.numbers).advice
    assert finding.evidence == ("/mobile/v1/my-month?month=2026-03",)
    # What he was told of the punch before is over.
    assert [one.fact_key for one in found.endings] == [f"{FACT.punch_id}:1", f"{FACT.punch_id}:2"]
    assert finding.fact_key == f"{FACT.punch_id}:3"


@pytest.mark.parametrize("outcome", ["counted", "review", "pending", "refused"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("office", ["city", "district", "supervisor", "owner", "project_admin", "other", None])
def test_every_outcome_has_words_without_a_gap(outcome: str, language: str, office: str | None) -> None:
    (finding,) = rulings_made(replace(FACT, outcome=outcome, office=office), SETTINGS, CALENDAR).findings
    words = word_alert(language, finding.words, finding.numbers)
    said = words.title + words.advice
    assert "alerts." not in said
    assert "—" not in said


def test_what_was_asked_for_or_ruled_on_again_is_not_told_but_ends_what_was() -> None:
    for fact in (
        *(replace(FACT, reason=reason, outcome="counted") for reason in OF_REQUESTS),
        replace(FACT, last_seq=4),
    ):
        found = rulings_made(fact, SETTINGS, CALENDAR)
        assert (found.findings, len(found.endings)) == ([], 2)


def test_a_note_is_told_without_id_numbers_and_an_impossible_time_not_at_all() -> None:
    fact = replace(FACT, note=f"证件990101199001011234{'长' * 300}", dated=False)
    (finding,) = rulings_made(fact, SETTINGS, CALENDAR).findings
    assert str(finding.numbers["note"]).startswith("证件…长")
    assert (len(str(finding.numbers["note"])), finding.numbers["at"]) == (200, "—")
    assert finding.evidence == ("/mobile/v1/my-month?month=2026-03",)
