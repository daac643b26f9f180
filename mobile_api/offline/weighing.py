"""Brings together all that one item is judged by: policy, fences of both knowledges, proof of presence, the day."""

from collections.abc import Sequence

from backend.kit.crypto import DataKeys
from backend.ledger.append import Connection
from backend.ledger.data_keys import obtain_data_key
from backend.ledger.model import DayKey, is_dated
from backend.sites.model import day_bounds, work_on, zone_of
from geofences.cache import FenceCache
from geofences.evaluation import Fence
from mobile_api.errors import ProjectUnknown
from mobile_api.judging import policy_of, worth_of
from mobile_api.offline.anchors import instant
from mobile_api.offline.errors import RefusedTooOften
from mobile_api.offline.examining import Fresh
from mobile_api.offline.judging import Case, judge_item
from mobile_api.offline.recording import JudgedItem, Place, Round
from mobile_api.photo_waits import waits_of
from mobile_api.reading import Reading

RETRY_REFUSED_S = 3600


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
    presence = worth_of(
        item.proof_id,
        reading,
        instant(occurrence.earliest),
        instant(occurrence.latest),
        taken=work.proofs.is_taken(item.proof_id, event),
    )
    outstanding = [one for one in dict.fromkeys(item.photos) if (reading.person_id, one) not in work.photos_here]
    entry = judge_item(
        Case(
            read=fresh.read,
            received_at=call.at,
            occurrence=fresh.occurrence,
            linked=fresh.linked,
            key_ended=fresh.key_ended,
            outstanding=outstanding,
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
        bounds = day_bounds(on, reading.time_zone, reading.cutover)
        day = DayKey(reading.project_id, reading.person_id, on, *bounds, if_any=(entry.punch_id,))
    return JudgedItem(fresh, entry, day, waits_of(entry, outstanding))
