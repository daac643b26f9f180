"""The settings of each rule: whom it tells when, how grave it is, and its own thresholds (pure).

Every default is the platform's own until the city, a district or a project sets another.
"""

from collections.abc import Mapping
from datetime import time
from types import MappingProxyType
from typing import Annotated, Any, Final, Literal

import msgspec
from msgspec import Meta

from backend.alerts.errors import RuleSettingsInvalid
from backend.alerts.model import RuleKind, Severity
from backend.kit.wire import Wire
from backend.sites.posts import KEY_POSTS, POST_KINDS
from backend.sites.working_days import DueDays

RecipientRole = Literal[
    "operator", "city", "district", "owner", "contractor", "supervisor", "project_admin", "auditor", "person"
]
"""Offices over the project, and `person`: the one whom the alert is about."""

LocalTime = Annotated[time, Meta(tz=False, description="local time of the site")]
Days = Annotated[int, Meta(ge=1, le=60)]
Hours = Annotated[float, Meta(gt=0, le=720)]

Sign = Literal[
    "impossible_journey",
    "card_burst",
    "foreign_network",
    "foreign_crowd",
    "displaced",
    "foreign_identity",
    "fails_often",
    "fails_at_hours",
    "fails_for_people",
    "mock_location",
    "shared_phone",
    "accuracy_implausible",
    "clock_off",
]

PLATFORM_POSTS: Final = frozenset({"project_manager", "technical_lead", "safety_officer", "chief_supervisor"})


class Level(Wire, frozen=True, kw_only=True):
    """Who is told when nobody has acknowledged for `after_s` since the level before; the first is told at once."""

    after_s: Annotated[int, Meta(ge=0, le=7 * 86_400)]
    roles: Annotated[frozenset[RecipientRole], Meta(min_length=1)]


_ON_SITE: Final = Level(after_s=0, roles=frozenset({"district", "supervisor", "project_admin"}))
_WITH_PERSON: Final = Level(after_s=0, roles=frozenset({"district", "supervisor", "project_admin", "person"}))
_OWNER_LATER: Final = Level(after_s=4 * 3600, roles=frozenset({"owner"}))
_CITY_LATER: Final = Level(after_s=2 * 3600, roles=frozenset({"city"}))


class RuleSettings(Wire, frozen=True, kw_only=True):
    """What every rule has. Alerts of one district that follow each other within `group_within_s` are told as one."""

    enabled: bool = True
    severity: Severity = "warning"
    levels: Annotated[tuple[Level, ...], Meta(min_length=1, max_length=5)] = (_ON_SITE, _OWNER_LATER)
    group_within_s: Annotated[int, Meta(ge=0, le=7 * 86_400)] = 900


class PostSettings(RuleSettings, frozen=True, kw_only=True):
    """Key posts that must be filled by `at` on due days.

    A post is empty when no holder has a punch that counts or is in review; `vacant` includes posts without holder,
    told once a week. Who is present on another project that day is there (`elsewhere_counts`).
    """

    levels: Annotated[tuple[Level, ...], Meta(min_length=1, max_length=5)] = (_WITH_PERSON, _OWNER_LATER)
    group_within_s: Annotated[int, Meta(ge=0, le=7 * 86_400)] = 86_400
    at: LocalTime = time(9, 30)
    days: DueDays = "working"
    posts: Annotated[frozenset[str], Meta(min_length=1, max_length=40)] = PLATFORM_POSTS
    vacant: bool = True
    elsewhere_counts: bool = True


class PostsSettings(PostSettings, frozen=True, kw_only=True):
    """At least `together` key posts of one project empty at once: what they have of their own is told as this."""

    severity: Severity = "critical"
    levels: Annotated[tuple[Level, ...], Meta(min_length=1, max_length=5)] = (_WITH_PERSON, _CITY_LATER)
    together: Annotated[int, Meta(ge=2, le=20)] = 2


