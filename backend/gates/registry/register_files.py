"""Writes the key register as CSV or XLSX for people (pure)."""

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from backend.gates.registry.key_queries import StepRow
from backend.gates.registry.key_schemas import KeyTotals
from backend.kit import messages
from backend.sites.model import zone_of

COLUMNS: Final = (
    "made_at",
    "registration_no",
    "project_name",
    "serial_no",
    "device_name",
    "vendor",
    "application_id",
    "step",
    "credential",
    "key_id",
    "replaces_key_id",
    "expires_at",
    "made_by_name",
    "reason",
)
STEPS: Final = ("applied", "withdrawn", "rejected", "approved", "issued", "replaced", "revoked")

# A spreadsheet runs what begins like this; an apostrophe makes it text.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def csv_register(rows: Iterable[StepRow], language: str) -> bytes:
    """Return the register in UTF-8 with a byte order mark, without which spreadsheets take it for GBK."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(_header(language))
    writer.writerows([_unarmed(cell) for cell in _cells(row, language)] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def xlsx_register(
    rows: Iterable[StepRow], language: str, *, year: int | None = None, totals: Sequence[KeyTotals] = ()
) -> bytes:
    """Return a workbook with the register; with `year` the totals of each project stand on a sheet before it.

    All cells are text or whole numbers: no spreadsheet makes formulas or rounded numbers of them.
    """
    from openpyxl import Workbook  # noqa: PLC0415 - slow to import, and servers start without it

    book = Workbook(write_only=True)
    if year is not None:
        summary = book.create_sheet(_word(language, "register.summary", year=year))
        keys = ("registration_no", "project_name")
        words = [_word(language, f"key_step.{step}") for step in STEPS]
        summary.append([*(_word(language, f"register.{key}") for key in keys), *words, _live(language)])
        for total in totals:
            numbers = [getattr(total, step) for step in (*STEPS, "live_at_end")]
            summary.append([_text(str(getattr(total, key)), summary) for key in keys] + numbers)
    sheet = book.create_sheet(_word(language, "register.title")[:31])
    sheet.append(_header(language))
    for row in rows:
        sheet.append([_text(cell, sheet) for cell in _cells(row, language)])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _header(language: str) -> list[str]:
    return [_word(language, f"register.{column}") for column in COLUMNS]


def _cells(row: StepRow, language: str) -> list[str]:
    return [
        _local(row.made_at, row.time_zone),
        row.registration_no,
        row.project_name,
        row.serial_no,
        row.device_name,
        row.vendor,
        "" if row.application_id is None else str(row.application_id),
        _word(language, f"key_step.{row.step}"),
        _word(language, f"credential.{row.credential}"),
        row.key_id or "",
        row.replaces_key_id or "",
        "" if row.expires_at is None else _local(row.expires_at, row.time_zone),
        row.made_by_name,
        row.reason,
    ]


def _text(value: str, sheet: object) -> object:
    """Return a cell that is text whatever it begins with."""
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 - slow to import, and servers start without it

    cell = WriteOnlyCell(sheet, value=value)  # pyright: ignore[reportArgumentType] - any sheet
    cell.data_type = "s"
    return cell


def _unarmed(cell: str) -> str:
    return "'" + cell if cell.startswith(_FORMULA) else cell


def _local(at: datetime, time_zone: str) -> str:
    return at.astimezone(zone_of(time_zone)).strftime("%Y-%m-%d %H:%M:%S")


def _live(language: str) -> str:
    return _word(language, "register.live_at_end")


def _word(language: str, code: str, **values: object) -> str:
    return messages.text(language, code, values).title
