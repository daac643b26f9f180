import io
from datetime import date
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from backend.kit.messages import LANGUAGES
from backend.reports.rendering.workbook import write_workbook
from backend.reports.service_records.content import (
    HeldPost,
    LeaveDays,
    MonthOfDuty,
    PersonRecord,
    ServiceRecord,
    Tally,
    post_record,
    tally,
)
from backend.reports.service_records.wording import word_record


def month(number: int, due: int, valid: int) -> MonthOfDuty:
    return MonthOfDuty(
        month=number,
        due=due,
        valid=valid * 1000,
        own=valid * 1000,
        rate=None if not due else valid * 1000 // due,
        own_rate=None if not due else valid * 1000 // due,
        verdict="met" if due else "nothing_due",
        leave_days=0,
        stop_days=0,
        make_up_days=0,
    )


DAYS = st.lists(st.integers(0, 31).flatmap(lambda due: st.tuples(st.just(due), st.integers(0, due))), max_size=12)


@given(DAYS)
def test_a_year_is_the_sum_of_its_months(days: list[tuple[int, int]]) -> None:
    months = [month(place, *one) for place, one in enumerate(days, 1)]
    post = post_record(UUID(int=1), "project_manager", "示例建设集团有限公司", [], months[::-1])
    assert (post.due, post.valid) == (sum(due for due, _ in days), 1000 * sum(valid for _, valid in days))
    assert (post.rate is None) == (post.due == 0)
    assert [one.month for one in post.months] == list(range(1, len(days) + 1))


def test_what_waits_for_evidence_is_in_review() -> None:
    assert tally([("counted", 2), ("pending", 1), ("review", 3)]) == Tally(counted=2, review=4)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_workbook_has_the_same_figures_as_numbers(language: str) -> None:
    held = [HeldPost(from_on=date(2025, 6, 1), to_on=None, exit_confirmed=False)]
    months = [month(1, 20, 19), month(2, 0, 0), month(3, 22, 11)]
    person = PersonRecord(
        person_id=UUID(int=2),
        person_name="=1+1",
        posts=[post_record(UUID(int=1), "project_manager", "示例建设集团有限公司", held, months)],
        leaves=[LeaveDays(first_on=date(2026, 2, 2), last_on=date(2026, 2, 6))],
        make_ups=Tally(counted=1),
        rulings=Tally(refused=2),
    )
    record = ServiceRecord(
        project_id=UUID(int=3),
        registration_no="SG-2026-0001",
        project_name="示例工程",
        year=2026,
        until=date(2026, 3, 31),
        people=[person],
    )
    book = load_workbook(io.BytesIO(write_workbook(word_record(language, record), "x")))
    assert len(book.worksheets) == 6
    _, year, by_month, posts, leaves, decisions = (
        [[cell.value for cell in row] for row in sheet.iter_rows()] for sheet in book.worksheets
    )
    assert year[1][0] == "=1+1", "a name is text"
    assert year[1][3:6] == [pytest.approx(0.95), "—", pytest.approx(0.5)]
    assert year[1][15:19] == [42, 30, pytest.approx(0.714), pytest.approx(0.714)]
    assert [row[3] for row in by_month[1:]] == [1, 2, 3]
    assert posts[1][3:5] == ["2025-06-01", "—"]
    assert leaves[1][1:] == ["2026-02-02", "2026-02-06"]
    assert decisions[1][1:] == [1, 0, 0, 0, 2]
