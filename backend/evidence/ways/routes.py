"""Routes of staff and screens: site codes, proofs of presence, and what speaks of misuse."""

from typing import Annotated
from uuid import UUID

from litestar import MediaType, Response, Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, PathParameter, QueryParameter

from backend.evidence.ways import errors, proofs, signals, site_screens
from backend.evidence.ways.schemas import (
    NewSiteCodeAnswer,
    PresenceSignalAnswer,
    ShownCodeAnswer,
    SiteCodeAnswer,
    SiteCodeBody,
    StaffProofAnswer,
)
from backend.evidence.ways.screen_page import page_of
from backend.evidence.ways.signals import READ
from backend.kit import messages
from backend.kit.clock import Clock
from backend.kit.crypto import FieldCipher
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.sites.errors import ProjectUnknown
from backend.sites.projects import require_project
from backend.sites.queries import WRITE

CODES = "/admin/v1/projects/{project_id:uuid}/site-codes"
CODE = CODES + "/{code_id:uuid}"
SCREEN = "/screens/v1/site-codes/{screen_token:str}"
NO_STORE = {"Cache-Control": "no-store"}
PAGE_HEADERS = {
    **NO_STORE,
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
}
ScreenToken = Annotated[str, PathParameter(pattern="^[0-9A-Za-z_-]{43}$", description="end of the screen's address")]
PageSize = Annotated[int, QueryParameter(ge=1, le=200)]


@post(CODES, opt={"scope": WRITE, "raises": (ProjectUnknown,)}, summary="Set up a rotating site code")
async def create_site_code(
    project_id: FromPath[UUID],
    data: JSONBody[SiteCodeBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    field_cipher: NamedDependency[FieldCipher],
) -> NewSiteCodeAnswer:
    """Set up a code for a gate or screen; whoever has the screen's address sees the code, so keep it to the screen."""
    made = await site_screens.create_site_code(tx, actor, project_id, data.name, cipher=field_cipher, clock=clock)
    return NewSiteCodeAnswer(
        code_id=made.id,
        name=made.name,
        created_at=made.created_at,
        screen_path=SCREEN.replace("{screen_token:str}", made.token),
    )


@get(CODES, opt={"scope": WRITE, "raises": (ProjectUnknown,)}, summary="List a project's site codes")
async def list_site_codes(
    project_id: FromPath[UUID], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> list[SiteCodeAnswer]:
    """List the codes that are shown, oldest first."""
    rows = await site_screens.list_site_codes(tx, actor, project_id)
    return [SiteCodeAnswer(code_id=row.id, name=row.name, created_at=row.created_at) for row in rows]


@get(
    CODE + "/shown",
    opt={"scope": WRITE, "raises": (ProjectUnknown, errors.SiteCodeUnknown)},
    summary="Show a site code",
)
async def show_site_code(
    project_id: FromPath[UUID],
    code_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    field_cipher: NamedDependency[FieldCipher],
) -> Response[ShownCodeAnswer]:
    """Show what is on the screen now, for whoever holds his own device up instead."""
    shown = await site_screens.show_site_code(tx, actor, project_id, code_id, cipher=field_cipher, clock=clock)
    return Response(_answer(shown), headers=NO_STORE)


@delete(CODE, opt={"scope": WRITE, "raises": (ProjectUnknown, errors.SiteCodeUnknown)}, summary="End a site code")
async def end_site_code(
    project_id: FromPath[UUID],
    code_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> None:
    """End a code at once; its screen goes dark, what was scanned before is still taken."""
    await site_screens.end_site_code(tx, actor, project_id, code_id, clock=clock)


@get(
    SCREEN,
    opt={"public": True, "raises": (errors.SiteCodeUnknown,)},
    media_type=MediaType.HTML,
    summary="The page of a site's screen",
)
async def show_screen(
    screen_token: ScreenToken,
    tx: NamedDependency[Tx],
    clock: NamedDependency[Clock],
    field_cipher: NamedDependency[FieldCipher],
) -> Response[str]:
    """Show the present code as a page that renews itself; it needs neither a log-in nor JavaScript."""
    shown = await site_screens.show_screen(tx, screen_token, cipher=field_cipher, clock=clock)
    return Response(page_of(shown, clock.now()), headers=PAGE_HEADERS, media_type=MediaType.HTML)


@get(
    SCREEN + "/shown",
    opt={"public": True, "raises": (errors.SiteCodeUnknown,)},
    summary="What a site's screen shows",
)
async def show_on_screen(
    screen_token: ScreenToken,
    tx: NamedDependency[Tx],
    clock: NamedDependency[Clock],
    field_cipher: NamedDependency[FieldCipher],
) -> Response[ShownCodeAnswer]:
    """Give the present code to a gate or screen that draws it itself."""
    shown = await site_screens.show_screen(tx, screen_token, cipher=field_cipher, clock=clock)
    return Response(_answer(shown), headers=NO_STORE)


@get(
    "/admin/v1/projects/{project_id:uuid}/presence-proofs",
    opt={"scope": READ, "raises": (ProjectUnknown,)},
    summary="Proofs of presence on a project",
)
async def list_proofs(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    person_id: FromQuery[UUID | None] = None,
    after: FromQuery[UUID | None] = None,
    limit: PageSize = 50,
) -> Page[StaffProofAnswer]:
    """List proofs of people whom the caller may see, latest first, each with the punch that took it."""
    await require_project(tx, actor, project_id, scope=READ)
    rows = await proofs.list_proofs(tx, actor, project_id, person_id=person_id, after=after, limit=limit + 1)
    items = [StaffProofAnswer(**row) for row in rows[:limit]]
    return Page(items=items, next=str(items[-1].proof_id) if len(rows) > limit else None)


@get(
    "/admin/v1/projects/{project_id:uuid}/presence-signals",
    opt={"scope": READ, "raises": (ProjectUnknown,)},
    summary="What speaks of misuse of a way",
)
async def list_signals(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    language: NamedDependency[str],
    after: FromQuery[UUID | None] = None,
    limit: PageSize = 50,
) -> Page[PresenceSignalAnswer]:
    """List signals about people whom the caller may see, latest first, each with the numbers that it rests on."""
    await require_project(tx, actor, project_id, scope=READ)
    rows = await signals.list_signals(tx, actor, project_id, after=after, limit=limit + 1)
    items: list[PresenceSignalAnswer] = []
    for row in rows[:limit]:
        words = messages.text(language, f"presence_signal.{row.kind}", row.evidence)
        items.append(
            PresenceSignalAnswer(
                id=row.id,
                person_id=row.person_id,
                kind=row.kind,
                title=words.title,
                advice=words.advice,
                found_at=row.found_at,
                evidence=row.evidence,
            )
        )
    return Page(items=items, next=str(items[-1].id) if len(rows) > limit else None)


def _answer(shown: site_screens.Shown) -> ShownCodeAnswer:
    return ShownCodeAnswer(name=shown.name, code=shown.text, svg=shown.svg, changes_at=shown.changes_at)


def ways_router() -> Router:
    """Join the routes of this file."""
    return Router(
        path="/",
        route_handlers=[
            create_site_code,
            list_site_codes,
            show_site_code,
            end_site_code,
            show_screen,
            show_on_screen,
            list_proofs,
            list_signals,
        ],
        tags=["Presence"],
    )
