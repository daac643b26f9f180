"""What a renderer is given: a document in the words of one language, whose numbers are still numbers (pure)."""

from collections.abc import Sequence
from typing import Literal

from msgspec import Struct

Form = Literal["text", "int", "rate", "points", "days"]
"""`rate` and `points` are hundredths of a percent, `days` days; a cell without number is shown as it is written."""
Tone = Literal["", "good", "bad", "open", "muted"]


class Cell(Struct, frozen=True):
    """One cell: what people read, and the number behind it where there is one."""

    shown: str
    number: int | float | None = None
    form: Form = "text"
    tone: Tone = ""


class Column(Struct, frozen=True):
    """A column; `weight` is its share of the width, `numeric` ones stand to the right."""

    title: str
    weight: float
    numeric: bool = False


class Table(Struct, frozen=True):
    """A table; rows whose place is `marked` stand out. `name` is that of its sheet in a workbook."""

    name: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]
    marked: frozenset[int] = frozenset()


class Bars(Struct, frozen=True, kw_only=True, tag="bars"):
    """One bar a category: a rate in hundredths of a percent, and how far it may still go; None has no bar."""

    title: str
    still: str
    categories: Sequence[str]
    rates: Sequence[int | None]
    at_most: Sequence[int | None]
    table: str
    column: int


class Stacks(Struct, frozen=True, kw_only=True, tag="stacks"):
    """One bar a category, made of counted parts; a part is a name, a tone and a count for each category."""

    title: str
    categories: Sequence[str]
    parts: Sequence[tuple[str, Tone, Sequence[int]]]
    table: str
    columns: Sequence[int]


class Card(Struct, frozen=True):
    """A figure that is read first, with what it was before and what it rests on."""

    label: str
    value: str
    change: str = ""
    note: str = ""
    tone: Tone = ""


class Section(Struct, frozen=True, kw_only=True):
    """A part with a heading."""

    title: str
    paragraphs: Sequence[str] = ()
    charts: Sequence[Bars | Stacks] = ()
    table: Table | None = None


class Document(Struct, frozen=True, kw_only=True):
    """A whole document: `stamp` says which edition it is, `notes` how it was counted, `proof` by what it is held."""

    language: str
    title: str
    subtitle: str
    stamp: Sequence[tuple[str, str]] = ()
    lead: Sequence[str] = ()
    cards: Sequence[Card] = ()
    sections: Sequence[Section] = ()
    notes_title: str = ""
    notes: Sequence[str] = ()
    proof: Sequence[tuple[str, str]] = ()
