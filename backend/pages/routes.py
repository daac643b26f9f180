"""Routes of the built web apps' files; everybody may read them, they hold nothing of anybody."""

from html import escape
from pathlib import Path
from typing import Any, Literal

from anyio import to_thread
from litestar import Request, Response, Router, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect

from backend.kit import messages
from backend.kit.errors import DaogangError
from backend.pages.errors import AppsNotBuilt, PageFileUnknown
from backend.pages.headers import headers_of
from backend.pages.shelf import Shelf, chosen_encoding

App = Literal["app", "desk"]
NOT_MODIFIED = 304
HOME = Path()
# Files need no database, and no one has to be known to read them.
OPEN = {"public": True}


def answer(app: App, path: Path, request: Request[Any, Any, State], language: str) -> Response[Any]:
    """Answer a path of an app: a file of the build, the first page for a screen of it, or why there is none."""
    if request.scope["raw_path"].partition(b"?")[0] == f"/{app}".encode():
        # The service worker minds what lies below the slash; Litestar takes both paths for one.
        return Redirect(f"/{app}/")
    shelf: Shelf = request.app.state.shelf
    try:
        name = shelf.page_of(app, "" if path == HOME else path.as_posix())
        built = shelf.find(name)
        headers = headers_of(app, built, request.app.state.map_origins)
        if headers["ETag"] in [item.strip() for item in request.headers.get("if-none-match", "").split(",")]:
            return Response(None, status_code=NOT_MODIFIED, headers=headers)
        encoding = chosen_encoding(request.headers.get("accept-encoding", ""), built)
        content = shelf.read(name, encoding)
    except (AppsNotBuilt, PageFileUnknown) as error:
        if "text/html" not in request.headers.get("accept", ""):
            raise
        return told(error, language)
    if encoding is not None:
        headers["Content-Encoding"] = encoding
    return Response(content, media_type=built.type, headers=headers)


def told(error: DaogangError, language: str) -> Response[Any]:
    """Return a page that says what is wrong, for people who came with a browser."""
    words = messages.text(language, error.code)
    page = (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{escape(words.title)}</title>'
        '<meta name="viewport" content="width=device-width"></head>'
        f"<body><h1>{escape(words.title)}</h1><p>{escape(words.advice)}</p><p><code>{error.code}</code></p></body></html>"
    )
    headers = {"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "Cache-Control": "no-store"}
    return Response(page, media_type="text/html", status_code=error.status, headers={**headers, **error.headers})


@get(["/app", "/app/{path:path}"], opt=OPEN, include_in_schema=False)
async def phone_app(
    request: Request[Any, Any, State], language: NamedDependency[str], path: FromPath[Path] = HOME
) -> Response[Any]:
    """Give a file of the phone app, in a thread: it comes from the disk."""
    return await to_thread.run_sync(answer, "app", path, request, language)


@get(["/desk", "/desk/{path:path}"], opt=OPEN, include_in_schema=False)
async def desk(
    request: Request[Any, Any, State], language: NamedDependency[str], path: FromPath[Path] = HOME
) -> Response[Any]:
    """Give a file of the desk, in a thread: it comes from the disk."""
    return await to_thread.run_sync(answer, "desk", path, request, language)


def pages_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/", route_handlers=[phone_app, desk], tags=["Web apps"])
