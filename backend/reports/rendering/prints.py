"""Prints a document as PDF with typst: offline, with the shipped font alone; run it in the rendering process."""

from importlib.resources import as_file, files
from typing import Any

import msgspec

from backend.evidence.photos.fonts import SHIPPED, shipped_text
from backend.reports.rendering.charts import draw
from backend.reports.rendering.document import Document, Section


def write_print(document: Document, page_words: str) -> bytes:
    """Return the document as PDF; `page_words` holds the placeholders {page} and {pages}."""
    import typst  # noqa: PLC0415 - 80 MB, only where something is printed

    # Typst leaves out what the font does not have, and no reader would know; a mark says that something stands there.
    given = shipped_text(msgspec.json.encode(printable(document, page_words)).decode())
    template = (files("backend.reports.rendering") / "print.typ").read_bytes()
    with as_file(files("backend.evidence.photos") / "fonts" / SHIPPED) as font:
        fonts = typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[font.parent])
        return typst.compile(template, font_paths=fonts, sys_inputs={"document": given})


def printable(document: Document, page_words: str) -> dict[str, Any]:
    """Return the document as the template reads it, its charts drawn."""
    return {
        "language": document.language,
        "title": document.title,
        "subtitle": document.subtitle,
        "stamp": document.stamp,
        "lead": document.lead,
        "cards": document.cards,
        "sections": [_section(section) for section in document.sections],
        "notes_title": document.notes_title,
        "notes": document.notes,
        "proof": document.proof,
        "page": page_words,
    }


def _section(section: Section) -> dict[str, Any]:
    table = section.table
    return {
        "title": section.title,
        "paragraphs": section.paragraphs,
        "charts": [draw(chart) for chart in section.charts],
        "table": table and {"columns": table.columns, "rows": table.rows, "marked": sorted(table.marked)},
    }
