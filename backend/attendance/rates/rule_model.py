"""What a rule set says: valid days, due days, thresholds per post, several projects, deputies, make-ups (pure).

Credits of days are thousandths of a day, shares are thousandths (800 is 80 %): whole numbers, so that the database and
this code reckon the same and a threshold is met or not, without rounding.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from backend.attendance.rates.errors import RuleBodyInvalid
from backend.kit.canonical import digest
from backend.kit.wire import Wire
from backend.sites.posts import POST_KINDS
from backend.sites.working_days import DueDays

DAY: Final = 1000
"""The credit of one whole valid day."""

Posts = Annotated[frozenset[str], Meta(min_length=1, max_length=40)]
Permille = Annotated[int, Meta(ge=1, le=1000, description="thousandths: 800 is 80 %")]


class ValidDayRule(Wire, frozen=True, kw_only=True):
    """When a day is valid.

    `punches_apart`: at least `min_punches` counted punches, the first and the last at least `apart_s` seconds apart.
    `in_and_out`: the same, and one of them goes in and one out. `pro_rata`: with `min_punches` the day is valid by the
    time between first and last, as a share of `apart_s`, at most one.
    """

    kind: Literal["punches_apart", "in_and_out", "pro_rata"] = "punches_apart"
    min_punches: Annotated[int, Meta(ge=1, le=10)] = 2
    apart_s: Annotated[int, Meta(ge=0, le=86_400)] = 4 * 3600


class DueDayRule(Wire, frozen=True, kw_only=True):
    """On which days presence is due.

    `days`: by the working calendar, Monday to Saturday but for public holidays, or every day. Never before the
    project's first day and `begins_after_days` days more, nor after the last day of one that is completed.
    Construction days are every day less approved stop-work. With `count_days_off` valid days that were not due count
    too; the rate stays at most 100 %.
    """

    days: DueDays = "working"
    begins_after_days: Annotated[int, Meta(ge=0, le=366)] = 0
    less_stop_work: bool = True
    less_leave: bool = True
    count_days_off: bool = False


class Threshold(Wire, frozen=True, kw_only=True):
    """What the holders of `posts` must reach: a share of the due days, or days in a calendar month, or both.

    In a month with fewer due days than `min_days` all of them are wanted.
    """

    posts: Posts
    min_share: Permille | None = None
    min_days: Annotated[int, Meta(ge=1, le=31)] | None = None


class SeveralProjects(Wire, frozen=True, kw_only=True):
    """Who holds `post` on at least `from_projects` projects at once owes `days_a_week` days in each, on any days."""

    post: str
    from_projects: Annotated[int, Meta(ge=2, le=20)] = 2
    days_a_week: Annotated[int, Meta(ge=1, le=7)] = 3


class Deputy(Wire, frozen=True, kw_only=True):
    """The holder's deputy of the same party.

    `deputy_due`: he is due on those days alone on which the holder has no valid day. `counts_for_holder`: his valid
    days count for the holder's due days without one, and are shown apart.
    """

    holder: str
    deputy: str
    deputy_due: bool = False
    counts_for_holder: bool = False


class RuleBody(Wire, frozen=True, kw_only=True):
    """The rules of one version. Figures are shown with and without make-ups; `make_ups_count` says which judges."""

    valid_day: ValidDayRule = ValidDayRule()
    due_day: DueDayRule = DueDayRule()
    thresholds: Annotated[Sequence[Threshold], Meta(min_length=1, max_length=40)]
    several_projects: SeveralProjects | None = None
    deputy: Deputy | None = None
    make_ups_count: bool = True


def read_rules(body: Mapping[str, Any]) -> RuleBody:
    """Read stored or sent rules; raises RuleBodyInvalid."""
    try:
        rules = msgspec.convert(dict(body), RuleBody, strict=True)
    except (msgspec.ValidationError, TypeError) as error:
        raise RuleBodyInvalid(reason=str(error)[:300]) from error
    check_rules(rules)
    return rules


def check_rules(rules: RuleBody) -> None:
    """See to it that posts exist, stand under one threshold each, and that each rule asks for something.

    Raises RuleBodyInvalid.
    """
    seen: set[str] = set()
    for place, threshold in enumerate(rules.thresholds):
        if threshold.min_share is None and threshold.min_days is None:
            raise RuleBodyInvalid(reason=f"thresholds[{place}]: neither min_share nor min_days")
        twice = seen & threshold.posts
        if twice:
            raise RuleBodyInvalid(reason=f"thresholds[{place}].posts: {min(twice)[:40]} has a threshold already")
        seen |= threshold.posts
    named = set(seen)
    if rules.several_projects is not None:
        named.add(rules.several_projects.post)
    if rules.deputy is not None:
        named |= {rules.deputy.holder, rules.deputy.deputy}
        if rules.deputy.holder == rules.deputy.deputy:
            raise RuleBodyInvalid(reason="deputy: nobody is his own deputy")
        if not (rules.deputy.deputy_due or rules.deputy.counts_for_holder):
            raise RuleBodyInvalid(reason="deputy: neither deputy_due nor counts_for_holder")
    unknown = sorted(named - POST_KINDS.keys())
    if unknown:
        raise RuleBodyInvalid(reason=f"no kind of post is called {unknown[0][:40]}")
    if rules.valid_day.kind == "pro_rata" and not rules.valid_day.apart_s:
        raise RuleBodyInvalid(reason="valid_day.apart_s: a share of no time")


def threshold_of(rules: RuleBody, post_kind: str) -> Threshold | None:
    """Return what the holder of a kind of post must reach; None where nothing is asked of it."""
    # A loop, not a generator: bulletins ask for each holder of the city.
    for one in rules.thresholds:
        if post_kind in one.posts:
            return one
    return None


def as_stored(rules: RuleBody) -> dict[str, Any]:
    """Return rules as JSON values, every default said, sets sorted: rules that mean the same are stored the same."""
    return msgspec.to_builtins(rules, order="sorted")


def digest_of(rules: RuleBody) -> bytes:
    """Return the SHA-256 of the rules' canonical bytes."""
    return digest(as_stored(rules))
