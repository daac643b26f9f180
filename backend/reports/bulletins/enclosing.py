"""Makes the prints of bulletins that mails enclose: each once, beside every transaction, for whoever may read them."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import structlog

from backend.alerts.channels.model import Enclosure
from backend.alerts.channels.port import Enclosed
from backend.kit.db import Database
from backend.reports.bulletins import queries
from backend.reports.bulletins.reading import document_of, name_of
from backend.reports.rendering.errors import RenderersBusy, RenderingFailed
from backend.reports.rendering.renderer import Renderer

log = structlog.get_logger()

MOST_BYTES: Final = 7_000_000
"""A mail with a larger file would be beyond 10 MB, which many servers refuse."""
KEPT_BYTES: Final = 32_000_000
"""Of what was printed, for the next receivers."""
BEGIN_WITHIN_S: Final = 20.0
"""For so long one call begins prints; the others' turn comes with the next call. A channel's call lasts 90 s."""
PRINT_WALL_S: Final = 20.0
"""Longest that one print may take (a city's takes two seconds)."""


@dataclass(frozen=True, slots=True)
class _Print:
    """A file: the same for everybody who reads its language."""

    bulletin_id: UUID
    edition: int
    language: str


class BulletinPrints:
    """The prints of one process: made one after the other, the last ones kept."""

    def __init__(
        self,
        database: Database,
        renderer: Renderer,
        *,
        most_bytes: int = MOST_BYTES,
        begin_within_s: float = BEGIN_WITHIN_S,
    ) -> None:
        """Print out of `database`; files of more than `most_bytes` are not enclosed."""
        self._database = database
        self._renderer = renderer
        self._most_bytes = most_bytes
        self._begin_within_s = begin_within_s
        self._kept: OrderedDict[_Print, Enclosed] = OrderedDict()
        self._turn = asyncio.Lock()

    async def enclose(self, wanted: Collection[Enclosure]) -> Mapping[Enclosure, Enclosed | None]:
        """Return the print for each that may read its bulletin, None for the others.

        What could not be begun in time is left out. What is too large or cannot be printed comes without content.
        """
        named = {one: _edition_of(one.subject) for one in wanted}
        async with self._database.transaction() as tx:
            rows = await queries.list_readable(tx, {(one.account_id, *edition) for one, edition in named.items()})
        readable = {(row.account_id, row.id, row.edition): row for row in rows}
        until = time.monotonic() + self._begin_within_s
        answers: dict[Enclosure, Enclosed | None] = {}
        made: dict[_Print, Enclosed | None] = {}
        for one, (bulletin_id, edition) in named.items():
            row = readable.get((one.account_id, bulletin_id, edition))
            if row is None:
                answers[one] = None
                continue
            wish = _Print(bulletin_id, edition, one.language)
            if wish not in made:
                name = name_of(row.kind, row.from_on, edition, "pdf")
                made[wish] = await self._print_once(wish, name, row.digest.hex(), until)
            if (file := made[wish]) is not None:
                answers[one] = file
        return answers

    async def _print_once(self, wish: _Print, name: str, digest: str, until: float) -> Enclosed | None:
        """Return a file that is there, or make it; None when it is too late to begin."""
        async with self._turn:
            if (kept := self._kept.get(wish)) is not None:
                self._kept.move_to_end(wish)
                return kept
            if time.monotonic() >= until:
                return None
            try:
                content = await self._print(wish)
            except (RenderersBusy, RenderingFailed) as fault:
                log.warning("bulletins.not_printed", bulletin_id=str(wish.bulletin_id), cause=type(fault).__name__)
                return Enclosed(name=name, digest=digest, lacking="not_made")
            if len(content) > self._most_bytes:
                log.warning("bulletins.print_too_large", bulletin_id=str(wish.bulletin_id), bytes=len(content))
                file = Enclosed(name=name, digest=digest, lacking="too_large")
            else:
                file = Enclosed(name=name, digest=digest, content=content)
            self._keep(wish, file)
            return file

    async def _print(self, wish: _Print) -> bytes:
        # One edition's content at a time: a city's takes megabytes.
        async with self._database.transaction() as tx:
            row = await queries.read_edition(tx, wish.bulletin_id, wish.edition)
        return await self._renderer.render("pdf", document_of(row, wish.language, "pdf"))

    def _keep(self, wish: _Print, file: Enclosed) -> None:
        self._kept[wish] = file
        while sum(len(one.content or b"") for one in self._kept.values()) > KEPT_BYTES:
            self._kept.popitem(last=False)


def _edition_of(subject: str) -> tuple[UUID, int]:
    """Read the key of the fact that an edition was issued: bulletin and edition."""
    bulletin_id, _, edition = subject.partition(":")
    return UUID(bulletin_id), int(edition)
