"""Turns the bytes of a CSV or XLSX file into numbered lines of cells, within bounds of size and work (pure)."""

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final, Literal

from backend.kit.errors import DaogangError
from backend.sites.roster_errors import RosterEncoding, RosterTooLarge, RosterTooLong, RosterUnreadable

MAX_BYTES: Final = 5_000_000
MAX_ROWS: Final = 5_000
# Titles and notes above the header, and blank lines between the rows, take lines too.
MAX_LINES: Final = MAX_ROWS + 500
MAX_COLUMNS: Final = 64
LAST_SHEET_LINE: Final = 1_048_576  # of any spreadsheet there is
MAX_CELL: Final = 1_000
MAX_UNPACKED: Final = 30_000_000
MAX_ZIP_ENTRIES: Final = 200
# Spreadsheets keep numbers as IEEE doubles; past 15 digits the last ones are gone.
SURE_DIGITS: Final = 10**15

FileKind = Literal["csv", "xlsx"]


@dataclass(frozen=True, slots=True)
class Cell:
    """The text of a cell, and why it cannot be trusted: a formula, or a number that the spreadsheet has rounded."""

    text: str
    trouble: Literal["formula", "digits_lost"] | None = None


EMPTY: Final = Cell("")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table; `number` counts from 1 as the person's editor or spreadsheet shows it."""

    number: int
    cells: tuple[Cell, ...]

    @property
    def blank(self) -> bool:
        """Tell whether no cell holds anything."""
        return all(not cell.text for cell in self.cells)


def read_lines(body: bytes, kind: FileKind) -> list[Line]:
    """Return all lines of the table (of the first sheet), blank ones too.

    Raises RosterTooLarge (over 5 MB), RosterTooLong (over 5 000 rows), RosterEncoding or RosterUnreadable.
    """
    if len(body) > MAX_BYTES:
        raise RosterTooLarge(limit_bytes=MAX_BYTES)
    return list(_csv_lines(body) if kind == "csv" else _xlsx_lines(body))


def decode_text(body: bytes) -> str:
    """Decode UTF-8 (with or without a byte order mark), else UTF-16 with one, else GB18030; raises RosterEncoding."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        return _decoded(body, "utf-16")
    try:
        return body.decode("utf-8-sig")
    except UnicodeDecodeError:
        return _decoded(body, "gb18030")


def _decoded(body: bytes, encoding: str) -> str:
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        raise RosterEncoding from error


def _csv_lines(body: bytes) -> Iterator[Line]:
    text = decode_text(body)
    if "\x00" in text:
        raise RosterUnreadable(reason="NUL")
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(",\t;", key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    number = 1
    try:
        for row in reader:
            yield Line(number, tuple(Cell(value.strip()) for value in row[:MAX_COLUMNS]))
            number = reader.line_num + 1
            if number > MAX_LINES:
                raise RosterTooLong(limit=MAX_ROWS)
    except csv.Error as error:
        raise RosterUnreadable(reason=f"line {number}") from error


def _xlsx_lines(body: bytes) -> Iterator[Line]:
    from openpyxl import load_workbook  # noqa: PLC0415 - slow to import, and servers start without it

    _refuse_bomb(body)
    try:
        # read_only streams the sheet; data_only=False shows formulas as such, nothing is ever evaluated.
        book = load_workbook(io.BytesIO(body), read_only=True, data_only=False, keep_links=False, keep_vba=False)
        yield from _sheet_lines(book.worksheets[0])
    except DaogangError:
        raise
    except Exception as error:
        # openpyxl lets out whatever its parsers throw at a broken file (KeyError, ValueError, ParseError, …).
        raise RosterUnreadable(reason=type(error).__name__) from error


def _sheet_lines(sheet: Any) -> Iterator[Line]:  # noqa: ANN401 - openpyxl's read-only sheet has no useful type
    # The size that a file states for its sheet is often wrong, and rows past it would be dropped silently.
    sheet.reset_dimensions()
    for number, row in enumerate(sheet.iter_rows(max_col=MAX_COLUMNS), start=1):
        if number <= MAX_LINES:
            yield Line(number, tuple(_cell_of(cell.value, cell.data_type == "f") for cell in row))
        elif number > LAST_SHEET_LINE:
            # The reader fills the lines before the number that a row gives itself, which a file can make endless.
            raise RosterUnreadable(reason=f"line {number}")
        elif any(cell.value is not None and str(cell.value).strip() for cell in row):
            raise RosterTooLong(limit=MAX_ROWS)


def _refuse_bomb(body: bytes) -> None:
    """Look at the archive's own directory before anything is unpacked; the sizes there bound what zipfile reads."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise RosterUnreadable(reason="zip") from error
    if len(entries) > MAX_ZIP_ENTRIES or sum(entry.file_size for entry in entries) > MAX_UNPACKED:
        raise RosterTooLarge(limit_bytes=MAX_BYTES)


def _cell_of(value: object, formula: bool) -> Cell:  # noqa: FBT001 - a fact about the value, given by position
    if value is None:
        return EMPTY
    if formula:
        return Cell(str(value)[:MAX_CELL], "formula")
    if isinstance(value, datetime):
        return Cell(value.date().isoformat())
    if isinstance(value, date):
        return Cell(value.isoformat())
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, int) and abs(value) >= SURE_DIGITS:
        return Cell(str(value), "digits_lost")
    return Cell(str(value).strip())
