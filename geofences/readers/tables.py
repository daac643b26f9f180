"""Reads positions out of CSV and text tables, as registers of surveyors are: which columns, which order, which system.

Columns are chosen by what their numbers are, not by their heads: in Chinese registers X is the northing, elsewhere the
easting. Heads only settle what numbers leave open.
"""

import codecs
import csv
import itertools
import re
from array import array
from collections.abc import Iterator
from typing import Final, Literal, TypeAlias

import numpy as np

from geofences.coordinates import coordinate_system
from geofences.errors import SystemUnknown
from geofences.readers.content import (
    MAX_POSITIONS,
    Array,
    Content,
    Figure,
    FigureKind,
    Named,
    Notice,
    Origin,
)
from geofences.readers.detection import Numbers, look_at
from geofences.readers.errors import ColumnsUnclear, FileUnreadable, TooManyPositions

Rows: TypeAlias = Literal["line", "area", "points"]

MAX_COLUMNS: Final = 12
MAX_POINTS: Final = 10_000
_SAMPLE: Final = 16_384
_EPSG: Final = re.compile(r"EPSG\s*[:：]{1,2}\s*(\d{4,6})", re.IGNORECASE)
_NEVER: Final = re.compile(r"高程|高度|elev|height|\bz\b|\bh\b|里程|桩号|序号|点号|^no\.?$|^id$|^#$", re.IGNORECASE)
_BOMS: Final = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def read_table(content: bytes, rows: Rows | None = None) -> Content:
    """Read a table with a pair of columns of coordinates, in the order of its lines.

    The rows are the corners of a line, of an area if the first stands again at the end, or what `rows` says. A word
    such as `EPSG:4547` anywhere above the numbers names the system. Raises FileUnreadable, ColumnsUnclear or
    TooManyPositions. The positions come as (x, y), x going east.
    """
    text = _decoded(content)
    head, names, columns, count = _columns(text)
    chosen, numbers = _chosen(columns, names)
    path = np.column_stack([columns[index] for index in chosen])
    turned = numbers.order == "yx"
    if turned:
        path = np.ascontiguousarray(path[:, ::-1])
    keep = np.isfinite(path).all(axis=1)
    path, skipped = path[keep], count - int(keep.sum())
    notices = (Notice("geofences.rows_skipped", {"count": skipped}),) if skipped else ()
    return Content(format="csv", figures=_figures(path, rows), named=_named(head), turned=turned, notices=notices)


def _decoded(content: bytes) -> str:
    """Decode UTF-8, UTF-16 with its mark, or else GB 18030, in which spreadsheets in China write."""
    known = next((encoding for bom, encoding in _BOMS if content.startswith(bom)), None)
    for encoding in (known,) if known else ("utf-8", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise FileUnreadable(format="csv", where="line 1", reason="encoding")


def _lines(text: str) -> Iterator[str]:
    begin = 0
    while begin < len(text):
        end = text.find("\n", begin)
        end = len(text) if end < 0 else end
        yield text[begin:end].rstrip("\r")
        begin = end + 1


def _separated(text: str) -> Iterator[list[str]]:
    sample = text[:_SAMPLE]
    separator = max(",\t;，", key=sample.count)
    if not sample.count(separator):
        return (line.split() for line in _lines(text))
    if separator == "，":
        return (line.split(separator) for line in _lines(text))
    return csv.reader(_lines(text), delimiter=separator)


def _columns(text: str) -> tuple[str, list[str], list[Array], int]:
    """Return what stands above the numbers, the heads, the columns of numbers (NaN for none), and how many rows."""
    head: list[str] = []
    names: list[str] = []
    columns = [array("d") for _ in range(MAX_COLUMNS)]
    try:
        for row in _separated(text):
            values = [_number(cell) for cell in itertools.islice(row, MAX_COLUMNS)]
            if sum(value == value for value in values) < 2:  # noqa: PLR0124, PLR2004 - no NaN; two coordinates
                if not columns[0] and len(head) < MAX_COLUMNS:
                    head.append(" ".join(row)[:500])
                    names = [cell.strip() for cell in row[:MAX_COLUMNS]] if len(row) > 1 else names
                elif any(cell.strip() for cell in row):
                    _append(columns, [])
            else:
                _append(columns, values)
            if len(columns[0]) > MAX_POSITIONS:
                raise TooManyPositions(limit=MAX_POSITIONS)
    except csv.Error as error:
        raise FileUnreadable(format="csv", where=f"line {len(columns[0]) + 1}", reason="csv") from error
    if not columns[0]:
        raise FileUnreadable(format="csv", where="line 1", reason="numbers")
    return "\n".join(head), names, [np.array(column) for column in columns], len(columns[0])


def _append(columns: "list[array[float]]", values: list[float]) -> None:
    for index, column in enumerate(columns):
        column.append(values[index] if index < len(values) else np.nan)


def _number(cell: str) -> float:
    try:
        return float(cell)
    except ValueError:
        return np.nan


def _chosen(columns: list[Array], names: list[str]) -> tuple[tuple[int, int], Numbers]:
    """Choose the one pair of columns whose numbers are positions; heads such as 高程 exclude a column.

    Of several pairs, a height of 23.5 m being a latitude too, the only one that stands side by side is taken.
    """
    open_ = [index for index, column in enumerate(columns) if np.isfinite(column).any()]
    named = [index for index in open_ if index >= len(names) or not _NEVER.search(names[index])]
    for group in (named, open_):
        found: list[tuple[tuple[int, int], Numbers]] = []
        for pair in itertools.combinations(group, 2):
            first, second = (columns[index] for index in pair)
            both = np.isfinite(first) & np.isfinite(second)
            numbers = look_at(first[both], second[both])
            if numbers.order is not None:
                found.append((pair, numbers))
        beside = [one for one in found if one[0][1] - one[0][0] == 1]
        for choice in (found, beside):
            if len(choice) == 1:
                return choice[0]
        if found:
            break
    raise ColumnsUnclear(columns=len(open_))


def _named(head: str) -> Named | None:
    said = _EPSG.search(head)
    if said is None:
        return None
    try:
        return Named(coordinate_system(f"EPSG:{said[1]}").code, said[0])
    except SystemUnknown:
        return None


def _figures(path: Array, rows: Rows | None) -> tuple[Figure, ...]:
    if rows == "points":
        if len(path) > MAX_POINTS:
            raise TooManyPositions(limit=MAX_POINTS)
        origins = [Origin(f"row {index + 1}", f"row {index + 1}", "", "points") for index in range(len(path))]
        return tuple(
            Figure(kind="point", parts=((position.reshape(1, 2),),), origin=origin)
            for position, origin in zip(path, origins, strict=True)
        )
    closed = len(path) > 3 and bool((path[0] == path[-1]).all())  # noqa: PLR2004 - a triangle and its first corner
    kind: FigureKind = "area" if rows == "area" or (rows is None and closed) else "line"
    return (Figure(kind=kind, parts=((path,),), origin=Origin("rows", "rows", "", kind)),)
