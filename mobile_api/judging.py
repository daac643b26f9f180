"""Turns a tap and what was read about its person and project into a ledger entry (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from backend.decision.attestation import attestation_signals
from backend.decision.checkin import CheckInFacts, decide_check_in
from backend.decision.placement import Placement
from backend.decision.policy import DEFAULT_POLICY, DEFAULT_VERSION, Signal, SitePolicy
from backend.decision.ruling import AWAITED
from backend.evidence.ways.model import Claim, Finding, judge_proof
from backend.kit.canonical import canonical_bytes
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.ledger.data_keys import MonthKey
from backend.ledger.model import Entry, Receipt
from backend.sites.model import work_on
from geofences.choice import Fix
from geofences.coordinates import CoordinateSystem
from geofences.evaluation import Fence
from mobile_api.errors import ProjectAmbiguous, ProjectUnknown
from mobile_api.photo_waits import SortedPhotos, deadline_of
from mobile_api.placing import fix_signals, place, place_signals
from mobile_api.reading import Reading
from mobile_api.schemas import CheckInRequest


@dataclass(frozen=True, slots=True)
class Tap:
    """One request as it came in: who, what, the fixes in WGS-84, when by our clock, its dedupe bucket and digests."""

    actor: Actor
    request: CheckInRequest
    fixes: Sequence[tuple[Fix, CoordinateSystem]]
    at: datetime
    bucket: date
    digests: tuple[str, ...]

    @property
    def proof_id(self) -> UUID | None:
        """The proof of presence that it names."""
        return self.request.proof_id or None

    @property
    def photos(self) -> tuple[str, ...]:
        """The photos that it names, each once."""
        return tuple(dict.fromkeys(self.request.photos or ()))


def policy_of(reading: Reading) -> SitePolicy:
    """Return the site's policy, or the default where it has none."""
    return DEFAULT_POLICY if reading.policy_body is None else msgspec.convert(reading.policy_body, SitePolicy)


def choose_project(readings: list[Reading], wanted: UUID | None, at: datetime) -> Reading:
    """Return the project that the punch is for: the one named, else the only one with an assignment in force.

    Raises ProjectUnknown or ProjectAmbiguous (with the candidates).
    """
    if wanted is not None:
        if not readings:
            raise ProjectUnknown
        return readings[0]
    fitting = [one for one in readings if is_fitting(one, at)]
    if len(fitting) != 1:
        candidates = [{"project_id": str(one.project_id), "name": one.project_name} for one in fitting or readings]
        raise ProjectAmbiguous(candidates=candidates)
    return fitting[0]


def is_fitting(reading: Reading, at: datetime) -> bool:
    """Tell whether an assignment of the project is in force at an instant."""
    return reading.standing.in_force(work_on(at, reading.time_zone, reading.cutover))


def worth_of(
    proof_id: UUID | None, reading: Reading, earliest: datetime, latest: datetime, *, taken: bool = False
) -> Finding:
    """Return what the proof is worth that a punch of between two instants names.

    `taken`: another punch of the same transaction takes it.
    """
    if proof_id is None:
        return "missing"
    proof = None if reading.proof is None else replace(reading.proof, used=reading.proof.used or taken)
    return judge_proof(
        proof,
        Claim(
            project_id=reading.project_id,
            person_id=reading.person_id,
            phone_id=reading.phone_id,
            earliest=earliest,
            latest=latest,
        ),
    )


TAKES: Final[frozenset[Finding]] = frozenset({"proven", "proven_offline", "in_doubt", "failed", "not_evaluated"})
"""What uses a proof up. One that is not this punch's, or not valid for it, stays for the punch that it belongs to."""


