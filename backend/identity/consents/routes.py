"""Staff routes of consents: the register of processing, and of how many people faces are kept."""

from datetime import datetime

from litestar import Response, Router, get
from litestar.datastructures import State
from litestar.di import NamedDependency

from backend.identity.consents import register
from backend.identity.consents.stock import ALARM_AT, FILING_AT
from backend.kit.attachments import CSV, XLSX, attached
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.wire import Wire

READ = "audit.read"


class FaceStockAnswer(Wire, frozen=True, kw_only=True):
    """Of how many people photos of the face are kept now; from `filing_at` on there is a duty to file."""

    people: int
    alarm: bool
    alarm_at: int
    filing_at: int
    counted_at: datetime


@get("/face-stock", opt={"scope": READ}, summary="Of how many people faces are kept")
async def show_face_stock(tx: NamedDependency[Tx], clock: NamedDependency[Clock], state: State) -> FaceStockAnswer:
    """Count the people of whom reference photos are kept at this moment."""
    people = await state.wiring.erasers["face_reference"].count(tx)
    return FaceStockAnswer(
        people=people, alarm=people >= ALARM_AT, alarm_at=ALARM_AT, filing_at=FILING_AT, counted_at=clock.now()
    )


@get("/processing-register/csv", opt={"scope": READ}, media_type=CSV, summary="Register of processing as CSV")
async def csv_register(
    tx: NamedDependency[Tx], clock: NamedDependency[Clock], language: NamedDependency[str], state: State
) -> Response[bytes]:
    """Write what is processed of people, by which right, how long, and the figures of consents and deletions."""
    lines = await register.read_register(tx, state.wiring.erasers)
    return attached(register.csv_register(lines, language, clock.now()), CSV, "processing-register.csv")


@get(
    "/processing-register/xlsx",
    opt={"scope": READ},
    media_type=XLSX,
    summary="Register of processing as a workbook",
)
async def xlsx_register(
    tx: NamedDependency[Tx], clock: NamedDependency[Clock], language: NamedDependency[str], state: State
) -> Response[bytes]:
    """Write the same as a workbook."""
    lines = await register.read_register(tx, state.wiring.erasers)
    return attached(register.xlsx_register(lines, language, clock.now()), XLSX, "processing-register.xlsx")


def consents_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/admin/v1", route_handlers=[show_face_stock, csv_register, xlsx_register], tags=["Consents"])
