"""What a phone's maker says of its key, as signals for a site's policy to weigh (pure)."""

from typing import Literal

from backend.decision.policy import Signal, SitePolicy

KeyAttestation = Literal["passed", "failed", "missing", "unavailable"]
"""Proven; shown but proving nothing; not shown by a phone that could have; nobody could have shown or judged it."""


def attestation_signals(attestation: str | None, policy: SitePolicy) -> set[Signal]:
    """Return what is odd about a key of which this is known (None: the phone has no key).

    Where nothing could have been attested, as in a browser, there is nothing to remark, unless the site asks for it.
    """
    if attestation == "passed":
        return set()
    if attestation == "failed":
        return {"attestation_failed"}
    asked_for = "attestation_missing" in policy.review_signals
    return {"attestation_missing"} if attestation == "missing" or asked_for else set()
