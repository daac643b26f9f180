"""Staff routes of bulletins: list, draft, issue, issue again, read in every form, settings."""

from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from litestar import Request, Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend.kit.attachments import XLSX, attached
from backend.kit.clock import Clock
from backend.kit.cursors import CursorInvalid
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.reports.bulletins import errors, issuing, reading
from backend.reports.bulletins.issuing import BulletinTools
from backend.reports.bulletins.queries import ISSUE, READ
from backend.reports.bulletins.schemas import (
    BulletinAnswer,
    BulletinLine,
    DifferencesAnswer,
    DraftAnswer,
    IssueAgainBody,
    IssueBody,
    IssuedAnswer,
    SettingsAnswer,
    SettingsBody,
)
from backend.reports.rendering.errors import RenderersBusy, RenderingFailed
from backend.reports.rendering.limits import Form
from backend.reports.rendering.page import policy

BYTES = "application/octet-stream"
HTML = "text/html"
PDF = "application/pdf"
Kind = Literal["daily", "weekly"]
Edition = Annotated[int, QueryParameter(ge=1, le=9999)]
LastUnlessTold = Annotated[int | None, QueryParameter(ge=1, le=9999)]
RENDERED = (errors.BulletinUnknown, RenderersBusy, RenderingFailed)
OF_PERIOD = (errors.ScopeNotOwn, errors.PeriodNotOver, errors.PeriodTooEarly)


@get("/bulletins", opt={"scope": READ, "raises": (CursorInvalid,)}, summary="Bulletins that were issued")
async def list_bulletins(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    kind: FromQuery[Kind | None] = None,
    district_id: FromQuery[UUID | None] = None,
    after: FromQuery[str | None] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=200)] = 50,
) -> Page[BulletinLine]:
    """List bulletins of the city and of districts that one may see, latest period first."""
    return await reading.list_bulletins(tx, actor, kind=kind, district_id=district_id, after=after, limit=limit)


@post(
    "/bulletins",
    opt={"scope": ISSUE, "raises": (*OF_PERIOD, errors.AlreadyIssued)},
    summary="Issue the bulletin of a period",
)
async def issue_bulletin(
    data: JSONBody[IssueBody],
    actor: NamedDependency[Actor],
    bulletin_tools: NamedDependency[BulletinTools],
) -> IssuedAnswer:
    """Freeze the figures as they are now, publish them with their digest, and tell those whom it is for."""
    bulletin_id = await issuing.issue(bulletin_tools, actor, data.kind, data.on, data.district_id)
    return IssuedAnswer(id=bulletin_id, edition=1)


@get("/bulletin-draft", opt={"scope": READ, "raises": OF_PERIOD}, summary="What a bulletin would say now")
async def draft_bulletin(
    kind: FromQuery[Kind],
    on: FromQuery[date],
    actor: NamedDependency[Actor],
    bulletin_tools: NamedDependency[BulletinTools],
    district_id: FromQuery[UUID | None] = None,
) -> DraftAnswer:
    """Compute it without keeping anything; a draft is never delivered."""
    return DraftAnswer(content=await issuing.draft(bulletin_tools, actor, kind, on, district_id))


@get(
    "/bulletins/{bulletin_id:uuid}",
    opt={"scope": READ, "raises": (errors.BulletinUnknown,)},
    summary="A bulletin and its editions",
)
async def show_bulletin(
    bulletin_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    edition: LastUnlessTold = None,
) -> BulletinAnswer:
    """Show an edition, the last one unless told otherwise."""
    return await reading.show(tx, actor, bulletin_id, edition)


@post(
    "/bulletins/{bulletin_id:uuid}/editions",
    opt={"scope": ISSUE, "raises": (errors.BulletinUnknown, errors.NothingChanged, errors.AlreadyIssued)},
    summary="Issue a bulletin again",
)
async def issue_again(
    bulletin_id: FromPath[UUID],
    data: JSONBody[IssueAgainBody],
    actor: NamedDependency[Actor],
    bulletin_tools: NamedDependency[BulletinTools],
) -> IssuedAnswer:
    """Publish a new edition with its reason where the figures changed; the editions before stay as they are."""
    number = await issuing.issue_again(bulletin_tools, actor, bulletin_id, data.reason)
    return IssuedAnswer(id=bulletin_id, edition=number)


