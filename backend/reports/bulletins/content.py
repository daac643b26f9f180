"""What a bulletin says: the frozen content whose canonical bytes its digest is of (pure).

Rates are whole hundredths of a percent (8570 is 85.70 %) and null where nothing was due: nothing is never 0 % or 100 %.
No name of a person stands in it: rows are kept for good.
"""

from datetime import date, datetime
from hashlib import sha256
from typing import Final, Literal, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Struct

from backend.kit.canonical import canonical_bytes

Days: TypeAlias = int | float
FORM: Final = 1
FULL: Final = 10_000
"""A rate of 100 %."""
RANKED_POSTS: Final = ("project_manager", "chief_supervisor", "safety_officer")
"""The posts whose rates stand in the ranking beside that of all key posts, in its order."""

Standing = Literal["met", "failing", "open", "not_due"]


class Share(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Valid of due days: with make-ups, without them, and if all that is open came out valid."""

    due: Days
    valid: Days
    without_make_ups: Days
    open: Days
    rate: int | None
    rate_without_make_ups: int | None
    rate_at_most: int | None


class Figures(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Totals of the city or of a district; `projects` by how they stand: none is counted as met unless it was shown."""

    projects: int
    met: int
    failing: int
    open: int
    not_due: int
    holders: int
    all_posts: Share
    posts: dict[str, Share]


class Change(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Difference to the period before, in hundredths of a percentage point; `places` gained are positive."""

    all_posts: int | None
    posts: dict[str, int | None]
    places: int | None


class Quality(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the figures do not rest on yet: doubtful, undated, undelivered records; gates and sites that say nothing."""

    in_review: int
    quarantined: int
    gates: int
    gates_mute: int
    unsent: int
    silent_projects: int
    open_days: Days


class Outages(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times in which gates could not record; seconds of all gates together."""

    outages: int
    projects: int
    lasted_s: int


class DistrictLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A district in the ranking; `rank` is null where nothing was due."""

    district_id: UUID
    code: str
    name: str
    rank: int | None
    figures: Figures
    outages: Outages
    quality: Quality
    change: Change | None


class Shortfall(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A post below its threshold, or held by nobody (`vacant`, then without a share)."""

    post_kind: str
    vacant: bool
    threshold: int | None
    share: Share | None


class ProjectLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A project that fails, or may fail when what is open is settled."""

    project_id: UUID
    registration_no: str
    name: str
    district_name: str
    contractor: str | None
    supervisor: str | None
    all_posts: Share
    shortfalls: list[Shortfall]


class RuleSet(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A rule set by which days were judged; without id it is the platform's own."""

    rule_set_id: UUID | None
    name: str
    version: int
    projects: int


class Ledger(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How far the ledger went: the last settled entry, and the last signed tree head."""

    entry: int
    log_size: int | None
    root_hash: str | None


class Scope(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The district that a bulletin is of."""

    district_id: UUID
    code: str
    name: str


class Before(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The bulletin of the period before that changes refer to, as it was published."""

    bulletin_id: UUID
    edition: int
    digest: str
    from_on: date
    to_on: date


class Content(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A bulletin of the city (`scope` null) or of a district, whose `city` then holds the city's totals.

    A district's bulletin ranks all districts, but lists its own projects only.
    """

    form: int
    kind: Literal["daily", "weekly"]
    scope: Scope | None
    from_on: date
    to_on: date
    computed_at: datetime
    ledger: Ledger
    rule_sets: list[RuleSet]
    before: Before | None
    totals: Figures
    city: Figures | None
    change: Change | None
    districts: list[DistrictLine]
    top: list[UUID]
    bottom: list[UUID]
    outages: Outages
    quality: Quality
    failing: list[ProjectLine]
    open: list[ProjectLine]


_decoder = msgspec.json.Decoder(Content)


def freeze(content: Content) -> tuple[bytes, str]:
    """Return the canonical bytes of a content and their SHA-256 in hex."""
    frozen = canonical_bytes(content)
    return frozen, sha256(frozen).hexdigest()


def thaw(frozen: bytes) -> Content:
    """Return the content of canonical bytes; raises msgspec.DecodeError for bytes that are none."""
    return _decoder.decode(frozen)
