"""The register of processing: what is processed of people, for what, by which right, how long, and how many consent."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import func, select, text

from backend.identity.consents.erasing import Erasers
from backend.identity.consents.model import TEXT_VERSIONS, Purpose
from backend.identity.consents.tables import ConsentErasure, ConsentErasureEnd
from backend.kit import messages
from backend.kit.db import Tx

Activity = Literal["face_check", "face_reference", "attendance", "position", "identity", "photos", "other_ways"]
ACTIVITIES: Final[tuple[Activity, ...]] = (
    "face_check",
    "face_reference",
    "attendance",
    "position",
    "identity",
    "photos",
    "other_ways",
)
_BY_CONSENT: Final[dict[Activity, Purpose]] = {"face_check": "face_check", "face_reference": "face_reference"}
COLUMNS: Final = (
    "activity",
    "purpose",
    "basis",
    "kept",
    "text_version",
    "consenting",
    "given",
    "withdrawn",
    "erasures_asked",
    "erasures_done",
    "things_erased",
    "people_kept",
    "as_of",
)

# The last act of each person about each purpose says whether he consents.
_COUNTS: Final = """
SELECT purpose, count(*) FILTER (WHERE last AND step = 'given'), count(*) FILTER (WHERE step = 'given'),
  count(*) FILTER (WHERE step = 'withdrawn')
FROM (
  SELECT purpose, step, no = max(no) OVER (PARTITION BY person_id, purpose) AS last FROM consent_act
) told GROUP BY purpose
"""


@dataclass(frozen=True, slots=True)
class Line:
    """What is on record about one activity; figures only where a consent is what it rests on."""

    activity: Activity
    text_version: int | None = None
    consenting: int | None = None
    given: int | None = None
    withdrawn: int | None = None
    erasures_asked: int | None = None
    erasures_done: int | None = None
    things_erased: int | None = None
    people_kept: int | None = None


async def read_register(tx: Tx, erasers: Erasers) -> list[Line]:
    """Return one line for each activity, with the figures of this moment."""
    counts = {row[0]: row[1:] for row in await tx.execute(text(_COUNTS))}
    asked = {
        row[0]: row[1:]
        for row in await tx.execute(
            select(
                ConsentErasure.purpose,
                func.count(),
                func.count(ConsentErasureEnd.act_id),
                func.coalesce(func.sum(ConsentErasureEnd.erased), 0),
            )
            .outerjoin(ConsentErasureEnd, ConsentErasureEnd.act_id == ConsentErasure.act_id)
            .group_by(ConsentErasure.purpose)
        )
    }
    lines: list[Line] = []
    for activity in ACTIVITIES:
        purpose = _BY_CONSENT.get(activity)
        if purpose is None:
            lines.append(Line(activity))
            continue
        consenting, given, withdrawn = counts.get(purpose, (0, 0, 0))
        erasures_asked, erasures_done, things_erased = asked.get(purpose, (0, 0, 0))
        lines.append(
            Line(
                activity,
                text_version=TEXT_VERSIONS[purpose],
                consenting=consenting,
                given=given,
                withdrawn=withdrawn,
                erasures_asked=erasures_asked,
                erasures_done=erasures_done,
                things_erased=things_erased,
                people_kept=await erasers[purpose].count(tx),
            )
        )
    return lines


def csv_register(lines: Sequence[Line], language: str, as_of: datetime) -> bytes:
    """Return the register in UTF-8 with a byte order mark, without which spreadsheets take it for GBK."""
    written = io.StringIO(newline="")
    csv.writer(written).writerows(_table(lines, language, as_of))
    return written.getvalue().encode("utf-8-sig")


def xlsx_register(lines: Sequence[Line], language: str, as_of: datetime) -> bytes:
    """Return the register as a workbook of one sheet."""
    from openpyxl import Workbook  # noqa: PLC0415 - slow to import, and servers start without it

    book = Workbook(write_only=True)
    sheet = book.create_sheet(messages.text(language, "processing.title").title)
    for row in _table(lines, language, as_of):
        sheet.append(list(row))
    written = io.BytesIO()
    book.save(written)
    return written.getvalue()


def _table(lines: Iterable[Line], language: str, as_of: datetime) -> list[list[str | int]]:
    header: list[str | int] = [messages.text(language, f"processing_column.{name}").title for name in COLUMNS]
    return [header, *(_cells(line, language, as_of) for line in lines)]


def _cells(line: Line, language: str, as_of: datetime) -> list[str | int]:
    what = messages.text(language, f"processing_what.{line.activity}")
    right = messages.text(language, f"processing_right.{line.activity}")
    figures = [
        line.text_version,
        line.consenting,
        line.given,
        line.withdrawn,
        line.erasures_asked,
        line.erasures_done,
        line.things_erased,
        line.people_kept,
    ]
    told = ["" if figure is None else int(figure) for figure in figures]
    return [what.title, what.advice, right.title, right.advice, *told, as_of.isoformat(timespec="seconds")]
