"""Fences out of files: looked at first, then stored as drafts, all or none."""

import asyncio
from dataclasses import dataclass
from uuid import UUID

from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from geofences import queries
from geofences.coordinates import CoordinateSystem
from geofences.describing import Built, Draft, Preview, build_area, describe
from geofences.drafting import Made, store_fence
from geofences.errors import NameMissing
from geofences.readers.geojson import Found, Wishes, read_geojson


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """A GeoJSON file with what it cannot say itself: coordinate system, widths and radii, tolerance, a name."""

    content: bytes
    system: CoordinateSystem
    wishes: Wishes
    buffer_m: float = 0.0
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Imported:
    """One fence of a file: its name and place there, what it becomes, and the draft that was made (None: dry run)."""

    name: str | None
    where: str
    preview: Preview
    made: Made | None


async def import_geojson(
    tx: Tx, actor: Actor, project_id: UUID, file: Import, *, dry_run: bool, clock: Clock
) -> list[Imported]:
    """Make a fence with a draft of each feature of a file; with `dry_run` only tell what they would become.

    A feature without a name takes that of the import, numbered if there are several. Raises ProjectUnknown, NameMissing
    (not in a dry run), FenceNameTaken, and all that `read_geojson` raises.
    """
    await queries.require_project(tx, actor, project_id, queries.WRITE)
    found = await asyncio.to_thread(_read, file)
    imported: list[Imported] = []
    for index, (one, draft, built) in enumerate(found):
        name = _clean(one.name) or _numbered(_clean(file.name), index, len(found))
        made = None
        if not dry_run:
            if name is None:
                raise NameMissing(where=one.where or "$")
            made = await store_fence(tx, actor, project_id, draft, built, name=name, section_id=None, clock=clock)
        imported.append(Imported(name, one.where, describe(draft, built), made))
    return imported


def _read(file: Import) -> list[tuple[Found, Draft, Built]]:
    found = read_geojson(file.content, file.system, file.wishes)
    drafts = [Draft(drawing=one.drawing, system=file.system, buffer_m=file.buffer_m) for one in found]
    return [(one, draft, build_area(draft, one.shape)) for one, draft in zip(found, drafts, strict=True)]


def _clean(name: str | None) -> str | None:
    """Drop what cannot be shown or stored, such as control characters; None if nothing is left."""
    return "".join(char for char in name or "" if char.isprintable()).strip() or None


def _numbered(name: str | None, index: int, count: int) -> str | None:
    return name if name is None or count == 1 else f"{name} {index + 1}"
