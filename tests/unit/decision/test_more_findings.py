"""Findings that come later: weighed with those of the ruling as the site's policy says, each told once."""

from typing import Any

import pytest

from backend.decision.afterwards import weigh_also
from backend.decision.policy import DEFAULT_POLICY, SitePolicy

INSIDE: list[dict[str, Any]] = [{"code": "decision.inside_fence", "distance_m": 3}]
LENIENT = SitePolicy(review_signals=frozenset())


@pytest.mark.parametrize(
    ("kind", "policy", "outcome"),
    [
        ("photo_reused", DEFAULT_POLICY, "review"),
        ("photo_refused", DEFAULT_POLICY, "review"),
        ("photo_old", DEFAULT_POLICY, "counted"),
        ("photo_edited", DEFAULT_POLICY, "counted"),
        ("photo_reused", LENIENT, "counted"),
        ("photo_old", SitePolicy(review_signals=frozenset({"photo_old"})), "review"),
    ],
)
def test_policy_weighs_what_speaks_against_a_photo(kind: str, policy: SitePolicy, outcome: str) -> None:
    ruling = weigh_also(INSIDE, policy, [{"code": f"decision.{kind}"}])
    assert ruling is not None
    assert ruling.outcome == outcome
    assert {reason.code for reason in ruling.reasons} == {"decision.inside_fence", f"decision.{kind}"}
    assert next(one for one in ruling.reasons if one.code == "decision.inside_fence").args == {"distance_m": 3}


def test_what_is_told_already_changes_nothing() -> None:
    known = [*INSIDE, {"code": "decision.photo_reused"}]
    assert weigh_also(known, DEFAULT_POLICY, [{"code": "decision.photo_reused"}]) is None
    assert weigh_also(known, DEFAULT_POLICY, []) is None


def test_what_is_refused_stays_refused() -> None:
    ruling = weigh_also([{"code": "decision.outside_fence"}], DEFAULT_POLICY, [{"code": "decision.photo_reused"}])
    assert ruling is not None
    assert ruling.outcome == "refused"
