"""What a build may weigh and hold: what a phone loads before its first check-in, and nothing from elsewhere."""

import gzip
import json
import re
from pathlib import Path
from typing import Any

import pytest

from tools import web

PHONE = web.DIST / "app"
MOST_BEFORE_THE_FIRST_CHECK_IN = 250_000
"""Bytes as they travel, gzip: a page at 3G has to be there within seconds."""


@pytest.fixture(scope="module", autouse=True)
def built() -> None:
    assert web.is_built(web.source_digest()), (
        "web/dist is of other sources: run `python3 -m tools.web` (make test does)"
    )


def first_load(app: Path = PHONE) -> list[Path]:
    """Return the page and all that it needs before it can be used, following static imports only."""
    chunks: dict[str, dict[str, Any]] = json.loads((app / "manifest.json").read_text())
    wanted, files = ["index.html"], {app / "index.html"}
    seen: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name in seen:
            continue
        seen.add(name)
        chunk = chunks[name]
        files |= {app / chunk["file"], *(app / style for style in chunk.get("css", ()))}
        wanted += chunk.get("imports", ())
    return sorted(files)


def test_little_is_loaded_before_the_first_check_in() -> None:
    weights = {path.name: len(gzip.compress(path.read_bytes(), 9)) for path in first_load()}
    assert any(name.endswith(".js") for name in weights)
    assert any(name.endswith(".css") for name in weights)
    assert sum(weights.values()) <= MOST_BEFORE_THE_FIRST_CHECK_IN, weights


def test_the_map_comes_only_with_the_first_map() -> None:
    drawing = [path for path in (web.DIST / "desk" / "assets").glob("*.js") if "maplibregl" in path.read_text()]
    assert drawing, "the desk has maps"
    assert not set(drawing) & set(first_load(web.DIST / "desk"))


def test_charts_come_only_with_the_first_chart() -> None:
    drawing = [path for path in (web.DIST / "desk" / "assets").glob("*.js") if "zrender" in path.read_text()]
    assert drawing, "the desk has charts"
    assert not set(drawing) & set(first_load(web.DIST / "desk"))


@pytest.mark.parametrize("app", ["app", "desk"])
def test_a_page_holds_nothing_that_the_content_policy_forbids(app: str) -> None:
    page = (web.DIST / app / "index.html").read_text()
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert "<style" not in page
    assert " style=" not in page
    assert re.findall(r"\bon[a-z]+=", page) == []
    assert re.findall(r"(?:src|href)=\"(?!/)[^\"]*", page) == []


def test_every_file_of_the_build_is_listed_and_lies_there() -> None:
    listed: dict[str, dict[str, Any]] = json.loads((web.DIST / "files.json").read_text())
    for name, about in listed.items():
        path = web.DIST / name
        assert path.is_file(), name
        for encoding in about["encodings"]:
            assert Path(f"{path}{'.br' if encoding == 'br' else '.gz'}").is_file(), name
    assert {"app/index.html", "app/worker.js", "app/manifest.webmanifest", "desk/index.html"} <= set(listed)
    # Names that never change must not be kept for ever.
    assert not any(about["immutable"] for name, about in listed.items() if "/assets/" not in name)


def test_the_worker_brings_all_screens_of_the_phone_app_along() -> None:
    worker = (PHONE / "worker.js").read_text()
    screens = [path.name for path in (PHONE / "assets").glob("*.js")]
    assert screens
    assert [name for name in [*screens, "index.html"] if name not in worker] == []
