"""Takes what a person asks for: checks it against the rules in force and writes it down, once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import insert, select

from backend.attendance.requests import errors, filing_queries, queries
from backend.attendance.requests.clocks import last_day
from backend.attendance.requests.commands import Claim, Filing
from backend.attendance.requests.course import first_state
from backend.attendance.requests.filing_queries import SiteRow
from backend.attendance.requests.kinds import Against, RequestKind, RuleKind
from backend.attendance.requests.recording import Told, tell
from backend.attendance.requests.rules import AnyRule, key_first, rule_in_force
from backend.attendance.requests.tables import RequestClaim, RequestFiling, RequestState, RequestStep
from backend.evidence.photos.uses import Named, note_uses
from backend.evidence.tables import Photo
from backend.kit.canonical import digest
from backend.kit.db import AnyRow, Tx, translate_violations
from backend.kit.guards import Actor
from backend.sites.calendar_days import read_calendar
from backend.sites.errors import ProjectUnknown
from backend.sites.model import work_on
from backend.sites.working_days import WorkCalendar

_VIOLATIONS = {
    "uq_request_claim_standing": errors.ClaimTaken,
    "uq_request_state_subject": errors.AppealedAlready,
    "ex_request_state_leave": errors.LeaveOverlaps,
    "uq_request_filing_id": errors.RequestIdTaken,
    "pk_request_filing": errors.RequestIdTaken,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What filing works with: whose project and calendar it is, whose request, and what time it is there."""

    person_id: UUID
    account_id: UUID
    site: SiteRow
    calendar: WorkCalendar
    now: datetime

    @property
    def today(self) -> date:
        """Return the site's day."""
        return self.day_of(self.now)

    def day_of(self, at: datetime) -> date:
        """Return the site's day of an instant."""
        return work_on(at, self.site.time_zone, self.site.cutover)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A request that was checked; `posts` are those held on its first day, with their parties."""

    kind: RequestKind
    reason: str
    first_on: date
    last_on: date
    posts: Sequence[tuple[str, UUID]]
    rule_id: UUID | None
    due_on: date
    level: int = 0
    claims: Sequence[Claim] = ()
    against: Against | None = None
    punch_id: UUID | None = None
    decision_id: UUID | None = None
    deputy_id: UUID | None = None
    counted_days: int | None = None
    subject: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict[str, Any])


async def open_desk(tx: Tx, actor: Actor, person_id: UUID, project_id: UUID, now: datetime) -> Desk:
    """Return what filing works with; raises ProjectUnknown where the person never had a post."""
    site = await filing_queries.find_own_site(tx, person_id, project_id)
    if site is None:
        raise ProjectUnknown
    return Desk(person_id=person_id, account_id=actor.account_id, site=site, calendar=await read_calendar(tx), now=now)


async def find_repeated(tx: Tx, person_id: UUID, body: Filing) -> AnyRow | None:
    """Return the request that was filed by the same words before; raises RequestIdTaken if it was another one.

    From here on the person's filings go one after the other: two at once would both find a quota free.
    """
    await filing_queries.lock_person(tx, person_id)
    known = await queries.find_by_id(tx, body.request_id)
    if known is None:
        return None
    if known.person_id != person_id or bytes(known.digest) != digest_of(body):
        raise errors.RequestIdTaken
    return known


def digest_of(body: Filing) -> bytes:
    """Return the digest by which a repetition is known."""
    return digest([type(body).__name__, msgspec.to_builtins(body)])


async def rule_of(tx: Tx, desk: Desk, kind: RuleKind, on: date) -> tuple[AnyRule, UUID | None]:
    """Return the rule in force on a day of the desk's project, and its row."""
    return rule_in_force(await filing_queries.list_rules(tx, desk.site), kind, on)


async def posts_on(tx: Tx, desk: Desk, on: date) -> list[tuple[str, UUID]]:
    """Return the person's posts on a day, key posts first; raises NoPostThen without any."""
    held = await filing_queries.posts_held(tx, desk.site.id, desk.person_id, on)
    if not held:
        raise errors.NoPostThen(on=on.isoformat())
    order = key_first(kind for kind, _ in held)
    return sorted(held, key=lambda one: order.index(one[0]))


