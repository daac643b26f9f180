"""The viewer of the API's document comes whole from this server."""

import re

import httpx
import pytest

from tests.support.routes import application

pytestmark = pytest.mark.anyio


async def ask(path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app=application())  # type: ignore[arg-type] - an ASGI application
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        return await client.get(path)


async def test_each_file_that_the_page_names_is_here_and_none_is_elsewhere() -> None:
    page = await ask("/docs")
    named = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert [name for name in named if not name.startswith(("/docs/", "data:,"))] == []
    kinds: dict[str, str] = {}
    for name in named:
        if name.startswith("/"):
            answer = await ask(name)
            assert answer.status_code == 200, name
            assert answer.headers.get_list("x-content-type-options") == ["nosniff"], name
            kinds[name] = answer.headers["content-type"].split(";")[0]
    assert kinds == {
        "/docs/swagger-ui.css": "text/css",
        "/docs/swagger-ui-bundle.js": "text/javascript",
        "/docs/viewer.js": "text/javascript",
    }


async def test_the_page_lets_no_other_host_and_no_inline_program_in() -> None:
    page = await ask("/docs")
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self';")
    assert "http" not in policy
    assert not re.search(r"<script>", page.text)


async def test_the_program_reads_documents_of_version_3_1() -> None:
    """From 5.0 on Swagger UI shows OpenAPI 3.1, which is what is served."""
    program = (await ask("/docs/swagger-ui-bundle.js")).text
    version = re.search(r'PACKAGE_VERSION:"(\d+)\.', program)
    assert version is not None
    assert int(version[1]) >= 5
    assert (await ask("/docs/openapi.json")).json()["openapi"].startswith("3.1")
