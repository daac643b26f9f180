from datetime import UTC, date, datetime
from uuid import UUID, uuid4

import msgspec
import pytest

from backend.attendance.requests.errors import RuleInvalid
from backend.attendance.requests.rules import (
    RULES,
    AppealRule,
    DatedRule,
    LeaveRule,
    MakeUpRule,
    key_first,
    read_rule,
    rule_in_force,
)

DISTRICT, PROJECT, DAY = uuid4(), uuid4(), date(2026, 3, 16)


def dated(  # the sides of a rule
    per_month: int,
    *,
    district: UUID | None = None,
    project: UUID | None = None,
    valid_from: date = DAY,
    hour: int = 1,
    kind: str = "make_up",
) -> DatedRule:
    set_at = datetime(2026, 1, 1, hour, tzinfo=UTC)
    return DatedRule(uuid4(), kind, district, project, valid_from, set_at, {"per_month": per_month})


def holds(rules: list[DatedRule], on: date = DAY) -> int:
    rule, row = rule_in_force(rules, "make_up", on)
    assert isinstance(rule, MakeUpRule)
    assert (row is None) == (rule == MakeUpRule())
    return rule.per_month


def test_the_nearest_place_wins_then_what_became_valid_last_then_what_was_set_last() -> None:
    city, of_district, of_project = dated(1), dated(2, district=DISTRICT), dated(3, project=PROJECT)
    assert holds([]) == MakeUpRule().per_month
    assert holds([city, of_project, of_district]) == 3
    assert holds([of_district, city]) == 2
    assert holds([dated(5, valid_from=date(2026, 3, 1), hour=9), city]) == 1
    assert holds([dated(6, hour=2), city]) == 6
    assert holds([dated(7, valid_from=date(2026, 3, 17))]) == MakeUpRule().per_month
    assert holds([dated(8, kind="leave")]) == MakeUpRule().per_month


def test_the_published_terms() -> None:
    assert (AppealRule().file_within, AppealRule().decide_within) == (7, 15)
    (quota,) = LeaveRule().quotas
    assert (quota.per_month, quota.per_year) == (6, 20)


@pytest.mark.parametrize("kind", list(RULES))
def test_a_rule_is_read_as_it_was_written(kind: str) -> None:
    rule = RULES[kind]()
    assert read_rule(kind, msgspec.to_builtins(rule)) == rule  # type: ignore[arg-type] - a key of RULES


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("make_up", {"per_month": -1}),
        ("make_up", {"per_week": 1}),
        ("appeal", {"file_within": 0}),
        ("leave", {"days": "sometimes"}),
        ("leave", {"quotas": [{"posts": ["king"], "per_month": 1}]}),
        ("leave", {"deputies": {"project_manager": ["king"]}}),
        ("leave", {"deputies": {"king": ["project_manager"]}}),
        ("leave", {"quotas": [{"kinds": ["nap"]}]}),
    ],
)
def test_what_is_no_rule_is_refused(kind: str, body: dict[str, object]) -> None:
    with pytest.raises(RuleInvalid):
        read_rule(kind, body)  # type: ignore[arg-type] - a key of RULES


def test_deputies_come_from_any_of_the_posts_held() -> None:
    rule = LeaveRule(deputies={"project_manager": ("technical_lead",), "builder": ("safety_officer",)})
    assert rule.deputies_for(["worker"]) is None
    assert rule.deputies_for(["project_manager"]) == {"technical_lead"}
    assert rule.deputies_for(["builder", "project_manager", "worker"]) == {"technical_lead", "safety_officer"}


def test_key_posts_come_first() -> None:
    assert key_first(["worker", "builder", "project_manager", "builder"]) == ["project_manager", "builder", "worker"]
