"""Decides a recorded check-in anew when only its place is looked at otherwise: all else stays as it was found then.

A ruling by policy names every finding, so that the facts beside the place can be read back from its reasons.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, get_args
from uuid import UUID

from backend.decision.checkin import CheckInFacts, SiteMode, decide_check_in
from backend.decision.placement import Placement
from backend.decision.policy import Signal, SitePolicy
from backend.decision.presence import FINDINGS_BY_CODE
from backend.decision.ruling import AWAITED, DOUBTS, REMARKS, Outcome, Ruling
from backend.evidence.ways.model import Finding

PLACE: Final = frozenset(
    f"decision.{reason}"
    for reason in (
        "inside_fence",
        "probably_inside",
        "within_error",
        "uncertain_position",
        "outside_fence",
        "datum_suspected",
        "position_vague",
        "no_fix",
        "no_fence",
    )
)
OF_FIX: Final[frozenset[Signal]] = frozenset({"mock_location", "stale_fix", "accuracy_implausible"})
"""Signals of the fix that a punch is judged by; another place may be judged by another fix. Whether somebody was at
none of the day's work faces stays as it was found for whoever looks at the same place; who looks at another one
takes it out and looks again."""
SIGNALS_BY_CODE: Final[dict[str, Signal]] = {f"decision.{signal}": signal for signal in get_args(Signal)}
_STANDING: Final = frozenset(
    f"decision.{reason}" for reason in ("gate_site", "outage_path", "assignment_not_in_force", "project_not_building")
)
_NOTED: Final = DOUBTS | AWAITED | REMARKS
_CERTAIN = Placement(
    fence_version_id=UUID(int=0), covered=True, probability=1.0, signed_distance_m=1.0, accuracy_m=0.0, sigma_m=1.0
)


@dataclass(frozen=True, slots=True)
class Recalled:
    """What a ruling had found beside the place; `signals` are those that do not belong to a fix."""

    site_mode: SiteMode
    phone_path_open: bool
    assignment_in_force: bool
    project_building: bool
    signals: frozenset[Signal]
    noted: frozenset[str] = frozenset()
    presence: Finding | None = None

    def decide(
        self,
        placement: Placement | None,
        policy: SitePolicy,
        *,
        has_fence: bool,
        fix_signals: Iterable[Signal],
        no_fix_reason: str | None = None,
    ) -> Ruling:
        """Rule as `decide_check_in` would have ruled with this placement."""
        return decide_check_in(
            CheckInFacts(
                site_mode=self.site_mode,
                project_building=self.project_building,
                assignment_in_force=self.assignment_in_force,
                phone_path_open=self.phone_path_open,
                has_fence=has_fence,
                placement=placement,
                no_fix_reason=no_fix_reason,
                signals=self.signals | frozenset(fix_signals),
                noted=self.noted,
                presence=self.presence,
            ),
            policy,
        )

    def outcome_beside_place(self, policy: SitePolicy, fix_signals: Iterable[Signal]) -> Outcome:
        """Return the outcome if the place were beyond doubt; the place can only make it worse."""
        return self.decide(_CERTAIN, policy, has_fence=True, fix_signals=fix_signals).outcome


def recall(codes: Iterable[str]) -> Recalled | None:
    """Read back from the reasons of a ruling by policy what was found; None if they are not those of a check-in."""
    found = frozenset(codes)
    if not found & PLACE or found - PLACE - _STANDING - _NOTED - SIGNALS_BY_CODE.keys() - FINDINGS_BY_CODE.keys():
        return None
    told: frozenset[Signal] = frozenset(SIGNALS_BY_CODE[code] for code in found & SIGNALS_BY_CODE.keys())
    outage = "decision.outage_path" in found
    return Recalled(
        site_mode="gate" if outage or "decision.gate_site" in found else "phone",
        phone_path_open=outage,
        assignment_in_force="decision.assignment_not_in_force" not in found,
        project_building="decision.project_not_building" not in found,
        signals=told - OF_FIX,
        noted=found & _NOTED,
        # Where a proof was named it is told; none, where the policy did not ask for one, is no reason.
        presence=next((FINDINGS_BY_CODE[code] for code in found & FINDINGS_BY_CODE.keys()), None),
    )