async def require_photos(tx: Tx, desk: Desk, photos: Sequence[str], *, wanted: bool) -> None:
    """See to it that the photos have arrived, and that there is one where one is wanted."""
    if wanted and not photos:
        raise errors.PhotoMissing
    digests = {bytes.fromhex(one) for one in photos}
    if not digests:
        return
    query = select(Photo.sha256).where(Photo.person_id == desk.person_id, Photo.sha256.in_(digests))
    here = {bytes(row[0]) for row in await tx.execute(query)}
    if missing := sorted(one.hex() for one in digests - here):
        raise errors.PhotoUnknown(sha256=missing[0])


def require_term(desk: Desk, began_on: date, term: int) -> None:
    """Raise TermOver when the last working day to file is over."""
    until = last_day(desk.calendar, began_on, term)
    if desk.today > until:
        raise errors.TermOver(until=until.isoformat())


async def write_filing(tx: Tx, desk: Desk, body: Filing, draft: Draft) -> None:
    """Write a checked request with its first step and state, and tell those who follow.

    Raises ClaimTaken, AppealedAlready, LeaveOverlaps or RequestIdTaken.
    """
    project_id, request_id = desk.site.id, body.request_id
    (post_kind, party_id), photos = draft.posts[0], [bytes.fromhex(one) for one in dict.fromkeys(body.photos)]
    state = first_state(draft.kind, deputy=draft.deputy_id is not None)
    with translate_violations(_VIOLATIONS):
        await tx.execute(
            insert(RequestFiling).values(
                project_id=project_id,
                id=request_id,
                kind=draft.kind,
                person_id=desk.person_id,
                party_id=party_id,
                post_kind=post_kind,
                first_on=draft.first_on,
                last_on=draft.last_on,
                reason=draft.reason,
                statement=body.statement,
                photos=photos,
                against=draft.against,
                punch_id=draft.punch_id,
                decision_id=draft.decision_id,
                deputy_id=draft.deputy_id,
                counted_days=draft.counted_days,
                rule_id=draft.rule_id,
                filed_at=desk.now,
                filed_by=desk.account_id,
                digest=digest_of(body),
            )
        )
        for claim in draft.claims:
            await tx.execute(
                insert(RequestClaim).values(
                    project_id=project_id,
                    request_id=request_id,
                    direction=claim.direction,
                    kind=draft.kind,
                    person_id=desk.person_id,
                    work_on=desk.day_of(claim.at),
                    at=claim.at,
                    stands=True,
                )
            )
        step = {"project_id": project_id, "request_id": request_id, "seq": 1, "kind": "filed", "at": desk.now}
        await tx.execute(insert(RequestStep).values(**step, account_id=desk.account_id))
        await tx.execute(
            insert(RequestState).values(
                project_id=project_id,
                request_id=request_id,
                kind=draft.kind,
                person_id=desk.person_id,
                first_on=draft.first_on,
                last_on=draft.last_on,
                subject=draft.subject,
                state=state,
                seq=1,
                level=draft.level,
                due_on=draft.due_on,
                changed_at=desk.now,
            )
        )
    await _note_photos(tx, desk, request_id, photos, draft.first_on)
    told = Told(
        project_id=project_id,
        request_id=request_id,
        kind=draft.kind,
        person_id=desk.person_id,
        deputy_id=draft.deputy_id,
        step="filed",
        state=state,
        level=draft.level,
        seq=1,
    )
    await tell(tx, told, desk.now)


async def _note_photos(tx: Tx, desk: Desk, request_id: UUID, photos: Sequence[bytes], on: date) -> None:
    """Name the photos as used by the request: kept as long as those of punches, compared with all others, looked at."""
    named = [
        Named(
            project_id=desk.site.id,
            punch_id=request_id,
            sha256=one,
            person_id=desk.person_id,
            device_id=None,
            occurred_at=desk.now,
            work_on=on,
            chainage=None,
        )
        for one in photos
    ]
    await note_uses(tx, named, desk.now)