class AbsentSettings(RuleSettings, frozen=True, kw_only=True):
    """A holder of a key post without any punch on so many due days in a row; told at each of `thresholds`."""

    levels: Annotated[tuple[Level, ...], Meta(min_length=1, max_length=5)] = (_WITH_PERSON, _OWNER_LATER)
    group_within_s: Annotated[int, Meta(ge=0, le=7 * 86_400)] = 86_400
    at: LocalTime = time(8, 30)
    days: DueDays = "working"
    posts: Annotated[frozenset[str], Meta(min_length=1, max_length=40)] = KEY_POSTS
    thresholds: Annotated[frozenset[Days], Meta(min_length=1, max_length=8)] = frozenset({3, 7, 15})


class ForecastSettings(RuleSettings, frozen=True, kw_only=True):
    """A holder whose valid days of the month, carried on as they were, end below `share` of the due ones.

    Looked at once `after_due_days` due days of the month have passed; told once a month, and once more when `share` can
    no longer be reached.
    """

    severity: Severity = "info"
    levels: Annotated[tuple[Level, ...], Meta(min_length=1, max_length=5)] = (_WITH_PERSON,)
    group_within_s: Annotated[int, Meta(ge=0, le=7 * 86_400)] = 86_400
    at: LocalTime = time(8, 40)
    days: DueDays = "working"
    posts: Annotated[frozenset[str], Meta(min_length=1, max_length=40)] = PLATFORM_POSTS
    share: Annotated[float, Meta(gt=0, le=1)] = 0.8
    after_due_days: Days = 8


class GateSettings(RuleSettings, frozen=True, kw_only=True):
    """Gates that are down: told when it becomes known, unless they are back by then; `tell_end` tells the end too."""

    tell_end: bool = True


class DeclaredSettings(GateSettings, frozen=True, kw_only=True):
    """Outages that the site declares."""

    severity: Severity = "info"
    levels: Annotated[tuple[Level, ...], Meta(min_length=1, max_length=5)] = (
        Level(after_s=0, roles=frozenset({"district", "supervisor"})),
    )


class LongSettings(RuleSettings, frozen=True, kw_only=True):
    """An outage that goes on for longer than `hours`."""

    levels: Annotated[tuple[Level, ...], Meta(min_length=1, max_length=5)] = (_ON_SITE, _CITY_LATER)
    hours: Hours = 8.0


class SignSettings(RuleSettings, frozen=True, kw_only=True):
    """Signs of forgery, per person and site; what is older than `max_age_h` when it is found is no alert."""

    levels: Annotated[tuple[Level, ...], Meta(min_length=1, max_length=5)] = (
        Level(after_s=0, roles=frozenset({"district", "supervisor"})),
    )
    group_within_s: Annotated[int, Meta(ge=0, le=7 * 86_400)] = 8 * 3600
    signs: Annotated[frozenset[Sign], Meta(min_length=1)] = frozenset(
        {
            "impossible_journey",
            "card_burst",
            "foreign_network",
            "foreign_crowd",
            "displaced",
            "foreign_identity",
            "fails_often",
            "fails_at_hours",
            "fails_for_people",
            "mock_location",
            "shared_phone",
            "accuracy_implausible",
        }
    )
    max_age_h: Hours = 48.0


class ToleranceSettings(RuleSettings, frozen=True, kw_only=True):
    """A fence published with a buffer of at least `from_m` metres more than its version before."""

    levels: Annotated[tuple[Level, ...], Meta(min_length=1, max_length=5)] = (
        Level(after_s=0, roles=frozenset({"district", "city"})),
    )
    from_m: Annotated[float, Meta(ge=0, le=10_000)] = 0.0


class ReviewSettings(RuleSettings, frozen=True, kw_only=True):
    """At least `at_least` punches in review that are older than `older_than_h` hours, looked at each day at `at`."""

    levels: Annotated[tuple[Level, ...], Meta(min_length=1, max_length=5)] = (
        Level(after_s=0, roles=frozenset({"district", "supervisor"})),
    )
    group_within_s: Annotated[int, Meta(ge=0, le=7 * 86_400)] = 86_400
    at: LocalTime = time(9)
    older_than_h: Hours = 24.0
    at_least: Annotated[int, Meta(ge=1, le=10_000)] = 1


