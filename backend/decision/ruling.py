"""The result of a decision: an outcome and the reasons for it, as codes with numbers, never prose."""

from dataclasses import dataclass, field
from typing import Literal

Outcome = Literal["counted", "review", "refused", "pending"]
Argument = str | int | float | None

# Each reason a decision can give, in the order in which a person should read them; the catalogues have one entry each.
REASONS = (
    "decision.inside_fence",
    "decision.probably_inside",
    "decision.within_error",
    "decision.uncertain_position",
    "decision.outside_fence",
    "decision.datum_suspected",
    "decision.position_vague",
    "decision.no_fix",
    "decision.no_fence",
    "decision.gate_site",
    "decision.outage_path",
    "decision.assignment_not_in_force",
    "decision.project_not_building",
    "decision.mock_location",
    "decision.stale_fix",
    "decision.clock_off",
    "decision.shared_phone",
    "decision.accuracy_implausible",
    "decision.outside_work_face",
    "decision.presence_proven",
    "decision.presence_proven_offline",
    "decision.presence_in_doubt",
    "decision.presence_failed",
    "decision.presence_not_evaluated",
    "decision.presence_missing",
    "decision.presence_unknown",
    "decision.presence_wrong_project",
    "decision.presence_wrong_person",
    "decision.presence_wrong_phone",
    "decision.presence_used",
    "decision.presence_expired",
    "decision.attestation_missing",
    "decision.attestation_failed",
    "decision.photos_missing",
    "decision.photo_refused",
    "decision.photo_reused",
    "decision.photo_old",
    "decision.photo_edited",
    "decision.photos_outstanding",
    "decision.time_unproven",
    "decision.pack_expired",
    "decision.clock_turned_back",
    "decision.clock_turned_forward",
    "decision.counter_reused",
    "decision.chain_broken",
    "decision.phone_unconfirmed",
    "decision.phone_ended",
    "decision.sequence_gap",
    "decision.recorded_offline",
    "decision.gate_passed",
    "decision.gate_refused",
    "decision.gate_unclear",
    "decision.person_unknown",
    "decision.time_quarantined",
    "decision.time_redated",
)

# What is not left to a site's policy: by themselves these always send a punch to review …
DOUBTS = frozenset(
    {
        "decision.time_unproven",
        "decision.pack_expired",
        "decision.clock_turned_back",
        "decision.clock_turned_forward",
        "decision.counter_reused",
        "decision.chain_broken",
        "decision.phone_unconfirmed",
        "decision.phone_ended",
    }
)
# … what keeps it waiting …
AWAITED = frozenset({"decision.photos_outstanding"})
# … and these never do.
OFFLINE = "decision.recorded_offline"
REMARKS = frozenset({"decision.sequence_gap", OFFLINE})

COMPASS = ("N", "NE", "E", "SE", "S", "SW", "W", "NW")


@dataclass(frozen=True, slots=True)
class Reason:
    """A code out of REASONS and the numbers that belong to it."""

    code: str
    args: dict[str, Argument] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a code that no catalogue has."""
        if self.code not in REASONS:
            msg = f"unknown reason {self.code}"
            raise ValueError(msg)

    def wire(self) -> dict[str, Argument]:
        """Return the form that is stored and sent."""
        return {"code": self.code, **self.args}


@dataclass(frozen=True, slots=True)
class Ruling:
    """An outcome with its reasons; there is always at least one."""

    outcome: Outcome
    reasons: tuple[Reason, ...]


def compass(bearing_deg: float) -> str:
    """Return the eight-point compass name of a bearing in degrees clockwise from north."""
    return COMPASS[int((bearing_deg % 360 + 22.5) // 45) % 8]
