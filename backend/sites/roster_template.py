"""Makes the empty roster for people to fill in, as CSV or XLSX (pure)."""

import csv
import io
from typing import Final

from backend.sites.posts import PARTY_KINDS, POST_KINDS
from backend.sites.roster_columns import COLUMNS, REQUIRED
from backend.sites.roster_files import MAX_ROWS

HEADER: Final = tuple(names[0] for names in COLUMNS.values())


def csv_template() -> bytes:
    """Return the header line in UTF-8 with a byte order mark, without which spreadsheets take it for GBK."""
    text = io.StringIO(newline="")
    csv.writer(text).writerow(HEADER)
    return text.getvalue().encode("utf-8-sig")


def xlsx_template() -> bytes:
    """Return a workbook: the header with all columns as text (so that no digit is rounded), and the allowed words."""
    from openpyxl import Workbook  # noqa: PLC0415 - slow to import, and servers start without it
    from openpyxl.styles import Font  # noqa: PLC0415 - likewise
    from openpyxl.utils import get_column_letter  # noqa: PLC0415 - likewise
    from openpyxl.worksheet.datavalidation import DataValidation  # noqa: PLC0415 - likewise

    book = Workbook()
    sheet = book.active or book.create_sheet()
    sheet.title = "花名册"
    sheet.append(HEADER)
    sheet.freeze_panes = "A2"
    words = book.create_sheet("填写说明")
    words.append(("岗位", "适用单位类型", "单位类型", "代码"))
    posts = list(POST_KINDS.values())
    parties = list(PARTY_KINDS.items())
    for place, post in enumerate(posts):
        code, names = parties[place] if place < len(parties) else ("", ("", ""))
        words.append((post.zh, "、".join(sorted(post.parties)), names[0], code))
    for place, key in enumerate(COLUMNS, start=1):
        letter = get_column_letter(place)
        sheet.column_dimensions[letter].width = 22
        sheet.column_dimensions[letter].number_format = "@"
        sheet[f"{letter}1"].font = Font(bold=key in REQUIRED)
        source = {
            "post": f"'填写说明'!$A$2:$A${len(posts) + 1}",
            "party_kind": f"'填写说明'!$C$2:$C${len(parties) + 1}",
        }.get(key)
        if source is not None:
            choice = DataValidation(type="list", formula1=source, allow_blank=True)
            choice.add(f"{letter}2:{letter}{MAX_ROWS + 1}")
            sheet.add_data_validation(choice)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
