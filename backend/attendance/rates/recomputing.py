"""Reckons figures anew from the ledger's states, leaving what was published as it is."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import UUID

from backend.attendance.rates import statements
from backend.attendance.rates.figures import Figure, Span, World, read_world, reckon
from backend.attendance.rates.force import PublishedRules
from backend.kit.db import Tx
from backend.sites.posts import KEY_POSTS


async def reckon_from_ledger(
    tx: Tx,
    project_ids: Sequence[UUID] | None,
    span: Span,
    *,
    post_kinds: frozenset[str] = KEY_POSTS,
    published: Sequence[PublishedRules] | None = None,
) -> list[Figure]:
    """Return the figures of `rates_of` without person-days: every day is put together from its punches again."""
    world = await read_world(tx, project_ids, span, post_kinds, published)
    return await reckon(tx, world, span, statements.SEEN_IN_LEDGER, days_of_projects(world, span))


def days_of_projects(world: World, span: Span) -> dict[str, Any]:
    """Return what tells to which day of a site a punch belongs, and between which instants punches are read at all."""
    projects = list(world.projects.values())
    return {
        "zone_projects": [one.project_id for one in projects],
        "zones": [one.time_zone for one in projects],
        "cutovers": [timedelta(hours=one.cutover.hour, minutes=one.cutover.minute) for one in projects],
        # No zone is farther than 14 hours from UTC, no cut-over later than a day.
        "from_at": datetime.combine(span.first - timedelta(days=1), time(), UTC),
        "to_at": datetime.combine(span.last + timedelta(days=3), time(), UTC),
    }
