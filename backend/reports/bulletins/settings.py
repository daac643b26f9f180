"""What a city or a district wants of its bulletins, and which of them are due by it (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta

from backend.kit.wire import Wire
from backend.reports.bulletins.facts import Kind
from backend.reports.bulletins.periods import due_at, last_period

KINDS: Final[tuple[Kind, ...]] = ("daily", "weekly")


class Occasion(Wire, frozen=True, kw_only=True):
    """Who issues bulletins of a kind, and from what hour of the day after (the city's time) the schedule does."""

    issue: Literal["automatic", "by_hand"] = "by_hand"
    at: Annotated[time, Meta(tz=False)] = time(8)


class BulletinSettings(Wire, frozen=True, kw_only=True):
    """A scope's settings; `issuer` is the authority that stands on what it issues."""

    daily: Occasion = Occasion()
    weekly: Occasion = Occasion()
    issuer: Annotated[str, Meta(min_length=1, max_length=100)] | None = None


DEFAULT: Final = BulletinSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class SetScope:
    """Settings as they were set for the city (no district) or a district."""

    district_id: UUID | None
    settings: BulletinSettings
    set_at: datetime


@dataclass(frozen=True, slots=True, order=True)
class Due:
    """A period whose bulletin the schedule issues."""

    kind: Kind
    from_on: date
    to_on: date


def read_settings(body: Mapping[str, Any] | None) -> BulletinSettings:
    """Read stored settings; our own where there are none, or none that can still be read."""
    if body is None:
        return DEFAULT
    try:
        return msgspec.convert(dict(body), BulletinSettings)
    except msgspec.ValidationError:
        return DEFAULT


def due_periods(scopes: Iterable[SetScope], now: datetime) -> list[tuple[Due, UUID | None, str | None]]:
    """Return what is due now: period, district and issuer.

    Only the last period of each kind, and none that was due before the setting: who missed some issues them by hand.
    """
    found: list[tuple[Due, UUID | None, str | None]] = []
    for scope in scopes:
        for kind in KINDS:
            wanted: Occasion = getattr(scope.settings, kind)
            period = last_period(kind, now, wanted.at)
            if wanted.issue == "automatic" and period is not None and due_at(period[1], wanted.at) >= scope.set_at:
                found.append((Due(kind, *period), scope.district_id, scope.settings.issuer))
    return found
