"""Decides a recorded check-in anew once it is known that the site's gates were down when it was made.

Place, assignment and signals stay as they were found then: a ruling by policy names every finding, and what a finding
means is read from the same table as at first.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, get_args

from backend.decision.checkin import PLACE_OUTCOMES, PhonePath, noted_outcome, signal_outcome, worst_of
from backend.decision.policy import Signal, SitePolicy
from backend.decision.presence import FINDINGS_BY_CODE, presence_outcome
from backend.decision.ruling import AWAITED, DOUBTS, OFFLINE, REMARKS, Outcome, Reason, Ruling

GATE_SITE: Final = "decision.gate_site"
_STANDING: Final = ("decision.assignment_not_in_force", "decision.project_not_building")
_SIGNALS: Final[dict[str, Signal]] = {f"decision.{signal}": signal for signal in sorted(get_args(Signal))}
_NOTED: Final = (*sorted(DOUBTS), *sorted(AWAITED), *sorted(REMARKS))
_ORDER: Final = {
    code: place
    for place, code in enumerate((*PLACE_OUTCOMES, GATE_SITE, *_STANDING, *_SIGNALS, *FINDINGS_BY_CODE, *_NOTED))
}


def reconsider_with_path(reasons: Sequence[Mapping[str, Any]], path: PhonePath, policy: SitePolicy) -> Ruling | None:
    """Return what would have been ruled with the path open, from the stored reasons of a ruling by the same policy.

    None when the ruling did not hold against the punch that it came by phone, or its reasons are not a check-in's.
    """
    codes = [str(reason["code"]) for reason in reasons]
    if GATE_SITE not in codes or any(code not in _ORDER for code in codes):
        return None
    found: list[tuple[Outcome, Reason]] = []
    for reason in sorted(reasons, key=lambda reason: _place_first(str(reason["code"]))):
        code = str(reason["code"])
        told = path.reason() if code == GATE_SITE else Reason(code, {k: v for k, v in reason.items() if k != "code"})
        found.append((_outcome(code, policy, offline=OFFLINE in codes), told))
    return worst_of(found)


def _place_first(code: str) -> int:
    return -1 if code in PLACE_OUTCOMES else _ORDER[code]


def _outcome(code: str, policy: SitePolicy, *, offline: bool) -> Outcome:
    if code == GATE_SITE:
        return "counted"
    if code in FINDINGS_BY_CODE:
        return presence_outcome(FINDINGS_BY_CODE[code], policy.presence, offline=offline) or "counted"
    if code in _NOTED:
        return noted_outcome(code)
    if code in _STANDING:
        return "review"
    return PLACE_OUTCOMES[code] if code in PLACE_OUTCOMES else signal_outcome(_SIGNALS[code], policy)
