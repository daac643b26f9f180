"""A site's policy: the thresholds by which punches are judged, versioned and dated."""

from datetime import time
from typing import Annotated, Final, Literal

from msgspec import Meta

from backend.decision.presence import PresencePolicy
from backend.kit.wire import Wire

Signal = Literal[
    "mock_location",
    "stale_fix",
    "clock_off",
    "shared_phone",
    "accuracy_implausible",
    "outside_work_face",
    "attestation_missing",
    "attestation_failed",
    "photos_missing",
    "photo_refused",
    "photo_reused",
    "photo_old",
    "photo_edited",
]
Probability = Annotated[float, Meta(ge=0, le=1)]
Metres = Annotated[float, Meta(gt=0, le=10_000)]

LocalTime = Annotated[time, Meta(tz=False)]
Weekday = Literal[1, 2, 3, 4, 5, 6, 7]

DEFAULT_VERSION = 0
EVERY_DAY: Final[frozenset[Weekday]] = frozenset({1, 2, 3, 4, 5, 6, 7})


class DailyHours(Wire, frozen=True, kw_only=True):
    """Hours of the site's local clock on some days of the week (1 is Monday), those on which they begin.

    `to_at` at or before `from_at` is on the next day; equal times are 24 hours.
    """

    from_at: LocalTime
    to_at: LocalTime
    days: frozenset[Weekday] = EVERY_DAY


DEFAULT_HOURS: Final = frozenset({DailyHours(from_at=time(6), to_at=time(22))})


class SitePolicy(Wire, frozen=True, kw_only=True):
    """Thresholds of one site; every default is the platform's own until a site sets another.

    A fix counts when the probability of being inside is at least `counted_probability`; and one whose accuracy (68 %
    radius, metres) is at most `accuracy_cap_m` also when the fence covers it, or when it lies outside by no more than
    its own error (`counted_tail`, `far_m`, `far_probability`: see `reach_m`; a tail of 0.5 switches that off). Below
    `refused_probability` it is refused; between them people decide.

    A punch that names photos is pending until they are here and usable, `photo_wait_h` hours at most.

    A number that was not used for `dormant_days` opens nothing on a new phone until the project admin confirms it:
    carriers give numbers to others, after 90 days or more.

    Gates are expected to be alive in `working_hours` outside of `power_off`, the hours in which the site switches them
    off by plan. One that is alive but passes nobody for `mute_after_s` is mute (0 switches that off). Of outages that
    people declare there are at most `declared_outages` in 30 days, each of at most `declared_outage_h` hours.

    `presence` says whether somebody has to show that he is there in person, by a way of his choice (docs/presence.md).
    """

    counted_probability: Probability = 0.5
    refused_probability: Probability = 0.05
    accuracy_cap_m: Metres = 100.0
    counted_tail: Annotated[float, Meta(gt=0, le=0.5)] = 0.3
    far_m: Metres = 100.0
    far_probability: Annotated[float, Meta(gt=0, le=0.1)] = 0.001
    sigma_floor_m: Metres = 5.0
    sigma_inflation: Annotated[float, Meta(ge=1, le=5)] = 1.3
    max_fix_age_s: Annotated[int, Meta(ge=1, le=3600)] = 60
    max_clock_error_s: Annotated[int, Meta(ge=1, le=86_400)] = 120
    pack_days: Annotated[int, Meta(ge=1, le=30)] = 7
    phones_per_person: Annotated[int, Meta(ge=1, le=5)] = 1
    people_per_phone: Annotated[int, Meta(ge=1, le=20)] = 1
    dormant_days: Annotated[int, Meta(ge=7, le=365)] = 60
    refused_per_hour: Annotated[int, Meta(ge=1, le=1000)] = 30
    review_signals: frozenset[Signal] = frozenset(
        {"mock_location", "stale_fix", "photos_missing", "photo_refused", "photo_reused"}
    )
    photo_wait_h: Annotated[int, Meta(ge=1, le=720)] = 72
    off_mode: Literal["review", "refused"] = "review"
    presence: PresencePolicy = "not_required"
    publish_needs_second_person: bool = False
    working_hours: Annotated[frozenset[DailyHours], Meta(max_length=14)] = DEFAULT_HOURS
    power_off: Annotated[frozenset[DailyHours], Meta(max_length=14)] = frozenset()
    mute_after_s: Annotated[int, Meta(ge=0, le=86_400)] = 7200
    declared_outages: Annotated[int, Meta(ge=0, le=100)] = 4
    declared_outage_h: Annotated[int, Meta(ge=1, le=720)] = 24

    def __post_init__(self) -> None:
        """Refuse thresholds that leave no room between them (msgspec turns ValueError into a validation error)."""
        if self.refused_probability >= self.counted_probability:
            msg = "refused_probability must be below counted_probability"
            raise ValueError(msg)


DEFAULT_POLICY = SitePolicy()