def judge(
    tap: Tap,
    reading: Reading,
    day: date,
    policy: SitePolicy,
    fences: Sequence[Fence],
    seal: MonthKey,
    *,
    presence: Finding,
    photos: SortedPhotos,
) -> Entry:
    """Decide the tap and build its ledger entry.

    `presence` is what the proof is worth that it names, `photos` tells what is known of those that it names.
    """
    placement, chosen = place(fences, tap.fixes, policy, reading.within_on(day), reading.faces_on(day))
    signals = fix_signals(chosen, policy) | place_signals(placement) | _signals(tap, reading, policy, photos)
    ruling = decide_check_in(
        CheckInFacts(
            site_mode=reading.site_mode,
            project_building=reading.status == "building",
            assignment_in_force=reading.standing.in_force(day),
            phone_path_open=reading.phone_path is not None,
            phone_path=reading.phone_path,
            has_fence=bool(fences),
            placement=placement,
            no_fix_reason=tap.request.no_fix_reason,
            signals=frozenset(signals),
            noted=_noted(reading, photos),
            presence=presence,
        ),
        policy,
    )
    punch_id = new_id(tap.at)
    named = {"photos": tap.photos} if tap.photos else {}
    private = canonical_bytes({"person": reading.person_name, "fixes": tap.request.fixes, **named})
    sealed = seal.key.seal(private, punch_id.bytes)
    reasons = tuple(reason.wire() for reason in ruling.reasons)
    return Entry(
        project_id=reading.project_id,
        punch_id=punch_id,
        received_at=tap.at,
        source="phone",
        source_id=reading.phone_id or tap.actor.account_id,
        event_key=str(tap.request.event_id),
        bucket=tap.bucket,
        person_id=reading.person_id,
        section_id=reading.standing.section_on(day),
        # On line the server's time rules; what the phone's clock says stays a claim.
        occurred_at=tap.at,
        device_time=tap.request.claimed_at.isoformat(),
        time_quality="online",
        direction=tap.request.direction or "unknown",
        direction_source="none" if tap.request.direction is None else "person",
        trust="phone" if reading.phone_id else "session",
        method="online",
        policy_version=DEFAULT_VERSION if reading.policy_version is None else reading.policy_version,
        signals=tuple(sorted(signals)),
        payload_digest=tap.digests[0],
        earlier_digests=tap.digests[1:],
        private_digest=sealed.commitment.hex(),
        key_id=seal.key_id,
        sealed=sealed.ciphertext.hex(),
        ruling_id=new_id(tap.at),
        deadline_at=deadline_of(ruling, tap.at, policy),
        outcome=ruling.outcome,
        reasons=reasons,
        proof_id=tap.proof_id if presence in TAKES else None,
        receipt=Receipt(
            punch_id=punch_id,
            project_id=reading.project_id,
            received_at=tap.at,
            occurred_at=tap.at,
            outcome=ruling.outcome,
            reasons=reasons,
        ),
        **({} if placement is None else evaluation_of(placement)),
    )


def _noted(reading: Reading, photos: SortedPhotos) -> frozenset[str]:
    noted = {"decision.phone_unconfirmed"} if reading.binding == "unconfirmed" else set[str]()
    return frozenset(noted | AWAITED if photos.outstanding else noted)


def _signals(tap: Tap, reading: Reading, policy: SitePolicy, photos: SortedPhotos) -> set[Signal]:
    signals = attestation_signals(reading.attestation, policy)
    if reading.shared_phone:
        signals.add("shared_phone")
    if abs((tap.at - tap.request.claimed_at).total_seconds()) > policy.max_clock_error_s:
        signals.add("clock_off")
    if photos.refused:
        signals.add("photo_refused")
    return signals


def evaluation_of(placement: Placement) -> dict[str, Any]:
    """Return what a punch keeps of its placement, as fields of an entry."""
    return {
        "fence_version_id": placement.fence_version_id,
        "covered": placement.covered,
        "signed_distance_m": placement.signed_distance_m,
        "probability": placement.probability,
        "accuracy_m": placement.accuracy_m,
        "sigma_m": placement.sigma_m,
        "chainage_m": placement.chainage_m,
        "offset_m": placement.offset_m,
    }
