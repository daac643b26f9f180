"""How rendering processes are spoken to, and what they may use (pure)."""

from typing import Final, Literal

from msgspec import Struct

from backend.reports.rendering.document import Document

Form = Literal["page", "xlsx", "pdf"]
NICENESS: Final = 5
MEMORY_BYTES: Final = 3_000_000_000
"""Address space; typst reserves far more than it touches (90 MB for a bulletin of a city)."""
WALL_S: Final = 60.0
MOST_WAITING: Final = 6


class Order(Struct, frozen=True, kw_only=True):
    """What is to be rendered; `summary` names the first sheet of a workbook, `page` counts pages of a print."""

    form: Form
    document: Document
    summary: str
    page: str
