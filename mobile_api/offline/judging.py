"""Turns an item of a queue and what held at its instant into a ledger entry (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from backend.decision.attestation import attestation_signals
from backend.decision.checkin import SEVERITY, CheckInFacts, decide_check_in
from backend.decision.occurrence import Occurrence
from backend.decision.placement import Placement
from backend.decision.policy import DEFAULT_VERSION, SitePolicy
from backend.decision.ruling import AWAITED, OFFLINE, Ruling
from backend.evidence.ways.model import Finding
from backend.kit.canonical import canonical_bytes
from backend.kit.ids import id_instant, new_id
from backend.ledger.data_keys import MonthKey
from backend.ledger.model import Entry, Receipt, dedupe_bucket
from geofences.evaluation import Fence
from mobile_api.judging import TAKES, evaluation_of
from mobile_api.offline.anchors import instant
from mobile_api.offline.chains import Linked
from mobile_api.offline.items import ReadItem
from mobile_api.photo_waits import SortedPhotos, deadline_of
from mobile_api.placing import fix_signals, place, place_signals, read_fixes
from mobile_api.reading import Reading
from mobile_api.schemas import FixIn


@dataclass(frozen=True, slots=True)
class Case:
    """An item with all that its judgement may look at; `fences` are those in force, by each knowledge to judge by."""

    read: ReadItem
    received_at: datetime
    occurrence: Occurrence
    linked: Linked
    key_ended: bool
    attestation: str
    photos: SortedPhotos
    reading: Reading
    day: date
    policy: SitePolicy
    fences: Sequence[Sequence[Fence]]
    presence: Finding


def judge_item(case: Case, seal: MonthKey) -> Entry:
    """Decide an item and build its ledger entry.

    Where the phone's pack knew other fences than are known now, both are asked, and what favours the person holds.
    Raises geofences' faults of a position.
    """
    item, reading, at = case.read.item, case.reading, instant(case.occurrence.at)
    plain = [fix.plain() for fix in item.fixes]
    fixes = read_fixes(plain)
    judged: list[tuple[Ruling, Placement | None, list[str]]] = []
    for fences in case.fences:
        placement, chosen = place(fences, fixes, case.policy, reading.within_on(case.day), reading.faces_on(case.day))
        signals = fix_signals(chosen, case.policy) | place_signals(placement)
        signals |= attestation_signals(case.attestation, case.policy)
        if reading.shared_phone:
            signals.add("shared_phone")
        if case.photos.refused:
            signals.add("photo_refused")
        facts = CheckInFacts(
            site_mode=reading.site_mode,
            project_building=reading.status == "building",
            assignment_in_force=reading.standing.in_force(case.day),
            phone_path_open=reading.phone_path is not None,
            phone_path=reading.phone_path,
            has_fence=bool(fences),
            placement=placement,
            no_fix_reason=item.no_fix_reason,
            signals=frozenset(signals),
            noted=_noted(case),
            presence=case.presence,
        )
        judged.append((decide_check_in(facts, case.policy), placement, sorted(signals)))
    ruling, placement, signals = min(judged, key=lambda one: SEVERITY[one[0].outcome])
    punch_id = new_id(case.received_at)
    sealed = seal.key.seal(_private(case, plain), punch_id.bytes)
    reasons = tuple(_with_numbers(reason.wire(), case.occurrence) for reason in ruling.reasons)
    return Entry(
        project_id=reading.project_id,
        punch_id=punch_id,
        received_at=case.received_at,
        source="phone",
        source_id=_known(reading.phone_id),
        event_key=str(item.event_id),
        bucket=dedupe_bucket(id_instant(item.event_id)),
        person_id=reading.person_id,
        section_id=reading.standing.section_on(case.day),
        occurred_at=at,
        device_time=instant(item.at).isoformat(),
        time_quality=case.occurrence.quality,
        direction=item.direction or "unknown",
        direction_source="none" if item.direction is None else "person",
        trust="attested_key" if case.attestation == "passed" else "phone_key",
        method="offline",
        policy_version=DEFAULT_VERSION if reading.policy_version is None else reading.policy_version,
        signals=tuple(signals),
        payload_digest=case.read.payload_digest,
        private_digest=sealed.commitment.hex(),
        key_id=seal.key_id,
        sealed=sealed.ciphertext.hex(),
        ruling_id=new_id(case.received_at),
        deadline_at=deadline_of(ruling, case.received_at, case.policy),
        outcome=ruling.outcome,
        reasons=reasons,
        proof_id=item.proof_id if case.presence in TAKES else None,
        receipt=Receipt(
            punch_id=punch_id,
            project_id=reading.project_id,
            received_at=case.received_at,
            occurred_at=at,
            outcome=ruling.outcome,
            reasons=reasons,
        ),
        **({} if placement is None else evaluation_of(placement)),
    )


def _noted(case: Case) -> frozenset[str]:
    found = {f"decision.{doubt}" for doubt in (*case.occurrence.doubts, *case.linked.doubts)}
    found.add(OFFLINE)
    if case.photos.outstanding:
        found |= AWAITED
    if case.linked.gap:
        found.add("decision.sequence_gap")
    if case.reading.binding == "unconfirmed":
        found.add("decision.phone_unconfirmed")
    elif case.reading.binding == "ended" or case.key_ended:
        found.add("decision.phone_ended")
    return frozenset(found)


def _private(case: Case, plain: Sequence[FixIn]) -> bytes:
    """Spell the private row: name and fixes as of a check-in, and what the phone signed, as evidence."""
    read = case.read
    said = {"person": case.reading.person_name, "fixes": plain, "item": read.text, "signature": read.signature}
    return canonical_bytes(said)


def _with_numbers(reason: dict[str, Any], occurrence: Occurrence) -> dict[str, Any]:
    return offline_reason(occurrence) if reason["code"] == OFFLINE else reason


def offline_reason(occurrence: Occurrence) -> dict[str, Any]:
    """Return what says that there was no network, and how exactly the instant is known."""
    return {"code": OFFLINE, "error_s": round(occurrence.error / 1000), "time_quality": occurrence.quality}


def _known(phone_id: Any) -> Any:  # noqa: ANN401 - an id
    if phone_id is None:
        msg = "an item's reading is that of a phone"
        raise RuntimeError(msg)
    return phone_id
