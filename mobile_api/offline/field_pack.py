"""The field pack: everything that a phone needs for some days without network, with the server's time to count from."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal
from uuid import UUID

import msgspec

from backend.decision.policy import DEFAULT_POLICY, DEFAULT_VERSION, SitePolicy
from backend.evidence.liveness.issuing import Holder, issue_ahead
from backend.evidence.liveness.queries import ChallengeRow
from backend.identity.consents.service import has_consent
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from geofences.field_copies import find_copies
from geofences.field_copy import FORM
from mobile_api.liveness.schemas import nonce_text
from mobile_api.offline.anchors import Anchors, Pack, milliseconds
from mobile_api.offline.errors import KeyMissing
from mobile_api.offline.keys import find_current_key, find_session_phone
from mobile_api.offline.pack_queries import PeriodRow, PostedRow, list_fence_periods, list_posted
from mobile_api.offline.schemas import (
    AnchorOut,
    FieldPackAnswer,
    PackAssignment,
    PackChallenge,
    PackFence,
    PackPeriod,
    PackPolicy,
    PackProject,
)
from mobile_api.reports import person_of

LONGEST = timedelta(days=30)
"""No site's packs are good for longer: so far ahead is looked for what a pack may have to hold."""

Challenges = dict[UUID, list[ChallengeRow]]
Load = Callable[[], Awaitable[FieldPackAnswer]]


@dataclass(frozen=True, slots=True)
class FieldPack:
    """A pack's entity tag, its fresh anchor, and how to load its contents."""

    tag: str
    anchor: AnchorOut
    load: Load


async def prepare_pack(
    tx: Tx, actor: Actor, *, has: Collection[UUID], min_version: str, anchors: Anchors, clock: Clock
) -> FieldPack:
    """Return a pack for the session's phone; `has` names the fence versions that it keeps already.

    The tag says what the pack holds, whatever the phone named and whenever it asks. Challenges are made up to their
    number here; those that are there stay, and so does the tag. Raises SessionEnded or KeyMissing; loading raises
    AreaInvalid.
    """
    now, person_id = clock.now(), person_of(actor)
    phone_id = await find_session_phone(tx, actor)
    if await find_current_key(tx, phone_id) is None:
        raise KeyMissing
    posted = await list_posted(tx, person_id, now, now + LONGEST)
    life = timedelta(days=min((_policy(row).pack_days for row in posted), default=DEFAULT_POLICY.pack_days))
    until = now + life
    periods = await list_fence_periods(tx, sorted({row.project_id for row in posted}), now, until)
    ahead = await _challenges(tx, person_id, phone_id, posted, now)
    named = {project_id: [one.id for one in held] for project_id, held in sorted(ahead.items())}
    digest = sha256(msgspec.json.encode((FORM, posted, periods, min_version, named))).hexdigest()[:32]
    pack = Pack(new_id(now), milliseconds(now), milliseconds(until))
    anchor = anchors.make(phone_id, pack, now)

    async def load() -> FieldPackAnswer:
        wanted = {row.version_id: row for row in periods}
        new = [row for row in wanted.values() if row.version_id not in has]
        copies = await find_copies(tx, [(row.project_id, row.version_id) for row in new], clock=clock)
        return FieldPackAnswer(
            pack_id=pack.id,
            server_time=now,
            expires_at=until,
            anchor=anchor,
            min_version=min_version,
            projects=_projects(posted, ahead),
            fences=[
                PackFence(
                    project_id=row.project_id,
                    version_id=row.version_id,
                    name=row.name,
                    kind=row.kind,
                    copy=copies[row.project_id, row.version_id].copy,
                    opens_at=row.opens_at,
                    closes_at=row.closes_at,
                )
                for row in new
            ],
            periods=[_period(row) for row in periods],
            dropped=sorted(set(has) - wanted.keys()),
        )

    return FieldPack(f'"{digest}"', anchor, load)


async def _challenges(
    tx: Tx, person_id: UUID, phone_id: UUID, posted: Sequence[PostedRow], now: datetime
) -> Challenges:
    """Return the challenges for the sites that ask for presence; an empty mapping where consent is missing."""
    asking = sorted({row.project_id for row in posted if _policy(row).presence != "not_required"})
    if not asking or not await has_consent(tx, person_id, "face_check"):
        return {}
    found: Challenges = {project_id: [] for project_id in asking}
    for one in await issue_ahead(tx, [Holder(project_id, person_id, phone_id) for project_id in asking], now=now):
        found[one.project_id].append(one)
    return found


def _projects(posted: Sequence[PostedRow], ahead: Challenges) -> list[PackProject]:
    by_project: dict[UUID, list[PostedRow]] = {}
    for row in posted:
        by_project.setdefault(row.project_id, []).append(row)
    return [_project(rows, ahead.get(project_id)) for project_id, rows in by_project.items()]


def _project(rows: Sequence[PostedRow], ahead: Sequence[ChallengeRow] | None) -> PackProject:
    one = rows[0]
    policy = _policy(one)
    without: Literal["not_asked", "no_consent"] = "not_asked" if policy.presence == "not_required" else "no_consent"
    return PackProject(
        project_id=one.project_id,
        project_name=one.project_name,
        registration_no=one.registration_no,
        site_mode=one.site_mode,
        building=one.status == "building",
        phone_path="open" if one.site_mode != "gate" or one.gates_down else "closed",
        time_zone=one.time_zone,
        cutover=f"{one.cutover:%H:%M}",
        assignments=[
            PackAssignment(
                post=row.post, party=row.party, section_id=row.section_id, from_on=row.from_on, to_on=row.to_on
            )
            for row in rows
        ],
        policy=PackPolicy(
            version=DEFAULT_VERSION if one.policy_version is None else one.policy_version,
            counted_probability=policy.counted_probability,
            refused_probability=policy.refused_probability,
            accuracy_cap_m=policy.accuracy_cap_m,
            counted_tail=policy.counted_tail,
            far_m=policy.far_m,
            far_probability=policy.far_probability,
            sigma_floor_m=policy.sigma_floor_m,
            sigma_inflation=policy.sigma_inflation,
            max_fix_age_s=policy.max_fix_age_s,
            max_clock_error_s=policy.max_clock_error_s,
        ),
        liveness=without if ahead is None else "ready",
        challenges=[
            PackChallenge(
                challenge_id=held.id,
                nonce=nonce_text(held.nonce),
                steps=list(held.steps),
                issued_at=held.issued_at,
                expires_at=held.expires_at,
            )
            for held in ahead or ()
        ],
    )


def _period(row: PeriodRow) -> PackPeriod:
    return PackPeriod(version_id=row.version_id, valid_from=row.valid_from, valid_until=row.valid_until)


def _policy(row: PostedRow) -> SitePolicy:
    return DEFAULT_POLICY if row.policy_body is None else msgspec.convert(row.policy_body, SitePolicy)


def header_of(anchor: AnchorOut) -> str:
    """Return an anchor as the value of a header, for the answer that has no body."""
    return msgspec.json.encode(anchor).decode()


def is_current(tag: str, named: str) -> bool:
    """Tell whether `If-None-Match` names a tag."""
    return tag in [item.strip() for item in named.split(",")]
