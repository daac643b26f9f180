"""Which versions of apps and of queued items are spoken: a format is taken for a year at least after its successor."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Annotated, Final

from litestar import Router, get
from litestar.di import NamedDependency
from msgspec import Meta

from backend.kit.deprecation import sunset_headers
from backend.kit.wire import Wire

AT_LEAST: Final = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Successor:
    """Since when a format has a successor, and the last day on which it is taken."""

    deprecated_on: date
    sunset_on: date

    def __post_init__(self) -> None:
        """Refuse to forget a format too soon: phones come back after months."""
        if self.sunset_on < self.deprecated_on + AT_LEAST:
            msg = "a format is taken for a year at least after its successor came"
            raise ValueError(msg)


ITEM_FORMATS: Mapping[int, Successor | None] = MappingProxyType({1: None})
"""Formats of queued items (`v`) that are taken; None: nothing has come after it."""


class ItemFormat(Wire, frozen=True, kw_only=True):
    """A format of queued items, and the last day on which it is taken, if that is known."""

    v: int
    accepted_until: date | None


class VersionsAnswer(Wire, frozen=True, kw_only=True):
    """What apps have to be: older ones than `min_version` ask their person to update. They are refused nothing."""

    min_version: Annotated[str, Meta(pattern=r"^[0-9]+(\.[0-9]+){0,3}$")]
    item_formats: list[ItemFormat]


def format_headers(formats: Mapping[int, Successor | None], used: set[int]) -> dict[str, str]:
    """Return the headers of an answer to items of these formats: those of the one that goes first."""
    ends = sorted((one.sunset_on, one.deprecated_on) for v in used if (one := formats.get(v)) is not None)
    return sunset_headers(ends[0][1], ends[0][0]) if ends else {}


@get("/versions", opt={"public": True, "database": False}, summary="Versions of apps and items that are spoken")
async def get_versions(min_app_version: NamedDependency[str]) -> VersionsAnswer:
    """Tell which versions are spoken."""
    return VersionsAnswer(
        min_version=min_app_version,
        item_formats=[
            ItemFormat(v=v, accepted_until=None if goes is None else goes.sunset_on) for v, goes in ITEM_FORMATS.items()
        ],
    )


def versions_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/mobile/v1", route_handlers=[get_versions], tags=["Phone"])