class WaitingSettings(RuleSettings, frozen=True, kw_only=True):
    """Requests that wait for somebody: told to those of these offices who may take the next step."""

    severity: Severity = "info"
    levels: Annotated[tuple[Level, ...], Meta(min_length=1, max_length=5)] = (
        Level(after_s=0, roles=frozenset({"project_admin", "supervisor", "owner", "district", "city", "person"})),
    )


class MovedSettings(RuleSettings, frozen=True, kw_only=True):
    """What became of a person's request; it is over with the next step, or after `kept_days`."""

    severity: Severity = "info"
    levels: Annotated[tuple[Level, ...], Meta(min_length=1, max_length=5)] = (
        Level(after_s=0, roles=frozenset({"person"})),
    )
    kept_days: Days = 14


class RulingSettings(MovedSettings, frozen=True, kw_only=True):
    """What an office, or a term that ended, made of a person's punch without his asking; over like a request's step."""


class TroubleSettings(RuleSettings, frozen=True, kw_only=True):
    """Failures of the platform itself: messages that cannot be sent, seals, rules."""

    severity: Severity = "critical"
    levels: Annotated[tuple[Level, ...], Meta(min_length=1, max_length=5)] = (
        Level(after_s=0, roles=frozenset({"operator"})),
        Level(after_s=3600, roles=frozenset({"city"})),
    )


class BulletinSettings(RuleSettings, frozen=True, kw_only=True):
    """Bulletins that were issued: the city's for offices of the whole city, a district's for those of the district."""

    severity: Severity = "info"
    levels: Annotated[tuple[Level, ...], Meta(min_length=1, max_length=5)] = (
        Level(after_s=0, roles=frozenset({"city", "district"})),
    )
    group_within_s: Annotated[int, Meta(ge=0, le=7 * 86_400)] = 0
    bulletins: Annotated[frozenset[Literal["daily", "weekly"]], Meta(min_length=1)] = frozenset({"daily", "weekly"})


SETTINGS: Final[Mapping[RuleKind, type[RuleSettings]]] = MappingProxyType(
    {
        "post_empty": PostSettings,
        "posts_empty": PostsSettings,
        "absent_days": AbsentSettings,
        "forecast_low": ForecastSettings,
        "gate_down": GateSettings,
        "gate_mute": GateSettings,
        "gate_declared": DeclaredSettings,
        "outage_long": LongSettings,
        "forgery_signs": SignSettings,
        "fence_tolerance": ToleranceSettings,
        "review_ageing": ReviewSettings,
        "request_waiting": WaitingSettings,
        "request_moved": MovedSettings,
        "ruling_made": RulingSettings,
        "platform_trouble": TroubleSettings,
        "bulletin_issued": BulletinSettings,
    }
)
KINDS: Final[tuple[RuleKind, ...]] = tuple(SETTINGS)


def read_settings(kind: RuleKind, body: Mapping[str, Any]) -> RuleSettings:
    """Read the settings of a rule, with the platform's own for what is not set; raises RuleSettingsInvalid."""
    try:
        settings = msgspec.convert(dict(body), SETTINGS[kind], strict=True, builtin_types=())
    except (msgspec.ValidationError, TypeError) as error:
        raise RuleSettingsInvalid(reason=str(error)[:300]) from error
    unknown = sorted(getattr(settings, "posts", frozenset[str]()) - POST_KINDS.keys())
    if unknown:
        raise RuleSettingsInvalid(reason=f"posts: no kind of post is called {unknown[0][:40]}")
    if settings.levels[0].after_s:
        raise RuleSettingsInvalid(reason="levels[0].after_s: the first level is told at once")
    if any(not level.after_s for level in settings.levels[1:]):
        raise RuleSettingsInvalid(reason="levels: only the first level is told at once")
    return settings
