import pytest

from backend.attendance.rates.errors import PresetUnknown, RuleBodyInvalid
from backend.attendance.rates.force import PLATFORM_RULES
from backend.attendance.rates.rule_model import as_stored, digest_of, read_rules, threshold_of
from backend.attendance.rates.shipped import preset_of, presets
from backend.attendance.rules import DEFAULT_RULE
from backend.sites.posts import POST_KINDS

WANTED = {"jilin", "wuhu", "nanjing_2020", "heilongjiang", "tianjin_draft", "fuzhou", "guangzhou", "wuhan"}


def test_the_presets_that_are_promised_are_there() -> None:
    assert set(presets()) >= WANTED


@pytest.mark.parametrize("name", sorted(presets()))
def test_a_preset_is_whole_and_names_its_source(name: str) -> None:
    preset = preset_of(name)
    rules = preset.body
    assert read_rules(as_stored(rules)) == rules
    assert digest_of(rules) == digest_of(read_rules(as_stored(rules)))
    for words in (preset.source, preset.says_zh, preset.says_en, preset.left_out_zh, preset.left_out_en):
        assert len(words) > 10
    assert all(post in POST_KINDS for threshold in rules.thresholds for post in threshold.posts)


def test_what_nobody_could_verify_says_so() -> None:
    assert preset_of("wuhan").checked == "unverified"
    assert {name for name, one in presets().items() if one.checked == "mirror"} == {"jilin"}


def test_no_two_presets_ask_for_the_same() -> None:
    assert len({digest_of(one.body) for one in presets().values()}) == len(presets())


def test_the_numbers_are_those_of_the_sources() -> None:
    jilin, wuhu = preset_of("jilin").body, preset_of("wuhu").body
    assert (jilin.valid_day.min_punches, jilin.valid_day.apart_s) == (2, 4 * 3600)
    assert (jilin.due_day.days, jilin.due_day.less_stop_work) == ("every", True)
    manager, chief = threshold_of(wuhu, "project_manager"), threshold_of(wuhu, "chief_supervisor")
    assert manager is not None
    assert chief is not None
    assert (manager.min_share, chief.min_share, wuhu.valid_day.kind) == (800, 500, "pro_rata")
    several = preset_of("heilongjiang").body.several_projects
    assert several is not None
    assert (several.from_projects, several.days_a_week) == (2, 3)
    tianjin = threshold_of(preset_of("tianjin_draft").body, "project_manager")
    assert tianjin is not None
    assert (tianjin.min_days, tianjin.min_share) == (22, None)


def test_a_name_nobody_knows() -> None:
    with pytest.raises(PresetUnknown):
        preset_of("atlantis")


def test_our_own_rules_are_those_of_the_fold() -> None:
    valid = PLATFORM_RULES.valid_day
    assert (valid.kind, valid.min_punches, valid.apart_s) == (
        "punches_apart",
        DEFAULT_RULE.min_punches,
        DEFAULT_RULE.min_span_s,
    )


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({"thresholds": []}, "thresholds"),
        ({"thresholds": [{"posts": ["project_manager"]}]}, "thresholds[0]"),
        ({"thresholds": [{"posts": ["pope"], "min_share": 800}]}, "pope"),
        ({"thresholds": [{"posts": ["builder"], "min_share": 800}, {"posts": ["builder"], "min_days": 3}]}, "builder"),
        ({"thresholds": [{"posts": ["builder"], "min_share": 1001}]}, "min_share"),
        ({"thresholds": [{"posts": ["builder"], "min_share": 0.8}]}, "min_share"),
        (
            {
                "thresholds": [{"posts": ["builder"], "min_share": 1}],
                "deputy": {"holder": "builder", "deputy": "builder", "deputy_due": True},
            },
            "deputy",
        ),
        (
            {
                "thresholds": [{"posts": ["builder"], "min_share": 1}],
                "deputy": {"holder": "builder", "deputy": "quality_officer"},
            },
            "deputy",
        ),
        (
            {
                "thresholds": [{"posts": ["builder"], "min_share": 1}],
                "valid_day": {"kind": "pro_rata", "apart_s": 0},
            },
            "apart_s",
        ),
        ({"thresholds": [{"posts": ["builder"], "min_share": 1}], "moon": 1}, "moon"),
    ],
)
def test_rules_that_do_not_fit_are_refused(body: dict[str, object], place: str) -> None:
    with pytest.raises(RuleBodyInvalid) as refused:
        read_rules(body)
    assert place in str(refused.value.detail["reason"])
