"""What showing presence, or not showing it, means for a check-in: the same for every way, as the site's policy says."""

from typing import Final, Literal, get_args

from backend.decision.ruling import Outcome
from backend.evidence.ways.model import Finding

PresencePolicy = Literal["not_required", "review_without", "required"]

_COUNTS: Final = frozenset({"proven", "proven_offline"})
_OPEN: Final = frozenset({"in_doubt", "not_evaluated"})
"""Not shown, but not refuted either: people decide, whatever the policy demands."""
_DECEIT: Final = frozenset({"wrong_person", "wrong_phone", "used"})
"""No policy lets these pass unseen: no honest app names another's proof, or one for the second time."""
_FOR_WANT: Final = frozenset({"missing", "unknown", "expired"})
"""Without network nobody can show more than is at hand: of a queued punch these are never a refusal."""

FINDINGS_BY_CODE: Final[dict[str, Finding]] = {f"decision.presence_{finding}": finding for finding in get_args(Finding)}


def presence_code(finding: Finding) -> str:
    """Return the code of the reason that tells a finding; it does not depend on the way."""
    return f"decision.presence_{finding}"


def presence_outcome(finding: Finding, policy: PresencePolicy, *, offline: bool) -> Outcome | None:
    """Return what a finding means by itself, None for what the policy does not ask about.

    `offline`: the punch was made without network.
    """
    if finding == "missing" and policy == "not_required":
        return None
    if finding in _COUNTS:
        return "counted"
    if policy == "not_required":
        return "review" if finding in _DECEIT else "counted"
    if policy == "review_without" or finding in _OPEN or (offline and finding in _FOR_WANT):
        return "review"
    return "refused"
