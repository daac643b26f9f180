"""Has documents rendered in processes beside this one, one at a time: a server's memory stays what it is."""

import asyncio
import sys
from asyncio.subprocess import PIPE
from contextlib import suppress
from typing import Final

import msgspec
import structlog

from backend.kit import messages
from backend.reports.rendering.document import Document
from backend.reports.rendering.errors import RenderersBusy, RenderingFailed
from backend.reports.rendering.limits import MOST_WAITING, WALL_S, Form, Order

log = structlog.get_logger()

MODULE: Final = "backend.reports.rendering.rendering_child"
# Nothing of the server's surroundings gets into the process: no addresses, no keys.
_SURROUNDINGS: Final = {"LC_ALL": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1"}


class Renderer:
    """One rendering process at a time and the short queue before it."""

    def __init__(self, *, most_waiting: int = MOST_WAITING, wall_s: float = WALL_S) -> None:
        """Prepare for at most `most_waiting` besides the one at work, and `wall_s` seconds for each document."""
        self._places = 1 + most_waiting
        self._wall_s = wall_s
        self._turn = asyncio.Lock()

    async def render(self, form: Form, document: Document) -> bytes:
        """Return the document as a web page, a workbook or a print; raises RenderersBusy or RenderingFailed."""
        if not self._places:
            raise RenderersBusy
        words = messages.catalogue(document.language)
        order = Order(
            form=form,
            document=document,
            summary=words["bulletins.sheet_summary"].title,
            page=words["bulletins.page"].title,
        )
        self._places -= 1
        try:
            async with self._turn:
                return await self._run(msgspec.msgpack.encode(order))
        finally:
            self._places += 1

    async def _run(self, order: bytes) -> bytes:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-m", MODULE, stdin=PIPE, stdout=PIPE, stderr=PIPE, env=_SURROUNDINGS
        )
        try:
            made, trace = await asyncio.wait_for(process.communicate(order), self._wall_s)
        except TimeoutError as fault:
            log.warning("reports.rendering_too_long", seconds=self._wall_s)
            raise RenderingFailed from fault
        finally:
            # Also when whoever asked went away: nobody waits for the file any more.
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    process.kill()
                await process.wait()
        if process.returncode != 0 or not made:
            log.error(
                "reports.renderer_fell", status=process.returncode, trace=trace[-4000:].decode("utf-8", "replace")
            )
            raise RenderingFailed
        return made
