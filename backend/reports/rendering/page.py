"""Writes a document as one web page without scripts, whose style is named by its digest in the policy (pure)."""

from base64 import b64encode
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from html import escape
from importlib.resources import files

from backend.reports.rendering.charts import draw
from backend.reports.rendering.document import Card, Cell, Document, Section, Table


def policy() -> str:
    """Return the content security policy of pages: nothing from anywhere but the one style in the page."""
    digest = b64encode(sha256(_style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def write_page(document: Document) -> bytes:
    """Return the page in UTF-8; every text of the document is escaped."""
    body = "".join(
        (
            f"<h1>{escape(document.title)}</h1>",
            f'<p class="subtitle">{escape(document.subtitle)}</p>',
            f'<div class="stamp">{"".join(_stamped(*one) for one in document.stamp)}</div>',
            f'<div class="lead">{_paragraphs(document.lead)}</div>' if document.lead else "",
            f'<div class="cards">{"".join(_card(card) for card in document.cards)}</div>' if document.cards else "",
            *(_section(section) for section in document.sections),
            _footer(document),
        )
    )
    page = (
        f'<!DOCTYPE html><html lang="{escape(document.language)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(document.title)} {escape(document.subtitle)}</title><style>{_style()}</style></head>"
        f"<body><main>{body}</main></body></html>"
    )
    return page.encode()


@cache
def _style() -> str:
    return (files("backend.reports.rendering") / "page.css").read_text("utf-8")


def _stamped(label: str, value: str) -> str:
    return f"<span>{escape(label)}<b>{escape(value)}</b></span>"


def _paragraphs(texts: Iterable[str]) -> str:
    return "".join(f"<p>{escape(text)}</p>" for text in texts)


def _card(card: Card) -> str:
    return (
        f'<div class="card"><div class="label">{escape(card.label)}</div><div class="value">{escape(card.value)}</div>'
        f'<div class="small {card.tone}">{escape(card.change)}</div>'
        f'<div class="small">{escape(card.note)}</div></div>'
    )


def _section(section: Section) -> str:
    charts = "".join(draw(chart) for chart in section.charts)
    return (
        f"<section><h2>{escape(section.title)}</h2>{_paragraphs(section.paragraphs)}"
        + (f'<div class="charts">{charts}</div>' if charts else "")
        + (_table(section.table) if section.table is not None else "")
        + "</section>"
    )


def _table(table: Table) -> str:
    numeric = [column.numeric for column in table.columns]
    head = "".join(
        f"<th{_class('n' if column.numeric else '')}>{escape(column.title)}</th>" for column in table.columns
    )
    rows = "".join(
        f"<tr{_class('marked' if place in table.marked else '')}>"
        + "".join(_cell(cell, right=right) for cell, right in zip(row, numeric, strict=True))
        + "</tr>"
        for place, row in enumerate(table.rows)
    )
    return f'<div class="wide"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _cell(cell: Cell, *, right: bool) -> str:
    name = " ".join(part for part in ("n" if right else "", cell.tone) if part)
    return f"<td{_class(name)}>{escape(cell.shown)}</td>"


def _class(name: str) -> str:
    return f' class="{name}"' if name else ""


def _footer(document: Document) -> str:
    if not document.notes and not document.proof:
        return ""
    proof = "".join(f"<p>{escape(label)} <code>{escape(value)}</code></p>" for label, value in document.proof)
    title = f"<h3>{escape(document.notes_title)}</h3>" if document.notes else ""
    return f'<footer>{title}{_paragraphs(document.notes)}<div class="proof">{proof}</div></footer>'
