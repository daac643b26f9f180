"""How the web apps' files are served: what is listed and nothing else, packed, cached and confined."""

import gzip
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from litestar import Litestar
from litestar.datastructures import State
from litestar.di import Provide

from backend.dependencies import provide_language
from backend.kit.guards import authorize
from backend.kit.problems import EXCEPTION_HANDLERS
from backend.pages.errors import AppsNotBuilt, PageFileUnknown
from backend.pages.routes import pages_router
from backend.pages.shelf import BuiltFile, Shelf, chosen_encoding
from tests.support.apps import client_of

SCRIPT = b"export const ready = true;\n" * 40
PAGE = b"<!doctype html><title>app</title>"
MAP_ORIGINS = ("https://tiles.example",)


def build(folder: Path, page: bytes = PAGE) -> Path:
    """Write a build of one page and one script for each app, as web/build.mjs lists them."""
    listed: dict[str, object] = {}
    for app in ("app", "desk"):
        (folder / app / "assets").mkdir(parents=True, exist_ok=True)
        (folder / app / "index.html").write_bytes(page)
        (folder / app / "assets" / "main-x1.js").write_bytes(SCRIPT)
        (folder / app / "assets" / "main-x1.js.gz").write_bytes(gzip.compress(SCRIPT))
        listed[f"{app}/index.html"] = {
            "type": "text/html",
            "tag": f"p{len(page)}",
            "immutable": False,
            "encodings": [],
        }
        listed[f"{app}/assets/main-x1.js"] = {
            "type": "text/javascript",
            "tag": "s1",
            "immutable": True,
            "encodings": ["gzip"],
        }
    half = folder / "files.new"
    half.write_text(json.dumps(listed))
    half.replace(folder / "files.json")
    (folder / "secret.txt").write_text("not of the build")
    return folder


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = Litestar(
        route_handlers=[pages_router()],
        state=State({"shelf": Shelf(tmp_path), "map_origins": MAP_ORIGINS}),
        dependencies={"language": Provide(provide_language, sync_to_thread=False)},
        guards=[authorize],
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=None,
    )
    async with client_of(app) as connected:
        yield connected


@pytest.mark.parametrize("app", ["app", "desk"])
async def test_a_page_is_confined_and_asked_for_anew(client: httpx.AsyncClient, tmp_path: Path, app: str) -> None:
    build(tmp_path)
    answer = await client.get(f"/{app}/")
    assert (answer.status_code, answer.content) == (200, PAGE)
    assert answer.headers["cache-control"] == "no-cache"
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["worker-src"].startswith("'self'")
    assert "unsafe" not in policy["style-src"]
    # The desk alone has maps; nothing but their tiles may come from elsewhere.
    assert policy["connect-src"] == ("'self' https://tiles.example" if app == "desk" else "'self'")
    assert "example" not in answer.headers["content-security-policy"].replace(policy["connect-src"], "")
    assert policy["frame-ancestors"] == "'none'"
    assert "geolocation=(self)" in answer.headers["permissions-policy"]
    assert "microphone=()" in answer.headers["permissions-policy"]
    again = await client.get(f"/{app}/", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_a_hashed_file_is_kept_for_ever_and_packed_for_who_takes_it(
    client: httpx.AsyncClient, tmp_path: Path
) -> None:
    build(tmp_path)
    packed = await client.get("/app/assets/main-x1.js", headers={"Accept-Encoding": "gzip"})
    plain = await client.get("/app/assets/main-x1.js", headers={"Accept-Encoding": "identity"})
    assert packed.headers.get("content-encoding") == "gzip", packed.headers
    assert "content-encoding" not in plain.headers
    assert packed.content == plain.content == SCRIPT
    for answer in (packed, plain):
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert answer.headers["vary"] == "Accept-Encoding"
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"


@pytest.mark.parametrize("path", ["/app/records", "/app/notices/7f", "/desk/projects/1/fence"])
async def test_a_screen_of_an_app_is_shown_by_its_first_page(
    client: httpx.AsyncClient, tmp_path: Path, path: str
) -> None:
    build(tmp_path)
    assert (await client.get(path)).content == PAGE


@pytest.mark.parametrize(
    "path",
    [
        "/app/assets/gone-x0.js",
        "/app/secret.txt",
        "/app/../secret.txt",
        "/app/%2e%2e/secret.txt",
        "/app/..%2fsecret.txt",
        "/desk/assets/main-x1.js.gz",
        "/app//etc/passwd.txt",
    ],
)
async def test_what_is_not_listed_does_not_exist(client: httpx.AsyncClient, tmp_path: Path, path: str) -> None:
    build(tmp_path)
    answer = await client.get(path)
    assert answer.status_code == 404
    assert answer.json()["code"] in {"pages.unknown_file", "request.unknown_path"}


async def test_without_a_build_people_get_a_page_and_programs_a_problem(client: httpx.AsyncClient) -> None:
    page = await client.get("/app/", headers={"Accept": "text/html", "Accept-Language": "en"})
    assert page.status_code == 503
    assert "<h1>The web apps are not built</h1>" in page.text
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.headers["retry-after"] == "30"
    problem = await client.get("/desk/", headers={"Accept": "application/json"})
    assert (problem.status_code, problem.json()["code"]) == (503, "pages.not_built")


async def test_the_bare_name_leads_to_the_app(client: httpx.AsyncClient) -> None:
    for app in ("app", "desk"):
        answer = await client.get(f"/{app}")
        assert (answer.is_redirect, answer.headers["location"]) == (True, f"/{app}/")


def test_a_new_build_takes_the_old_ones_place_without_a_restart(tmp_path: Path) -> None:
    shelf = Shelf(build(tmp_path))
    old = shelf.find("app/index.html").tag
    build(tmp_path, PAGE + b"<p>new")
    os.utime(tmp_path / "files.json", ns=(1, 1))  # a clock of one second's steps would hide it
    assert shelf.find("app/index.html").tag != old
    (tmp_path / "app" / "index.html").unlink()
    with pytest.raises(PageFileUnknown):
        shelf.read("app/index.html", None)
    (tmp_path / "files.json").write_text("{half")
    with pytest.raises(AppsNotBuilt):
        shelf.find("app/index.html")


BUILT = BuiltFile("text/css", "t", immutable=True, encodings=("br", "gzip"))


@pytest.mark.parametrize(
    ("accepted", "chosen"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("*", "br"),
        ("*;q=0", None),
        ("identity", None),
        ("", None),
        ("BR", "br"),
        ("br;q=wrong, gzip", "gzip"),
    ],
)
def test_the_smallest_packing_that_is_taken_is_chosen(accepted: str, chosen: str | None) -> None:
    assert chosen_encoding(accepted, BUILT) == chosen
    assert chosen_encoding(accepted, BuiltFile("image/png", "t", immutable=True)) is None


@given(st.text(max_size=60))
def test_no_header_breaks_the_choice(accepted: str) -> None:
    assert chosen_encoding(accepted, BUILT) in {"br", "gzip", None}
