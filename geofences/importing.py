"""Fences out of files: surveyed first, then stored as drafts, all or none."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import shapely

from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from geofences import queries
from geofences.coordinates import coordinate_system
from geofences.datum_fit import Misfit, find_misfit
from geofences.describing import Built, Draft, Preview, build_area, describe
from geofences.drafting import Made, store_fence
from geofences.drawing import shape_from
from geofences.errors import NameMissing
from geofences.readers.errors import DatumSuspected
from geofences.survey_report import FigureSurvey, Survey


@dataclass(frozen=True, slots=True)
class Imported:
    """One fence of a file: its name and place there, what it becomes, and the draft that was made (None: dry run)."""

    name: str | None
    where: str
    preview: Preview
    made: Made | None


@dataclass(frozen=True, slots=True)
class Ready:
    """A figure that is a fence but for being stored."""

    figure: FigureSurvey
    draft: Draft
    built: Built


async def refuse_wrong_datum(tx: Tx, project_id: UUID, survey: Survey, *, at: datetime) -> None:
    """Compare a survey with the fences in force; raises DatumSuspected with the numbers.

    The caller has checked that the actor reaches the project.
    """
    known = [row.area_wkb for row in await queries.list_geometry_in_force(tx, project_id, at)]
    misfit = await asyncio.to_thread(_misfit, survey, known)
    if misfit is not None:
        raise DatumSuspected(
            declared=misfit.declared,
            suspected=misfit.suspected,
            moved_m=misfit.moved_m,
            declared_distance_m=misfit.declared_distance_m,
            suspected_distance_m=misfit.suspected_distance_m,
        )


async def make_ready(survey: Survey, buffer_m: float) -> list[Ready]:
    """Build the areas of all figures of a strict survey, without a transaction; raises ShapeFault."""
    return await asyncio.to_thread(_make_ready, survey, buffer_m)


async def import_figures(
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    ready: Sequence[Ready],
    *,
    name: str | None,
    dry_run: bool,
    clock: Clock,
) -> list[Imported]:
    """Make a fence with a draft of each figure; with `dry_run` only tell what they would become.

    A figure without a name takes `name`, numbered if there are several. Raises ProjectUnknown, NameMissing (not in a
    dry run) and FenceNameTaken.
    """
    await queries.require_project(tx, actor, project_id, queries.WRITE)
    imported: list[Imported] = []
    for index, one in enumerate(ready):
        called = one.figure.name or _numbered(_clean(name), index, len(ready))
        made = None
        if not dry_run:
            if called is None:
                raise NameMissing(where=one.figure.where or "$")
            made = await store_fence(
                tx, actor, project_id, one.draft, one.built, name=called, section_id=None, clock=clock
            )
        imported.append(Imported(called, one.figure.where, describe(one.draft, one.built), made))
    return imported


def _misfit(survey: Survey, known: Sequence[bytes]) -> Misfit | None:
    if survey.crs is None:
        return None
    return find_misfit(survey.sample, coordinate_system(survey.crs), [shapely.from_wkb(area) for area in known])


def _make_ready(survey: Survey, buffer_m: float) -> list[Ready]:
    system = coordinate_system(survey.crs or "")
    ready: list[Ready] = []
    for figure in survey.figures:
        if figure.shape is not None:
            draft = Draft(drawing=figure.shape, system=system, buffer_m=buffer_m)
            built = build_area(draft, shape_from(figure.shape, system, figure.where))
            ready.append(Ready(figure, draft, built))
    return ready


def _clean(name: str | None) -> str | None:
    """Drop what cannot be shown or stored, such as control characters; None if nothing is left."""
    return "".join(char for char in name or "" if char.isprintable()).strip() or None


def _numbered(name: str | None, index: int, count: int) -> str | None:
    return name if name is None or count == 1 else f"{name} {index + 1}"
