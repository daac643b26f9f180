"""Writes a document as a workbook: a summary, a sheet for each table, its numbers as numbers, its charts beside it."""

import io
import re
from typing import TYPE_CHECKING, Any, Final

from backend.reports.rendering.charts import COLOURS
from backend.reports.rendering.document import Bars, Cell, Document, Stacks, Table

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

FORMATS: Final = {"rate": "0.00%", "points": "+0.00;-0.00;0.00", "int": "#,##0", "days": "#,##0.0##"}
_NOT_IN_NAMES: Final = re.compile(r"[^\w \-]")
_LONGEST_NAME: Final = 31
_WIDEST: Final = 60


def write_workbook(document: Document, summary: str) -> bytes:
    """Return the document as XLSX; `summary` names the first sheet.

    Texts are written as texts whatever they begin with: no spreadsheet takes one for a formula, a number or a link.
    """
    from xlsxwriter import Workbook  # noqa: PLC0415 - only where a workbook is written

    out = io.BytesIO()
    book = Workbook(
        out,
        {
            "in_memory": True,
            "strings_to_formulas": False,
            "strings_to_numbers": False,
            "strings_to_urls": False,
            "default_date_format": "yyyy-mm-dd",
        },
    )
    styles = _Styles(book)
    _summary(book.add_worksheet(_named(summary)), document, styles)
    for section in document.sections:
        if section.table is not None:
            sheet = book.add_worksheet(_named(section.table.name))
            below = _table(sheet, section.table, styles)
            for place, chart in enumerate(section.charts):
                column = 0 if place % 2 == 0 else 7
                sheet.insert_chart(below + 2, column, _chart(book, chart, section.table))
    book.close()
    return out.getvalue()


class _Styles:
    """The formats of one workbook, each made once."""

    def __init__(self, book: "Workbook") -> None:
        self._book = book
        self._made: dict[tuple[str, str, bool], Any] = {}
        self.title = book.add_format({"bold": True, "font_size": 16, "font_color": "#B3121D"})
        self.bold = book.add_format({"bold": True, "valign": "top"})
        self.wrapped = book.add_format({"text_wrap": True, "valign": "top"})
        self.head = book.add_format(
            {
                "bold": True,
                "bg_color": "#EAF0F6",
                "font_color": "#24405C",
                "bottom": 1,
                "top": 2,
                "border_color": "#24527A",
                "text_wrap": True,
                "valign": "vcenter",
            }
        )

    def of(self, cell: Cell, *, marked: bool) -> Any:  # noqa: ANN401 - the library's own
        key = (cell.form, cell.tone, marked)
        if key not in self._made:
            wanted: dict[str, Any] = {"valign": "top", "bottom": 1, "bottom_color": "#E6EAEF"}
            if cell.form in FORMATS:
                wanted["num_format"] = FORMATS[cell.form]
            else:
                wanted["text_wrap"] = True
            if cell.tone:
                wanted["font_color"] = COLOURS[cell.tone]
            if marked:
                wanted["bg_color"] = "#FFF7E0"
            self._made[key] = self._book.add_format(wanted)
        return self._made[key]


def _named(name: str) -> str:
    return _NOT_IN_NAMES.sub(" ", name)[:_LONGEST_NAME]


def _summary(sheet: "Worksheet", document: Document, styles: _Styles) -> None:
    sheet.hide_gridlines(2)
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 3, 30)
    sheet.write_string(0, 0, document.title, styles.title)
    sheet.write_string(1, 0, document.subtitle)
    row = 3
    for label, value in document.stamp:
        sheet.write_string(row, 0, label, styles.bold)
        sheet.write_string(row, 1, value)
        row += 1
    row += 1
    for text in document.lead:
        sheet.merge_range(row, 0, row, 3, "", styles.wrapped)
        sheet.write_string(row, 0, text, styles.wrapped)
        sheet.set_row(row, 16 * (1 + len(text) // 55))
        row += 1
    row += 1
    for card in document.cards:
        for place, text in enumerate((card.label, card.value, card.change, card.note)):
            sheet.write_string(row, place, text, styles.bold if place == 0 else None)
        row += 1
    row += 1
    for text in document.notes:
        sheet.merge_range(row, 0, row, 3, "", styles.wrapped)
        sheet.write_string(row, 0, text, styles.wrapped)
        sheet.set_row(row, 16 * (1 + len(text) // 55))
        row += 1
    for label, value in document.proof:
        sheet.write_string(row, 0, label, styles.bold)
        sheet.write_string(row, 1, value)
        row += 1
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)


def _table(sheet: "Worksheet", table: Table, styles: _Styles) -> int:
    """Write a table and return its last row."""
    widths = [_width(column.title) for column in table.columns]
    for place, column in enumerate(table.columns):
        sheet.write_string(0, place, column.title, styles.head)
    for row, cells in enumerate(table.rows, 1):
        for place, cell in enumerate(cells):
            style = styles.of(cell, marked=row - 1 in table.marked)
            if cell.number is None:
                sheet.write_string(row, place, cell.shown, style)
            else:
                number = cell.number / 10_000 if cell.form == "rate" else cell.number
                sheet.write_number(row, place, number / 100 if cell.form == "points" else number, style)
            widths[place] = max(widths[place], _width(cell.shown))
    for place, width in enumerate(widths):
        sheet.set_column(place, place, min(_WIDEST, width + 2))
    last = len(table.rows)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, last, len(table.columns) - 1)
    sheet.hide_gridlines(2)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    return last


def _width(text: str) -> float:
    return sum(2.0 if ord(letter) > 0x2E7F else 1.1 for letter in text)  # noqa: PLR2004 - wide letters


def _chart(book: "Workbook", chart: Bars | Stacks, table: Table) -> Any:  # noqa: ANN401 - the library's own
    last, sheet = len(table.rows), _named(table.name)
    names = [sheet, 1, 1, last, 1]
    made: Any = book.add_chart({"type": "bar", "subtype": "stacked"} if isinstance(chart, Stacks) else {"type": "bar"})
    if isinstance(chart, Bars):
        made.add_series(
            {
                "name": [sheet, 0, chart.column],
                "categories": names,
                "values": [sheet, 1, chart.column, last, chart.column],
                "fill": {"color": COLOURS[""]},
                "gap": 60,
            }
        )
        made.set_x_axis({"min": 0, "max": 1, "num_format": "0%"})
        made.set_legend({"none": True})
    else:
        for column, (_, tone, _) in zip(chart.columns, chart.parts, strict=True):
            made.add_series(
                {
                    "name": [sheet, 0, column],
                    "categories": names,
                    "values": [sheet, 1, column, last, column],
                    "fill": {"color": COLOURS[tone]},
                    "gap": 60,
                }
            )
        made.set_legend({"position": "top"})
    # What looks like a sheet's name, an exclamation mark and a cell would be taken for a reference.
    made.set_title({"name": chart.title.replace("!", "！"), "name_font": {"size": 12}, "overlay": False})
    made.set_y_axis({"reverse": True})
    made.set_size({"width": 560, "height": 120 + 24 * last})
    return made
