"""What callers send and see of rates, explanations and computations; shares and credits are in thousandths."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from backend.attendance.rates.evaluation import Verdict
from backend.attendance.requests.kinds import State
from backend.kit.wire import Note, Wire
from backend.ledger.schemas import ReasonWords


class RulesRef(Wire, frozen=True, kw_only=True):
    """Which version judged; without `rule_set_id` the platform's own."""

    rule_set_id: UUID | None
    version: int
    name: str


class RateOut(Wire, frozen=True, kw_only=True):
    """One person's rate on one post, in thousandths; null where nothing is due.

    `rate` includes make-ups and days that a deputy counted for, `own_rate` leaves make-ups out, `likely_rate` is as if
    what is in review were counted. `valid`, `own`, `likely`, `covered` are days in thousandths.
    """

    project_id: UUID
    person_id: UUID
    person_name: str
    post_id: UUID
    post_kind: str
    company_name: str
    rules: RulesRef
    due: int
    due_all: int
    valid: int
    own: int
    likely: int
    covered: int
    rate: int | None
    own_rate: int | None
    likely_rate: int | None
    verdict: Verdict
    leave_days: int
    stop_days: int
    present_days: int
    review_days: int
    make_up_days: int


class RateTotal(Wire, frozen=True, kw_only=True):
    """The sums of many people: how many are judged, met and failed, and their rate; nobody makes up for another."""

    name: str
    people: int
    met: int
    met_if_counted: int
    failed: int
    due: int
    valid: int
    rate: int | None
    own_rate: int | None
    likely_rate: int | None


class ProjectRates(Wire, frozen=True, kw_only=True):
    """The rates of a project's people in a span of days, and their sums by kind of post."""

    project_id: UUID
    first: date
    last: date
    until: date
    posts: list[RateTotal]
    items: list[RateOut]


class KeyedTotal(RateTotal, frozen=True, kw_only=True):
    """Sums with what they are of."""

    key: str


class CityRates(Wire, frozen=True, kw_only=True):
    """Sums by district, by project or by kind of post, each by its id or code in `key`."""

    first: date
    last: date
    until: date
    by: Literal["district", "project", "post"]
    items: list[KeyedTotal]
    next: str | None = None


class EntryOut(Wire, frozen=True, kw_only=True):
    """A punch of the day: when, from where, and how it was ruled."""

    punch_id: UUID
    occurred_at: datetime
    direction: str
    source: str
    outcome: str
    ruling_id: UUID


class UnsettledOut(Wire, frozen=True, kw_only=True):
    """A punch that does not count: why, by a person (`note`) or by rule (`reasons`), and where to go on.

    In review it is decided by `decide_until` or counts; until `appeal_until` it can be appealed, unless `appeal_id` has
    been: both are last days of the site. `words` say all of it.
    """

    punch_id: UUID
    outcome: Literal["refused", "review", "pending"]
    reasons: list[ReasonWords]
    note: str | None
    by_person: bool
    ruled_at: datetime
    decide_until: date | None
    appeal_until: date | None
    appeal_id: UUID | None
    appeal_state: State | None
    words: str


class DayOut(Wire, frozen=True, kw_only=True):
    """A day of duty: whether it was due and why not, what it counted and why, its entries.

    `passed` false: it is not over. `weekly`: owed by the week. Credits in thousandths of a day. `unsettled` says of
    each entry that does not count why, and where to go on; `credit_words` name the last ones where the day is no whole
    one.
    """

    on: date
    passed: bool
    due: bool
    due_words: str
    weekly: bool
    credit: int
    own: int
    likely: int
    covered: int
    credit_words: str
    stopped: bool
    on_leave: bool
    span_s: int
    entries: list[EntryOut]
    unsettled: list[UnsettledOut]


class OutlookOut(Wire, frozen=True, kw_only=True):
    """What the month still needs: `wanted` in thousandths of days, whole days still needed, due days left."""

    wanted: int
    still_needed: int
    due_left: int
    forecast: int | None
    reachable: bool
    words: str


class ExplainedRate(Wire, frozen=True, kw_only=True):
    """A rate with all that made it."""

    project_id: UUID
    project_name: str
    person_id: UUID
    post_id: UUID
    post_kind: str
    first: date
    last: date
    until: date
    rules: RulesRef
    rules_words: list[str]
    words: str
    due: int
    valid: int
    own: int
    likely: int
    covered: int
    rate: int | None
    own_rate: int | None
    likely_rate: int | None
    verdict: Verdict
    outlook: OutlookOut | None
    undated_punches: int
    days: list[DayOut]


class ComputationBody(Wire, frozen=True, kw_only=True):
    """A month to reckon anew from the ledger, for the city unless a district or project is named, and why.

    With `rule_set_id` and `version` as if that version, draft or not, were the last one published.
    """

    month: Annotated[str, Meta(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]
    district_id: UUID | None = None
    project_id: UUID | None = None
    rule_set_id: UUID | None = None
    version: Annotated[int, Meta(ge=1)] | None = None
    reason: Note


class ComputationOut(Wire, frozen=True, kw_only=True):
    """A computation; not done while `ended_at` is null. `rules` are the versions it reckoned by, with their digests."""

    computation_id: UUID
    month: str
    district_id: UUID | None
    project_id: UUID | None
    rule_set_id: UUID | None
    version: int | None
    reason: str
    asked_at: datetime
    ended_at: datetime | None
    figures: int
    rules: list[dict[str, str | int | None]]
    digest: str | None
    published_at: datetime | None
    replaces: UUID | None


class FigureChange(Wire, frozen=True, kw_only=True):
    """One figure that would change; nulls where it is new or gone."""

    project_id: UUID
    post_id: UUID
    person_id: UUID
    post_kind: str
    due_before: int | None
    valid_before: int | None
    rate_before: int | None
    verdict_before: str | None
    due_after: int | None
    valid_after: int | None
    rate_after: int | None
    verdict_after: str | None


class Differences(Wire, frozen=True, kw_only=True):
    """What a computation would change of what is published: how many figures and verdicts in all, one page of them.

    Other verdicts come first, then what moves most; all pages compare with what the first one did.
    """

    computation: ComputationOut
    compared_with: UUID | None
    changed: int
    verdicts_changed: int
    items: list[FigureChange]
    next: str | None


class PublishedRate(Wire, frozen=True, kw_only=True):
    """One person's figure on one post as it was published; `rule_version` of `rule_set_id` judged it."""

    person_id: UUID
    person_name: str
    post_id: UUID
    post_kind: str
    company_name: str
    rule_set_id: UUID | None
    rule_version: int
    due: int
    valid: int
    own: int
    likely: int
    covered: int
    rate: int | None
    verdict: Verdict


class PublishedRates(Wire, frozen=True, kw_only=True):
    """What was published of a project's month, by which computation; nulls and no items: nothing has been.

    `digest` is the SHA-256 of all figures of that computation, also of other projects. `replaces` is what was published
    before for the same rows.
    """

    project_id: UUID
    month: str
    computation_id: UUID | None
    published_at: datetime | None
    note: str | None
    replaces: UUID | None
    digest: str | None
    items: list[PublishedRate]


class ComputationNote(Wire, frozen=True, kw_only=True):
    """Why these figures are published."""

    note: Note | None = None
