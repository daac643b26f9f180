"""What people and staff see of requests, and what staff send."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta

from backend.attendance.requests.kinds import Against, RequestKind, State, Way
from backend.kit.wire import Name, Note, Wire


class ClaimOut(Wire, frozen=True, kw_only=True):
    """A punch that is asked for; `punch_id` once it is in the ledger."""

    direction: Way
    at: datetime
    punch_id: UUID | None


class StepOut(Wire, frozen=True, kw_only=True):
    """A step: what was done, in words, by whom (nobody where a term ended) and why; until when leave was shortened."""

    seq: int
    kind: str
    title: str
    at: datetime
    account_id: UUID | None
    by: str | None
    note: str | None
    appeal_id: UUID | None
    last_on: date | None


class RequestOut(Wire, frozen=True, kw_only=True):
    """A request as it stands; days are the site's, both inclusive.

    `waiting` says in words who has to do what, by when, and is empty when nothing is missing. `overdue_days` are
    working days. `ended_on` is the last day of leave that was shortened; its days are those that were asked for and
    approved. `photos` are SHA-256 of photos that are looked at as those of a punch, under the request's id.
    """

    request_id: UUID
    project_id: UUID
    project_name: str
    kind: RequestKind
    title: str
    person_id: UUID
    person_name: str
    company_name: str
    party_kind: str
    post_kind: str
    first_on: date
    last_on: date
    ended_on: date | None
    counted_days: int | None
    reason: str
    reason_title: str
    statement: str
    photos: list[str]
    claims: list[ClaimOut]
    against: Against | None
    punch_id: UUID | None
    decision_id: UUID | None
    deputy_id: UUID | None
    deputy_name: str | None
    state: State
    state_title: str
    level: int
    waiting: str
    due_on: date | None
    overdue_days: int
    filed_at: datetime
    changed_at: datetime
    seq: int


class RequestFile(Wire, frozen=True, kw_only=True):
    """A request with every step of it."""

    request: RequestOut
    steps: list[StepOut]


class EndorsementBody(Wire, frozen=True, kw_only=True):
    """Whether the project says that a make-up is right; a refusal has a note. `seq` is what was looked at."""

    endorse: bool
    seq: int
    note: Note | None = None


class DecisionBody(Wire, frozen=True, kw_only=True):
    """A decision and why; `seq` is what was looked at, so that nobody decides blindly."""

    approve: bool
    seq: int
    note: Note


class EndingBody(Wire, frozen=True, kw_only=True):
    """The last day of approved leave that is still taken, null: none of it, and why."""

    last_on: date | None
    note: Note | None = None


class OfficeEndingBody(Wire, frozen=True, kw_only=True):
    """The same by who decides; `seq` is what was looked at."""

    last_on: date | None
    seq: int
    note: Note


class DeputyBody(Wire, frozen=True, kw_only=True):
    """Whether I stand in; who declines says why."""

    confirm: bool
    note: Note | None = None


class DeputyOut(Wire, frozen=True, kw_only=True):
    """Somebody who could stand in, and on which post he is."""

    person_id: UUID
    name: str
    post_kind: str
    post_title: str


class WordsOut(Wire, frozen=True, kw_only=True):
    """A code with its words."""

    code: str
    title: str


class OfferOut(Wire, frozen=True, kw_only=True):
    """What can be asked for on a project today: reasons, how long after, and what is left of quotas.

    `make_up_since` and `appeal_since` are the earliest days whose own terms still run: after a term was shortened, a
    later day may have lapsed before an earlier one. `leave_quotas` are those of the caller's posts, each for this month
    or this year.
    """

    project_id: UUID
    today: date
    make_up_reasons: list[WordsOut]
    make_up_since: date
    make_ups_left: int
    photo_for: list[str]
    appeal_reasons: list[WordsOut]
    appeal_since: date
    leave_kinds: list[WordsOut]
    leave_rule: Mapping[str, Any]
    leave_taken: list["TakenOut"]
    leave_quotas: list["QuotaOut"]


class TakenOut(Wire, frozen=True, kw_only=True):
    """Leave of this year, asked for or approved."""

    kind: str
    first_on: date
    last_on: date


class QuotaOut(Wire, frozen=True, kw_only=True):
    """Days that a quota allows in a month (`of`: `2026-11`) or a year (`2026`), and how many are used or asked for."""

    kinds: list[str]
    span: Literal["month", "year"]
    of: str
    quota: int
    used: int


class RuleBody(Wire, frozen=True, kw_only=True):
    """A rule for the city, a district or a project, from a day on; what it leaves out is the platform's own."""

    settings: dict[str, Any]
    district_id: UUID | None = None
    project_id: UUID | None = None
    valid_from: date | None = None


class RuleOut(Wire, frozen=True, kw_only=True):
    """A rule that somebody set."""

    rule_id: UUID
    kind: str
    district_id: UUID | None
    project_id: UUID | None
    valid_from: date
    settings: Mapping[str, Any]
    set_by: str
    set_at: datetime


class RuleKindOut(Wire, frozen=True, kw_only=True):
    """A kind of rule: its title, the platform's own settings, and what was set instead, latest first."""

    kind: str
    title: str
    platform: Mapping[str, Any]
    set: list[RuleOut]


class BlackOutBody(Wire, frozen=True, kw_only=True):
    """Days on which nobody on some posts takes leave (no posts: nobody), both inclusive."""

    first_on: date
    last_on: date
    name: Name
    posts: Annotated[tuple[str, ...], Meta(max_length=30)] = ()
    district_id: UUID | None = None
    project_id: UUID | None = None


class BlackOutOut(Wire, frozen=True, kw_only=True):
    """Days without leave, and whether they were lifted."""

    black_out_id: UUID
    district_id: UUID | None
    project_id: UUID | None
    first_on: date
    last_on: date
    name: str
    posts: list[str]
    set_at: datetime
    lifted_at: datetime | None


class LeaveOut(Wire, frozen=True, kw_only=True):
    """Approved leave."""

    request_id: UUID
    person_id: UUID
    person_name: str
    leave_kind: str
    first_on: date
    last_on: date
    deputy_id: UUID | None
    deputy_name: str | None
