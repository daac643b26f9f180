"""Who is told of a request's step, and in what words."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.alerts.model import Site
from backend.alerts.rules.requests import RequestFact, requests_moved, requests_waiting, who_decides
from backend.alerts.settings import MovedSettings, WaitingSettings
from backend.alerts.wording import word_alert

SITE = Site(
    project_id=UUID(int=1),
    project_name="示例工程",
    district_id=UUID(int=2),
    district_name="示例区",
    time_zone="Asia/Shanghai",
    cutover=time(4),
)
FACT = RequestFact(
    site=SITE,
    request_id=UUID(int=3),
    kind="make_up",
    step="endorsed",
    state="deciding",
    level=0,
    seq=2,
    last_seq=2,
    due_on=date(2026, 3, 20),
    at=datetime(2026, 3, 16, 2, tzinfo=UTC),
    person_id=UUID(int=4),
    party_id=UUID(int=5),
    party_kind="009",
    deputy_id=None,
    office="project_admin",
    note="闸机当日故障",
)


@pytest.mark.parametrize(
    ("changes", "offices"),
    [
        ({}, {"supervisor", "owner", "district"}),
        ({"party_kind": "007"}, {"owner", "district"}),
        ({"party_kind": "008"}, {"supervisor", "district"}),
        ({"level": 1}, {"district"}),
        ({"level": 2}, {"city"}),
        ({"state": "endorsing"}, {"project_admin"}),
        ({"state": "deputy", "deputy_id": UUID(int=6)}, {"person"}),
    ],
)
def test_those_who_may_take_the_next_step_are_told_and_never_the_persons_own_party(
    changes: dict[str, object], offices: set[str]
) -> None:
    fact = replace(FACT, **changes)  # pyright: ignore[reportArgumentType] - fields of the fact
    assert who_decides(fact) == offices
    (finding,) = requests_waiting(fact, WaitingSettings()).findings
    assert finding.roles == offices
    assert finding.person_id == fact.deputy_id
    for language in ("zh-CN", "en"):
        said = word_alert(language, finding.words, finding.numbers)
        assert "2026-03-20" in said.advice
        assert "示例工程" in said.title


@pytest.mark.parametrize("state", ["approved", "rejected", "withdrawn"])
def test_what_is_decided_waits_for_nobody_and_ends_what_waited(state: str) -> None:
    found = requests_waiting(replace(FACT, state=state, seq=3, last_seq=3), WaitingSettings())
    assert found.findings == []
    assert [one.fact_key.rpartition(":")[2] for one in found.endings] == ["1", "2"]


def test_a_step_that_was_followed_by_another_waits_for_nobody_any_more() -> None:
    assert requests_waiting(replace(FACT, last_seq=3), WaitingSettings()).findings == []


@pytest.mark.parametrize(
    ("changes", "title", "advice"),
    [
        ({}, ("补卡", "项目审核通过", "项目管理员"), ("闸机当日故障", "由监理、建设单位或区审批")),
        ({"step": "approved", "state": "approved", "office": "supervisor"}, ("同意", "监理单位"), ("闸机当日故障",)),
        ({"step": "rejected", "state": "rejected", "office": "district", "note": None}, ("驳回", "区级"), ("申诉",)),
        (
            {"kind": "appeal", "step": "escalated", "level": 1, "office": None, "note": None},
            ("申诉", "逾期升级", "到期自动"),
            ("由区级处理",),
        ),
        (
            {"kind": "leave", "step": "shortened", "state": "approved", "office": "owner", "note": "通知返岗"},
            ("请假", "提前结束", "建设单位"),
            ("通知返岗", "额度已退回"),
        ),
        (
            {"kind": "leave", "step": "cancelled", "state": "withdrawn", "office": "other"},
            ("取消已批准的请假", "其他部门"),
            ("恢复应到",),
        ),
    ],
)
def test_the_person_is_told_what_was_decided_by_whose_office_why_and_what_follows(
    changes: dict[str, object], title: tuple[str, ...], advice: tuple[str, ...]
) -> None:
    fact = replace(FACT, **changes)  # pyright: ignore[reportArgumentType] - fields of the fact
    (finding,) = requests_moved(fact, MovedSettings()).findings
    assert (finding.person_id, finding.roles) == (fact.person_id, {"person"})
    said = word_alert("zh-CN", finding.words, finding.numbers)
    assert all(part in said.title for part in title), said.title
    assert all(part in said.advice for part in advice), said.advice
    assert word_alert("en", finding.words, finding.numbers).title


@pytest.mark.parametrize("step", ["filed", "withdrawn"])
def test_nobody_is_told_of_what_he_did_himself(step: str) -> None:
    assert requests_moved(replace(FACT, step=step), MovedSettings()).findings == []
    ended = replace(FACT, kind="leave", step="shortened", state="approved", own=True)
    assert requests_moved(ended, MovedSettings()).findings == []


@pytest.mark.parametrize(
    ("changes", "title"),
    [
        ({"step": "shortened", "state": "approved", "last_on": date(2026, 3, 18)}, "替岗到2026-03-18（含当日）为止"),
        ({"step": "cancelled", "state": "withdrawn"}, "您替岗的请假已取消"),
    ],
)
@pytest.mark.parametrize("own", [True, False])
def test_a_deputy_is_told_that_the_leave_ends_early_and_nothing_that_is_for_the_person_alone(
    changes: dict[str, object], title: str, *, own: bool
) -> None:
    fact = replace(FACT, kind="leave", deputy_id=UUID(int=6), seq=4, own=own, **changes)  # pyright: ignore[reportArgumentType] - fields of the fact
    found = requests_moved(fact, MovedSettings())
    *others, finding = found.findings
    assert [one.person_id for one in others] == ([] if own else [fact.person_id])
    assert (finding.person_id, finding.roles) == (fact.deputy_id, {"person"})
    for language in ("zh-CN", "en"):
        said = word_alert(language, finding.words, finding.numbers)
        assert "示例工程" in said.title
        assert str(fact.note) not in said.title + said.advice
    assert title in word_alert("zh-CN", finding.words, finding.numbers).title
    keys = [one.fact_key for one in (*found.findings, *found.endings)]
    assert len(set(keys)) == len(keys)
    # A second ending ends what the deputy was told of the first.
    again = requests_moved(replace(fact, seq=5), MovedSettings())
    assert finding.fact_key in {one.fact_key for one in again.endings}


@pytest.mark.parametrize("step", ["deputy_confirmed", "approved", "withdrawn"])
def test_a_deputy_is_told_of_no_other_step(step: str) -> None:
    fact = replace(FACT, kind="leave", step=step, deputy_id=UUID(int=6))
    assert fact.deputy_id not in {one.person_id for one in requests_moved(fact, MovedSettings()).findings}


def test_a_note_takes_no_id_number_along() -> None:
    (finding,) = requests_moved(replace(FACT, note="本人990101199001010012核实"), MovedSettings()).findings
    assert finding.numbers["note"] == "本人…核实"


@given(st.integers(1, 9))
def test_every_step_has_one_alert_of_its_own_and_ends_all_before(seq: int) -> None:
    for found in (
        requests_waiting(replace(FACT, seq=seq, last_seq=seq), WaitingSettings()),
        requests_moved(replace(FACT, seq=seq, last_seq=seq), MovedSettings()),
    ):
        keys = [one.fact_key for one in found.findings] + [one.fact_key for one in found.endings]
        assert sorted(keys) == [f"{FACT.request_id}:{number}" for number in range(1, seq + 1)]