@get(
    "/bulletins/{bulletin_id:uuid}/differences",
    opt={"scope": READ, "raises": (errors.BulletinUnknown,)},
    summary="What an edition says otherwise than the one before",
)
async def compare_editions(
    bulletin_id: FromPath[UUID], edition: Edition, tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> DifferencesAnswer:
    """List the places, with both values and whose they are; the first edition has none before it."""
    return await reading.compare(tx, actor, bulletin_id, edition)


@get(
    "/bulletins/{bulletin_id:uuid}/frozen",
    opt={"scope": READ, "raises": (errors.BulletinUnknown,)},
    summary="The very bytes of which the digest is",
    media_type=BYTES,
)
async def frozen_bulletin(
    bulletin_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    edition: LastUnlessTold = None,
) -> Response[bytes]:
    """Give the canonical JSON; its SHA-256 is the digest that stands on every form."""
    row = await reading.find(tx, actor, bulletin_id, edition)
    return attached(row.content, BYTES, reading.name_of(row.kind, row.from_on, row.edition, "json"))


@get(
    "/bulletins/{bulletin_id:uuid}/page",
    opt={"scope": READ, "raises": RENDERED},
    summary="A bulletin as a web page",
    media_type=HTML,
)
async def page_of_bulletin(
    request: Request[Any, Any, Any],
    bulletin_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    bulletin_tools: NamedDependency[BulletinTools],
    language: NamedDependency[str],
    edition: LastUnlessTold = None,
) -> Response[bytes]:
    """Write one page without scripts that prints well."""
    del request
    _, content = await _rendered(bulletin_tools, actor, bulletin_id, edition, language, "page")
    headers = {
        "Content-Security-Policy": policy(),
        "Referrer-Policy": "no-referrer",
    }
    return Response(content, media_type=f"{HTML}; charset=utf-8", headers=headers)


@get(
    "/bulletins/{bulletin_id:uuid}/xlsx",
    opt={"scope": READ, "raises": RENDERED},
    summary="A bulletin as a workbook",
    media_type=XLSX,
)
async def workbook_of_bulletin(
    bulletin_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    bulletin_tools: NamedDependency[BulletinTools],
    language: NamedDependency[str],
    edition: LastUnlessTold = None,
) -> Response[bytes]:
    """Write every table with its numbers, and charts of them; every project of the annexes is in it."""
    return await _file(bulletin_tools, actor, bulletin_id, edition, language, "xlsx")


@get(
    "/bulletins/{bulletin_id:uuid}/pdf",
    opt={"scope": READ, "raises": RENDERED},
    summary="A bulletin as a print",
    media_type=PDF,
)
async def print_of_bulletin(
    bulletin_id: FromPath[UUID],
    actor: NamedDependency[Actor],
    bulletin_tools: NamedDependency[BulletinTools],
    language: NamedDependency[str],
    edition: LastUnlessTold = None,
) -> Response[bytes]:
    """Write a PDF of A4 pages."""
    return await _file(bulletin_tools, actor, bulletin_id, edition, language, "pdf")


@get("/bulletin-settings", opt={"scope": READ, "raises": (errors.ScopeNotOwn,)}, summary="How bulletins are issued")
async def show_settings(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], district_id: FromQuery[UUID | None] = None
) -> SettingsAnswer:
    """Show the settings of the city, or of a district."""
    return await reading.show_settings(tx, actor, district_id)


@put(
    "/bulletin-settings", opt={"scope": ISSUE, "raises": (errors.ScopeNotOwn,)}, summary="Set how bulletins are issued"
)
async def keep_settings(
    data: JSONBody[SettingsBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> SettingsAnswer:
    """Say who issues daily and weekly bulletins, by schedule or by hand, and what authority stands on them."""
    return await reading.keep_settings(tx, actor, data, clock)


async def _file(
    tools: BulletinTools, actor: Actor, bulletin_id: UUID, edition: int | None, language: str, form: Form
) -> Response[bytes]:
    row, content = await _rendered(tools, actor, bulletin_id, edition, language, form)
    media_type = PDF if form == "pdf" else XLSX
    return attached(content, media_type, reading.name_of(row.kind, row.from_on, row.edition, form))


async def _rendered(
    tools: BulletinTools, actor: Actor, bulletin_id: UUID, edition: int | None, language: str, form: Form
) -> tuple[AnyRow, bytes]:
    # The transaction ends before the rendering, which takes seconds: connections are few.
    async with tools.database.transaction() as tx:
        row = await reading.find(tx, actor, bulletin_id, edition)
    return row, await tools.renderer.render(form, reading.document_of(row, language, form))


def bulletins_router() -> Router:
    """Join the routes of this file."""
    handlers = [
        list_bulletins,
        issue_bulletin,
        draft_bulletin,
        show_bulletin,
        issue_again,
        compare_editions,
        frozen_bulletin,
        page_of_bulletin,
        workbook_of_bulletin,
        print_of_bulletin,
        show_settings,
        keep_settings,
    ]
    return Router(path="/admin/v1", route_handlers=handlers, tags=["Bulletins"])
