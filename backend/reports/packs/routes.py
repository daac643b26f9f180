"""The staff route of evidence packs."""

from typing import Annotated, Final
from uuid import UUID

from litestar import Response, Router, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from backend.attendance.rates.errors import SpanInvalid
from backend.kit.attachments import attached
from backend.kit.guards import Actor
from backend.kit.wire import Wire
from backend.ledger.queries import READ
from backend.reports.packs.errors import PacksTooMany
from backend.reports.packs.making import Asked, PackTools, make_for_staff, name_of
from backend.reports.rendering.errors import RenderersBusy, RenderingFailed
from backend.sites.errors import PersonUnknown, ProjectUnknown
from backend.sites.schemas import Purpose

ZIP: Final = "application/zip"
MAKING: Final = (SpanInvalid, PacksTooMany, RenderersBusy, RenderingFailed)
Month = Annotated[str, Meta(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", examples=["2026-03"])]


class PackBody(Wire, frozen=True, kw_only=True):
    """The month (YYYY-MM) and what the pack is for; both are on record."""

    month: Month
    purpose: Purpose


@post(
    "/projects/{project_id:uuid}/people/{person_id:uuid}/evidence-packs",
    status_code=200,
    opt={"scope": READ, "raises": (ProjectUnknown, PersonUnknown, *MAKING)},
    summary="Evidence pack of a person's month",
    media_type=ZIP,
)
async def make_evidence_pack(
    project_id: FromPath[UUID],
    person_id: FromPath[UUID],
    data: JSONBody[PackBody],
    actor: NamedDependency[Actor],
    pack_tools: NamedDependency[PackTools],
    language: NamedDependency[str],
) -> Response[bytes]:
    """Zip the month as print and JSON with the proofs of every entry, the signed head, and what checks them offline."""
    asked = Asked(project_id=project_id, person_id=person_id, month=data.month, purpose=data.purpose, language=language)
    return attached(await make_for_staff(pack_tools, actor, asked), ZIP, name_of(asked))


def packs_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/admin/v1", route_handlers=[make_evidence_pack], tags=["Reports"])
