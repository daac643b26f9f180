"""The dated data by which requests are taken and decided, and which of it holds where (pure).

Every default is the platform's own until the city, a district or a project sets another. Numbers of days in leave are
those of Heilongjiang, the only ones that are published (at most 6 days a month and 20 a year; the chief has a deputy
punch for him); 7 days to appeal and 15 to decide stand in the plan for real-name management (申诉与复核).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Annotated, Any, Final
from uuid import UUID

import msgspec
from msgspec import Meta

from backend.attendance.requests.errors import RuleInvalid
from backend.attendance.requests.kinds import CHOSEN, LeaveKind, MakeUpReason, RuleKind
from backend.kit.wire import Wire
from backend.sites.posts import KEY_POSTS, POST_KINDS
from backend.sites.working_days import DueDays

Term = Annotated[int, Meta(ge=1, le=60, description="working days after the day itself")]
Days = Annotated[int, Meta(ge=0, le=366)]

_DEPUTIES: Final[Mapping[str, tuple[str, ...]]] = {
    "owner_project_leader": ("owner_representative",),
    "owner_representative": ("owner_project_leader", "owner_representative"),
    "project_manager": ("technical_lead", "production_manager"),
    "technical_lead": ("project_manager", "quality_officer", "builder"),
    "safety_officer": ("safety_officer", "builder"),
    "chief_supervisor": ("chief_deputy", "specialist_supervisor"),
    "chief_deputy": ("chief_supervisor", "specialist_supervisor"),
    "safety_supervisor": ("safety_supervisor", "specialist_supervisor"),
}
"""Posts whose holders may stand in, by post; leave from a post that is not named needs nobody."""


class ReviewRule(Wire, frozen=True, kw_only=True):
    """A punch in review that nobody decided on within `decide_within` counts."""

    decide_within: Term = 5


class MakeUpRule(Wire, frozen=True, kw_only=True):
    """How often and how late a missing punch can be asked for, and which reasons want a photo.

    `per_month` are punches of one month and project; `file_within` and `decide_within` working days.
    """

    per_month: Annotated[int, Meta(ge=0, le=62)] = 4
    file_within: Term = 5
    decide_within: Term = 5
    photo_for: tuple[MakeUpReason, ...] = ("other",)


class AppealRule(Wire, frozen=True, kw_only=True):
    """Within how many working days one appeals, and is answered before the matter goes one office up."""

    file_within: Term = 7
    decide_within: Term = 15


class LeaveQuota(Wire, frozen=True, kw_only=True):
    """At most so many days of chosen leave in a month and a year; no posts named: of all, no kinds named: of all."""

    posts: tuple[str, ...] = ()
    kinds: tuple[LeaveKind, ...] = ()
    per_month: Days | None = None
    per_year: Days | None = None

    def counts(self, posts: Iterable[str], kind: str) -> bool:
        """Tell whether the quota is about leave of that kind by somebody on these posts."""
        return (
            kind in CHOSEN
            and (not self.kinds or kind in self.kinds)
            and (not self.posts or not set(self.posts).isdisjoint(posts))
        )


class LeaveRule(Wire, frozen=True, kw_only=True):
    """Quotas, notice and deputies.

    `days` says which days of leave use up a quota. Chosen leave is filed `notice_days` ahead at least; other leave may
    be filed `late_days` after it began, and wants a photo of its paper where it is one of `photo_for`.
    """

    days: DueDays = "working"
    quotas: tuple[LeaveQuota, ...] = (LeaveQuota(per_month=6, per_year=20),)
    notice_days: Annotated[int, Meta(ge=0, le=60)] = 1
    late_days: Annotated[int, Meta(ge=0, le=60)] = 3
    longest_days: Annotated[int, Meta(ge=1, le=366)] = 180
    decide_within: Term = 3
    photo_for: tuple[LeaveKind, ...] = ()
    deputies: Mapping[str, tuple[str, ...]] = msgspec.field(default_factory=lambda: dict(_DEPUTIES))

    def deputies_for(self, posts: Iterable[str]) -> frozenset[str] | None:
        """Return the posts whose holders may stand in for somebody on these posts; None when nobody needs to."""
        named = [self.deputies[post] for post in posts if post in self.deputies]
        return frozenset(kind for kinds in named for kind in kinds) if named else None


AnyRule = ReviewRule | MakeUpRule | AppealRule | LeaveRule
RULES: Final[Mapping[str, type[AnyRule]]] = MappingProxyType(
    {"review": ReviewRule, "make_up": MakeUpRule, "appeal": AppealRule, "leave": LeaveRule}
)


def read_rule(kind: RuleKind, body: Mapping[str, Any]) -> AnyRule:
    """Return the rule that a body says; raises RuleInvalid with the place of the fault."""
    try:
        rule = msgspec.convert(dict(body), RULES[kind])
    except msgspec.ValidationError as error:
        raise RuleInvalid(reason=str(error)[:200]) from error
    if isinstance(rule, LeaveRule):
        named = {post for quota in rule.quotas for post in quota.posts} | set(rule.deputies)
        named |= {post for posts in rule.deputies.values() for post in posts}
        if unknown := sorted(named - set(POST_KINDS)):
            raise RuleInvalid(reason=f"no such post: {unknown[0][:40]}")
    return rule


@dataclass(frozen=True, slots=True)
class DatedRule:
    """A rule as it is stored; at most one of district and project is named, neither is the city."""

    id: UUID
    kind: str
    district_id: UUID | None
    project_id: UUID | None
    valid_from: date
    set_at: datetime
    body: Mapping[str, Any]


def rule_in_force(rules: Iterable[DatedRule], kind: RuleKind, on: date) -> tuple[AnyRule, UUID | None]:
    """Return the rule that holds on a day out of those of one project, its district and the city, and its row's id.

    The nearest place wins, then what became valid last, then what was set last; without any the platform's own holds
    (None).
    """
    valid = [one for one in rules if one.kind == kind and one.valid_from <= on]
    if not valid:
        return RULES[kind](), None
    last = max(valid, key=lambda one: (_nearness(one), one.valid_from, one.set_at, one.id))
    return read_rule(kind, last.body), last.id


def _nearness(one: DatedRule) -> int:
    if one.project_id is not None:
        return 2
    return 1 if one.district_id is not None else 0


def key_first(posts: Iterable[str]) -> list[str]:
    """Return the posts a person holds in the order in which they are named: key posts first."""
    order = list(POST_KINDS)
    return sorted(set(posts), key=lambda post: (post not in KEY_POSTS, order.index(post)))
