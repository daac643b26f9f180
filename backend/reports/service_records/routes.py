"""Staff routes of the yearly service record: as JSON and as a workbook."""

from typing import Annotated, Final
from uuid import UUID

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from sqlalchemy import text

from backend.attendance.rates.listing import READ
from backend.kit.attachments import XLSX, attached
from backend.kit.guards import Actor
from backend.reports.bulletins.gathering import ONE_SNAPSHOT
from backend.reports.bulletins.issuing import BulletinTools
from backend.reports.rendering.errors import RenderersBusy, RenderingFailed
from backend.reports.service_records.content import ServiceRecord
from backend.reports.service_records.gathering import read_service_record
from backend.reports.service_records.wording import word_record
from backend.sites.errors import ProjectUnknown

RECORD: Final = "/projects/{project_id:uuid}/service-record"
Year = Annotated[int, QueryParameter(ge=2020, le=2100)]


@get(RECORD, opt={"scope": READ, "raises": (ProjectUnknown,)}, summary="Service record of a project's year")
async def show_service_record(
    project_id: FromPath[UUID],
    year: Year,
    actor: NamedDependency[Actor],
    bulletin_tools: NamedDependency[BulletinTools],
    person_id: FromQuery[UUID | None] = None,
) -> ServiceRecord:
    """Show of everybody on a key post, or of one person: posts with dates, months, leave, make-ups, rulings."""
    return await _read(bulletin_tools, actor, project_id, year, person_id)


@get(
    f"{RECORD}/xlsx",
    opt={"scope": READ, "raises": (ProjectUnknown, RenderersBusy, RenderingFailed)},
    summary="Service record of a project's year, as XLSX",
    media_type=XLSX,
)
async def workbook_of_service_record(
    project_id: FromPath[UUID],
    year: Year,
    actor: NamedDependency[Actor],
    bulletin_tools: NamedDependency[BulletinTools],
    language: NamedDependency[str],
    person_id: FromQuery[UUID | None] = None,
) -> Response[bytes]:
    """Write the same as a workbook, a sheet for each part."""
    record = await _read(bulletin_tools, actor, project_id, year, person_id)
    content = await bulletin_tools.renderer.render("xlsx", word_record(language, record))
    return attached(content, XLSX, f"service-record-{year}-{project_id}.xlsx")


async def _read(
    tools: BulletinTools, actor: Actor, project_id: UUID, year: int, person_id: UUID | None
) -> ServiceRecord:
    async with tools.database.transaction() as tx:
        await tx.execute(text(ONE_SNAPSHOT))
        return await read_service_record(tx, actor, project_id, year, person_id, now=tools.clock.now())


def service_records_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/admin/v1", route_handlers=[show_service_record, workbook_of_service_record], tags=["Reports"])
