"""What a key's attestation means is for the site's policy to weigh, and never locks anybody out."""

import pytest

from backend.decision.attestation import attestation_signals
from backend.decision.policy import DEFAULT_POLICY, SitePolicy

STRICT = SitePolicy(review_signals=frozenset({"attestation_missing", "attestation_failed"}))


@pytest.mark.parametrize(
    ("known", "told", "asked_for"),
    [
        ("passed", set(), set()),
        ("failed", {"attestation_failed"}, {"attestation_failed"}),
        ("missing", {"attestation_missing"}, {"attestation_missing"}),
        ("unavailable", set(), {"attestation_missing"}),
        (None, set(), {"attestation_missing"}),
    ],
)
def test_what_is_told_and_what_is_asked_for(known: str | None, told: set[str], asked_for: set[str]) -> None:
    assert attestation_signals(known, DEFAULT_POLICY) == told
    assert attestation_signals(known, STRICT) == asked_for
