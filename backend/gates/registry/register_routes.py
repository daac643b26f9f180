"""Staff routes of the key register: files for any period, the report of a year."""

from asyncio import to_thread
from datetime import date
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter

from backend.gates import errors
from backend.gates.registry import key_register, queries
from backend.gates.registry.key_schemas import KeyReportAnswer
from backend.gates.registry.register_files import csv_register, xlsx_register
from backend.kit import messages
from backend.kit.attachments import CSV, XLSX, attached
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.errors import ProjectUnknown

Year = Annotated[int, QueryParameter(ge=2020, le=2100)]
PERIOD = (ProjectUnknown, errors.PeriodEmpty, errors.RegisterTooLong)


@get(
    "/gate-key-register/csv",
    opt={"scope": queries.READ, "raises": PERIOD},
    summary="Register of gate keys in a period, as CSV",
    media_type=CSV,
)
async def csv_key_register(
    request: Request[Any, Any, Any],
    from_on: FromQuery[date],
    to_on: FromQuery[date],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    project_id: FromQuery[UUID | None] = None,
) -> Response[bytes]:
    """Write every step from `from_on` to `to_on` (both included) of one project, or of all that one sees."""
    rows = await key_register.read_register(tx, actor, project_id, from_on=from_on, to_on=to_on)
    content = await to_thread(csv_register, rows, _language(request))
    return attached(content, CSV, f"key-register-{from_on:%Y%m%d}-{to_on:%Y%m%d}.csv")


@get(
    "/gate-key-register/xlsx",
    opt={"scope": queries.READ, "raises": PERIOD},
    summary="Register of gate keys in a period, as XLSX",
    media_type=XLSX,
)
async def xlsx_key_register(
    request: Request[Any, Any, Any],
    from_on: FromQuery[date],
    to_on: FromQuery[date],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    project_id: FromQuery[UUID | None] = None,
) -> Response[bytes]:
    """Write the same as a workbook whose cells are all text."""
    rows = await key_register.read_register(tx, actor, project_id, from_on=from_on, to_on=to_on)
    content = await to_thread(xlsx_register, rows, _language(request))
    return attached(content, XLSX, f"key-register-{from_on:%Y%m%d}-{to_on:%Y%m%d}.xlsx")


@get(
    "/gate-key-report",
    opt={"scope": queries.READ, "raises": (errors.RegisterTooLong,)},
    summary="Gate keys of a year, by project",
)
async def key_report(
    year: Year, tx: NamedDependency[Tx], actor: NamedDependency[Actor], clock: NamedDependency[Clock]
) -> KeyReportAnswer:
    """Count the steps of each kind, and the keys that were live at the year's end (or are now)."""
    totals, _ = await key_register.report_year(tx, actor, year, clock=clock)
    return KeyReportAnswer(year=year, projects=totals)


@get(
    "/gate-key-report/xlsx",
    opt={"scope": queries.READ, "raises": (errors.RegisterTooLong,)},
    summary="Gate keys of a year, as XLSX",
    media_type=XLSX,
)
async def xlsx_key_report(
    request: Request[Any, Any, Any],
    year: Year,
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> Response[bytes]:
    """Write the totals, and the year's register on a second sheet."""
    totals, rows = await key_register.report_year(tx, actor, year, clock=clock)
    content = await to_thread(xlsx_register, rows, _language(request), year=year, totals=totals)
    return attached(content, XLSX, f"key-report-{year}.xlsx")


def _language(request: Request[Any, Any, Any]) -> str:
    return messages.pick_language(request.headers.get("accept-language"))
