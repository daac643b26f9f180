"""Routes of rosters: the empty form to fill in, and the import of a filled one."""

from dataclasses import dataclass
from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import FromPath, QueryParameter

from backend.identity.services import IdentityServices
from backend.kit import messages
from backend.kit.attachments import CSV, XLSX, attached
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.errors import MediaTypeUnknown
from backend.kit.guards import Actor
from backend.sites import errors, queries, roster_errors, roster_import, roster_template
from backend.sites.roster import Fault
from backend.sites.roster_files import MAX_BYTES, FileKind
from backend.sites.roster_schemas import RosterAnswer, RosterCounts, RosterFault

KINDS: Final[dict[str, FileKind]] = {CSV: "csv", XLSX: "xlsx"}
# Litestar cuts bodies off itself; a little more than the limit lets our own refusal name it.
BODY_LIMIT: Final = MAX_BYTES + 1_000_000


@dataclass
class RosterOperation(Operation):
    """Documents the file as the body, which the handler reads itself: it is hashed as it came."""

    def __post_init__(self) -> None:
        """Name the two kinds of file."""
        file = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        empty = roster_template.csv_template().decode("utf-8-sig")
        self.request_body = RequestBody(
            content={CSV: OpenAPIMediaType(schema=file, example=empty), XLSX: OpenAPIMediaType(schema=file)},
            required=True,
        )


@get(
    "/roster-template/csv",
    opt={"scope": queries.READ, "database": False},
    summary="Get an empty roster as CSV",
    media_type=CSV,
    sync_to_thread=False,
)
def csv_form() -> Response[bytes]:
    """Get the header line, with a byte order mark, without which spreadsheets take UTF-8 for GBK."""
    return attached(roster_template.csv_template(), CSV, "roster.csv")


@get(
    "/roster-template/xlsx",
    opt={"scope": queries.READ, "database": False},
    summary="Get an empty roster as XLSX",
    media_type=XLSX,
    sync_to_thread=True,
)
def xlsx_form() -> Response[bytes]:
    """Get a workbook with all columns as text and the allowed words as lists."""
    return attached(roster_template.xlsx_template(), XLSX, "roster.xlsx")


@post(
    "/projects/{project_id:uuid}/roster-imports",
    status_code=200,
    opt={
        "scope": roster_import.IMPORT,
        "body": True,
        "raises": [
            MediaTypeUnknown,
            errors.ProjectUnknown,
            roster_errors.RosterTooLarge,
            roster_errors.RosterTooLong,
            roster_errors.RosterEncoding,
            roster_errors.RosterUnreadable,
            roster_errors.RosterHeader,
            roster_errors.RosterRaced,
        ],
    },
    operation_class=RosterOperation,
    request_max_body_size=BODY_LIMIT,
    summary="Import a roster",
)
async def import_roster(  # noqa: PLR0913 - the file, two switches, and what every writing route takes
    *,
    project_id: FromPath[UUID],
    request: Request[Any, Any, Any],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    identity_services: NamedDependency[IdentityServices],
    language: NamedDependency[str],
    dry_run: Annotated[bool, QueryParameter(description="only tell what would happen")] = False,
    partial: Annotated[bool, QueryParameter(description="import the good lines of a file with faulty ones")] = False,
) -> RosterAnswer:
    """Import a roster: the file is the body, up to 5 MB and 5 000 rows.

    Every fault is told with its line and column. A file with faults is refused as a whole (`outcome` is `refused` and
    nothing is written) unless `partial` is asked for. The same file a second time changes nothing.
    """
    kind = KINDS.get(request.headers.get("content-type", "").split(";")[0].strip().lower())
    if kind is None:
        raise MediaTypeUnknown
    command = roster_import.RosterImport(body=await request.body(), kind=kind, dry_run=dry_run, partial=partial)
    report = await roster_import.import_roster(tx, actor, project_id, command, clock=clock, services=identity_services)
    return _answer(report, language)


def _answer(report: roster_import.RosterReport, language: str) -> RosterAnswer:
    plan = report.plan
    counts = RosterCounts(
        lines=report.roster.lines,
        created=plan.created,
        updated=plan.updated,
        unchanged=plan.unchanged,
        faulty=report.faulty,
        companies=len(plan.companies),
        parties=len(plan.parties),
        posts=len(plan.posts),
        people=len(plan.people),
        assignments=len(plan.assignments),
        accounts=len(plan.logins),
    )
    return RosterAnswer(
        outcome=report.outcome,
        digest=report.digest,
        counts=counts,
        ignored_columns=list(report.roster.ignored_columns),
        faults=[_fault(fault, language) for fault in report.faults],
    )


def _fault(fault: Fault, language: str) -> RosterFault:
    message = messages.text(language, fault.code, fault.detail)
    return RosterFault(
        line=fault.line, column=fault.column, code=fault.code, message=message.title, advice=message.advice
    )


HANDLERS = (csv_form, xlsx_form, import_roster)
