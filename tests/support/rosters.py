"""Rosters as files: CSV in several encodings, and XLSX."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from openpyxl import Workbook

from backend.sites.roster_columns import COLUMNS
from tests.support.factories import draw_code, draw_name, draw_number, draw_phone

HEADER = tuple(names[0] for names in COLUMNS.values())
KEYS = tuple(COLUMNS)


def roster_line(**cells: str) -> dict[str, str]:
    """Make a faultless line of a contractor's project manager, with what is given in its place."""
    return {
        "name": draw_name(),
        "document_type": "居民身份证",
        "document_number": draw_number(),
        "phone": draw_phone(),
        "company": f"试验建设{draw_code()}有限公司",
        "uscc": "",
        "party_kind": "施工单位",
        "post": "项目经理",
        "seats": "",
        "section": "",
        "from_on": "2026-02-01",
        "to_on": "",
        **cells,
    }


def csv_roster(
    lines: Iterable[Mapping[str, str]],
    *,
    encoding: str = "utf-8",
    header: Sequence[str] = HEADER,
    above: Sequence[str] = (),
) -> bytes:
    """Write lines as CSV; `above` are lines of text before the header."""
    out = io.StringIO(newline="")
    for text in above:
        out.write(f"{text}\r\n")
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows([line[key] for key in KEYS] for line in lines)
    return out.getvalue().encode(encoding)


def xlsx_roster(lines: Iterable[Mapping[str, Any]], *, header: Sequence[str] = HEADER) -> bytes:
    """Write lines as XLSX, values of whatever type they have."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(list(header))
    for line in lines:
        sheet.append([line[key] if line[key] != "" else None for key in KEYS])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
