"""Lays out plain text tables in columns that line up, Chinese characters being two cells wide (pure)."""

import unicodedata
from collections.abc import Sequence
from typing import Literal

Align = Literal["<", ">"]


def width_of(text: str) -> int:
    """Return how many cells of a terminal a text takes (UAX #11: wide and full-width characters take two)."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in {"W", "F"} else 1
        for char in text
    )


def padded(text: str, width: int, align: Align = "<") -> str:
    """Fill a text up with blanks to `width` cells."""
    blanks = " " * max(width - width_of(text), 0)
    return text + blanks if align == "<" else blanks + text


def lay_out(header: Sequence[str], rows: Sequence[Sequence[object]], aligns: str = "") -> list[str]:
    """Return the lines of a table: header, rule, rows; `aligns` holds one of "<>" per column, left beyond its end."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(width_of(line[place]) for line in [list(header), *cells]) for place in range(len(header))]
    sides: list[Align] = [">" if aligns[place : place + 1] == ">" else "<" for place in range(len(header))]

    def line(values: Sequence[str]) -> str:
        return "  ".join(padded(*cell) for cell in zip(values, widths, sides, strict=True)).rstrip()

    return [line(header), "  ".join("-" * width for width in widths), *(line(row) for row in cells)]
