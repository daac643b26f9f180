"""A corridor drawn on an alignment is pinned to one version of it, so that its drawing means the same for ever."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

import msgspec

from backend.kit.db import Tx
from geofences import alignment_queries as stored
from geofences.describing import Draft
from geofences.drawing import AlignedCorridorDrawing


async def pin_alignment(tx: Tx, project_id: UUID, draft: Draft, *, at: datetime) -> Draft:
    """Return a draft with the alignment its corridor was drawn on: the version named, else the one in force at `at`.

    Other drawings come back as they are. Raises AlignmentUnknown, AlignmentVersionUnknown or AlignmentNotInForce.
    """
    drawing = draft.drawing
    if not isinstance(drawing, AlignedCorridorDrawing):
        return draft
    pinned = await stored.require_version(tx, project_id, drawing.alignment_id, number=drawing.alignment_version, at=at)
    return replace(
        draft,
        drawing=msgspec.structs.replace(drawing, alignment_version=pinned.version.number),
        alignment=pinned.alignment,
        alignment_version_id=pinned.version.id,
    )
