"""Shows a photo to who may see it: an audited look, and a copy that says whose it is and who looked."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from backend.evidence.photos import viewing_queries as queries
from backend.evidence.photos.captions import Caption
from backend.evidence.photos.errors import ExaminersBusy, UseUnknown
from backend.evidence.photos.reading import read_kept
from backend.evidence.photos.schemas import ViewBody
from backend.identity.audit import record_act
from backend.kit import messages
from backend.kit.blobs import BlobStore
from backend.kit.clock import Clock
from backend.kit.crypto import DataKeys
from backend.kit.db import Database
from backend.kit.guards import Actor
from backend.sites.model import zone_of

MOST_WAITING: Final = 8
_TIME: Final = "%Y-%m-%d %H:%M:%S %z"


class Easel:
    """One thread that draws, and a short queue before it: phones check in on the event loop."""

    def __init__(self, most_waiting: int = MOST_WAITING) -> None:
        """Let at most `most_waiting` wait."""
        self._places = 1 + most_waiting
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="easel")

    async def draw(self, picture: bytes, caption: Caption) -> bytes:
        """Draw a viewing copy; raises ExaminersBusy when too many wait."""
        if not self._places:
            raise ExaminersBusy
        self._places -= 1
        try:
            return await asyncio.wrap_future(self._thread.submit(_draw, picture, caption))
        finally:
            self._places += 1

    def close(self) -> None:
        """Let the thread end; what it is at is finished first."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def _draw(picture: bytes, caption: Caption) -> bytes:
    from backend.evidence.photos.watermark import draw_viewing_copy  # noqa: PLC0415 - a server starts without Pillow

    return draw_viewing_copy(picture, caption)


@dataclass(frozen=True, kw_only=True, slots=True)
class ViewingTools:
    """What looking at photos works with."""

    database: Database
    data_keys: DataKeys
    blobs: BlobStore
    easel: Easel
    clock: Clock


async def view_photo(
    tools: ViewingTools,
    actor: Actor,
    project_id: UUID,
    punch_id: UUID,
    photo_id: UUID,
    body: ViewBody,
    *,
    language: str,
) -> bytes:
    """Return a viewing copy as a JPEG; that somebody looks, and for what, is on record before he sees anything.

    No transaction is open while the photo is read and drawn on. Raises UseUnknown, PhotoGone, ExaminersBusy, BlobsAway.
    """
    now = tools.clock.now()
    async with tools.database.transaction() as tx:
        row = await queries.find_use(tx, actor, project_id, punch_id, photo_id)
        if row is None:
            raise UseUnknown
        await record_act(
            tx,
            actor,
            "photo.viewed",
            "photo",
            photo_id,
            {"purpose": body.purpose, "punch_id": punch_id, "thumbnail": body.thumbnail},
            clock=tools.clock,
            project_id=project_id,
        )
    picture = await read_kept(tools.database, tools.data_keys, tools.blobs, photo_id, thumbnail=body.thumbnail)
    zone = zone_of(row.time_zone)
    viewed = {"viewer": row.viewer, "at": now.astimezone(zone).strftime(_TIME)}
    caption = Caption(
        name=row.name or messages.text(language, "photo_caption.nobody").title,
        taken=row.occurred_at.astimezone(zone).strftime(_TIME),
        site=row.site,
        chainage=row.chainage,
        viewer=messages.text(language, "photo_caption.viewed", viewed).title,
    )
    return await tools.easel.draw(picture, caption)
