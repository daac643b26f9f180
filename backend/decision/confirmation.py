"""Decides a recorded check-in anew once somebody has confirmed the phone that it was made with."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from backend.decision.checkin import PLACE_OUTCOMES, signal_outcome, worst_of
from backend.decision.policy import SitePolicy
from backend.decision.presence import FINDINGS_BY_CODE, presence_outcome
from backend.decision.reconsideration import SIGNALS_BY_CODE
from backend.decision.ruling import OFFLINE, REMARKS, Outcome, Reason, Ruling

UNCONFIRMED: Final = "decision.phone_unconfirmed"


def reconsider_confirmed(reasons: Sequence[Mapping[str, Any]], policy: SitePolicy) -> Ruling | None:
    """Return what would have been ruled with the phone confirmed, from the stored reasons of a ruling by that policy.

    All else stays as it was found then. None when the ruling did not hold against the punch that its phone was new.
    """
    rest = [reason for reason in reasons if reason["code"] != UNCONFIRMED]
    if len(rest) == len(reasons) or not rest:
        return None
    offline = any(reason["code"] == OFFLINE for reason in rest)
    return worst_of(
        [
            (
                _outcome(str(reason["code"]), policy, offline=offline),
                Reason(str(reason["code"]), {name: value for name, value in reason.items() if name != "code"}),
            )
            for reason in rest
        ]
    )


def _outcome(code: str, policy: SitePolicy, *, offline: bool) -> Outcome:
    if code in FINDINGS_BY_CODE:
        return presence_outcome(FINDINGS_BY_CODE[code], policy.presence, offline=offline) or "counted"
    if code in PLACE_OUTCOMES:
        return PLACE_OUTCOMES[code]
    if code in SIGNALS_BY_CODE:
        return signal_outcome(SIGNALS_BY_CODE[code], policy)
    if code == "decision.gate_site":
        return policy.off_mode
    return "counted" if code in REMARKS or code == "decision.outage_path" else "review"
