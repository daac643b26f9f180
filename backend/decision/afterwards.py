"""Decides a check-in anew when a finding about it has fallen away: its phone was confirmed, its photos came in."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from backend.decision.checkin import PLACE_OUTCOMES, noted_outcome, signal_outcome, worst_of
from backend.decision.policy import SitePolicy
from backend.decision.presence import FINDINGS_BY_CODE, presence_outcome
from backend.decision.reconsideration import SIGNALS_BY_CODE
from backend.decision.ruling import AWAITED, OFFLINE, REMARKS, Outcome, Reason, Ruling

UNCONFIRMED: Final = frozenset({"decision.phone_unconfirmed"})
OF_PHOTOS: Final = frozenset({"decision.photos_outstanding", "decision.photos_missing"})
OF_A_GAP: Final = frozenset(
    {
        "decision.sequence_gap",
        "decision.recorded_offline",
        "decision.time_unproven",
        "decision.pack_expired",
        "decision.clock_turned_back",
        "decision.clock_turned_forward",
    }
)
"""What a missing predecessor decides: whether the chain is whole, and with it when the punch happened."""


def reconsider(
    reasons: Sequence[Mapping[str, Any]],
    policy: SitePolicy,
    *,
    without: frozenset[str],
    instead: Sequence[Mapping[str, Any]] = (),
) -> Ruling | None:
    """Return what would have been ruled with other findings of some kinds, from the reasons of a ruling by that policy.

    All else stays as it was found then. None when the ruling names nothing of `without`.
    """
    rest = [reason for reason in reasons if reason["code"] not in without]
    if len(rest) == len(reasons):
        return None
    return _weigh([*rest, *_new(rest, instead)], policy)


def weigh_also(
    reasons: Sequence[Mapping[str, Any]], policy: SitePolicy, found: Sequence[Mapping[str, Any]]
) -> Ruling | None:
    """Return what would have been ruled with more findings, from the reasons of a ruling by that policy.

    None when the ruling names all of them already.
    """
    new = _new(reasons, found)
    return _weigh([*reasons, *new], policy) if new else None


def _new(reasons: Sequence[Mapping[str, Any]], found: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    known = {reason["code"] for reason in reasons}
    return [one for one in found if one["code"] not in known]


def _weigh(rest: Sequence[Mapping[str, Any]], policy: SitePolicy) -> Ruling | None:
    if not rest:
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
    if code in REMARKS or code in AWAITED:
        return noted_outcome(code)
    return "counted" if code == "decision.outage_path" else "review"
