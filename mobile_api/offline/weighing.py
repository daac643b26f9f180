"""Brings together all that one item is judged by: policy, fences of both knowledges, proof of presence, the day."""

from collections.abc import Sequence

from backend.decision.occurrence import Witness
from backend.kit.crypto import DataKeys
from backend.ledger.append import Connection
from backend.ledger.data_keys import obtain_data_key
from backend.ledger.model import DayKey, is_dated
from backend.sites.model import day_bounds, work_on, zone_of
from geofences.cache import FenceCache
from geofences.evaluation import Fence
from mobile_api.errors import ProjectUnknown
from mobile_api.judging import policy_of, worth_of
from mobile_api.offline.anchors import instant, milliseconds
from mobile_api.offline.errors import RefusedTooOften
from mobile_api.offline.examining import Fresh
from mobile_api.offline.judging import Case, judge_item
from mobile_api.offline.recording import JudgedItem, Place, Round
from mobile_api.photo_waits import sort_photos, waits_of
from mobile_api.proof_waits import wait_of
from mobile_api.reading import Reading

RETRY_REFUSED_S = 3600


def witness_of(reading: Reading, fresh: Fresh) -> Witness | None:
    """Return what an item's scan of the site's code says of its time; None unless the scan is good for this punch.

    A code is of its step: nobody can have seen it earlier, so that a clock which says what the code says is borne out.
    """
    proof = reading.proof
    if proof is None or proof.way != "site_qr" or proof.used or fresh.occurrence.quality != "claimed":
        return None
    begin, end = milliseconds(proof.made_at), milliseconds(proof.expires_at)
    good = worth_of(fresh.read.item.proof_id, reading, proof.made_at, proof.expires_at) == "proven_offline"
    return Witness(begin, end) if good else None


async def weigh(
    connection: Connection,
    work: Round,
    place: Place,
    found: tuple[Reading, Fresh] | None,
    *,
    fences: FenceCache,
    data_keys: DataKeys,
) -> JudgedItem:
    """Judge one item by what held at its instant.

    Raises ProjectUnknown, RefusedTooOften, or geofences' faults of a position.
    """
    if found is None:
        raise ProjectUnknown
    reading, fresh = found
    call = work.calls[place[0]]
    policy, at = policy_of(reading), instant(fresh.occurrence.at)
    versions = [reading.fence_version_ids]
    in_pack = reading.version_ids_in_pack
    if in_pack and in_pack != reading.fence_version_ids:
        versions.append(in_pack)
    local = at.astimezone(zone_of(reading.time_zone)).time()
    in_force: list[Sequence[Fence]] = []
    for ids in versions:
        held = await fences.get(connection, reading.project_id, ids)
        in_force.append([one.fence for one in held if one.is_open(local)])
    seal = await obtain_data_key(
        connection,
        data_keys,
        reading.project_id,
        call.at,
        key_id=reading.key_id,
        wrapped=reading.wrapped,
    )
    on = work_on(at, reading.time_zone, reading.cutover)
    item, occurrence = fresh.read.item, fresh.occurrence
    event = (reading.project_id, fresh.phone_id, str(item.event_id))
    bounds = instant(occurrence.earliest), instant(occurrence.latest)
    presence = worth_of(
        item.proof_id,
        reading,
        *bounds,
        taken=work.proofs.is_taken(item.proof_id, event),
    )
    photos = sort_photos(reading.person_id, item.photos, work.photos)
    entry = judge_item(
        Case(
            read=fresh.read,
            received_at=call.at,
            occurrence=fresh.occurrence,
            linked=fresh.linked,
            key_ended=fresh.key_ended,
            photos=photos,
            attestation=work.keys[fresh.read.item.key].attestation,
            reading=reading,
            day=on,
            policy=policy,
            fences=in_force,
            presence=presence,
        ),
        seal,
    )
    if entry.outcome == "refused" and reading.refused_lately >= policy.refused_per_hour:
        raise RefusedTooOften(retry_after_s=RETRY_REFUSED_S)
    work.proofs.take(entry)
    day = None
    if is_dated(at):
        from_at, to_at = day_bounds(on, reading.time_zone, reading.cutover)
        day = DayKey(reading.project_id, reading.person_id, on, from_at, to_at, if_any=(entry.punch_id,))
    proof_wait = wait_of(entry, item.proof_id, presence, fresh.phone_id, bounds)
    return JudgedItem(fresh, entry, day, waits_of(entry, photos.outstanding), proof_wait)
