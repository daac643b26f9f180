"""Refresh tokens: a lost answer may be retried, a second hand ends the session."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from backend.identity.refresh import MOST_CHILDREN, Presented, Verdict, draw_secret, hash_secret, judge

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
FRESH = Presented(
    used=False,
    expires_at=AT + timedelta(days=1),
    family_expires_at=AT + timedelta(days=7),
    family_revoked=False,
    sibling_used=False,
    children=0,
    child_used=False,
)
USED = replace(FRESH, used=True, children=1)


@pytest.mark.parametrize(
    ("token", "verdict"),
    [
        (FRESH, Verdict.ROTATE),
        (USED, Verdict.RETRY),
        (replace(USED, children=MOST_CHILDREN - 1), Verdict.RETRY),
        (replace(USED, children=MOST_CHILDREN), Verdict.EXHAUSTED),
        (replace(USED, child_used=True), Verdict.REUSED),
        (replace(USED, child_used=True, children=MOST_CHILDREN), Verdict.REUSED),
        (replace(FRESH, sibling_used=True), Verdict.REUSED),
        # The token that was used first of its siblings may still be retried: its sibling was not used.
        (replace(USED, sibling_used=False), Verdict.RETRY),
        (replace(FRESH, family_revoked=True), Verdict.ENDED),
        (replace(USED, child_used=True, family_revoked=True), Verdict.ENDED),
        (replace(FRESH, expires_at=AT), Verdict.ENDED),
        (replace(FRESH, family_expires_at=AT), Verdict.ENDED),
        (replace(FRESH, expires_at=AT + timedelta(microseconds=1)), Verdict.ROTATE),
        (replace(USED, expires_at=AT), Verdict.ENDED),
        # Reuse of a stale token still ends what was made of it.
        (replace(USED, child_used=True, expires_at=AT), Verdict.REUSED),
    ],
)
def test_verdicts(token: Presented, verdict: Verdict) -> None:
    assert judge(token, AT) is verdict


def test_a_secret_has_256_bits_and_only_its_digest_is_kept() -> None:
    one, two = draw_secret(), draw_secret()
    assert one != two
    assert one.startswith("dgr_")
    assert len(one) == 4 + 43
    assert len(hash_secret(one)) == 32
    assert hash_secret(one) != hash_secret(two)
    assert hash_secret("\ud800")  # text that is no UTF-8 is simply an unknown token
