import asyncio

import pytest

from backend.reports.rendering import renderer as module
from backend.reports.rendering.document import Document
from backend.reports.rendering.errors import RenderersBusy, RenderingFailed
from backend.reports.rendering.renderer import Renderer
from tests.support.pdfs import pages_of

pytestmark = pytest.mark.anyio
DOCUMENT = Document(language="zh-CN", title="周通报", subtitle="第11周", lead=["硚口区"])


async def test_each_form_comes_out_of_a_process_of_its_own() -> None:
    renderer = Renderer()
    printed, book, page = await asyncio.gather(
        renderer.render("pdf", DOCUMENT), renderer.render("xlsx", DOCUMENT), renderer.render("page", DOCUMENT)
    )
    assert "硚口区" in pages_of(printed)[0]
    assert book[:2] == b"PK"
    assert "硚口区".encode() in page


async def test_who_comes_when_too_many_wait_is_told() -> None:
    renderer = Renderer(most_waiting=0)
    first = asyncio.ensure_future(renderer.render("page", DOCUMENT))
    await asyncio.sleep(0)
    with pytest.raises(RenderersBusy):
        await renderer.render("page", DOCUMENT)
    assert await first
    assert await renderer.render("page", DOCUMENT), "its place is free again"


async def test_a_process_that_falls_is_an_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MODULE", "backend.reports.no_such_module")
    with pytest.raises(RenderingFailed):
        await Renderer().render("page", DOCUMENT)


async def test_one_that_takes_too_long_is_ended() -> None:
    with pytest.raises(RenderingFailed):
        await Renderer(wall_s=0.001).render("pdf", DOCUMENT)
