"""Writes rates, changes, days and periods as people of a language read them (pure)."""

from datetime import date, datetime
from typing import Final

from backend.kit import messages
from backend.reports.bulletins.content import Days, Shortfall
from backend.reports.bulletins.periods import CITY_ZONE
from backend.reports.rendering.document import Cell, Tone
from backend.sites.model import zone_of
from backend.sites.posts import POST_KINDS

MINUS: Final = "−"
DASH: Final = "—"


def word(language: str, name: str, /, **values: object) -> str:
    """Return a word of the bulletins' catalogue."""
    return messages.text(language, f"bulletins.{name}", values).title


def joined(language: str, parts: list[str], *, strong: bool = False) -> str:
    """Join names, or whole statements, as the language does."""
    if language == "zh-CN":
        return ("；" if strong else "、").join(parts)
    return ("; " if strong else ", ").join(parts)


def rate(language: str, hundredths: int | None) -> str:
    """Write a rate; that nothing was due is said in words."""
    return word(language, "nothing_due") if hundredths is None else f"{plain_rate(hundredths)}%"


def plain_rate(hundredths: int) -> str:
    """Write a rate with two decimals and without its sign."""
    return f"{hundredths // 100}.{hundredths % 100:02d}"


def points(hundredths: int) -> str:
    """Write a difference of rates with its sign; none has none."""
    if hundredths == 0:
        return "0.00"
    return ("+" if hundredths > 0 else MINUS) + plain_rate(abs(hundredths))


def days(number: Days) -> str:
    """Write days with at most one decimal where they are not whole."""
    return f"{number:,}" if isinstance(number, int) else f"{number:,.1f}"


def period(language: str, kind: str, from_on: date, to_on: date) -> str:
    """Write the days that a bulletin is of."""

    def two(number: int) -> str:
        return str(number) if language == "zh-CN" else f"{number:02d}"

    values = {"year": from_on.year, "month": two(from_on.month), "day": two(from_on.day)}
    if kind == "daily":
        return word(language, "period_day", weekday=word(language, f"weekday_{from_on.isoweekday()}"), **values)
    ending = {"to_month": two(to_on.month), "to_day": two(to_on.day), "week": from_on.isocalendar().week}
    return word(language, "period_week", **values, **ending)


def instant(at: datetime) -> str:
    """Write an instant in the city's time."""
    return f"{at.astimezone(zone_of(CITY_ZONE)):%Y-%m-%d %H:%M}"


def post(language: str, kind: str) -> str:
    """Return the name of a kind of post; a kind that nobody knows any more is its own name."""
    known = POST_KINDS.get(kind)
    if known is None:
        return kind
    return known.zh if language == "zh-CN" else known.en


def shortfall(language: str, short: Shortfall) -> str:
    """Say by what a post falls short: empty, below what is asked, or perhaps below it."""
    name = post(language, short.post_kind)
    if short.share is None or short.threshold is None:
        return word(language, "short_vacant", post=name)
    values = {"post": name, "rate": rate(language, short.share.rate), "threshold": rate(language, short.threshold)}
    if short.share.rate_at_most == short.share.rate:
        return word(language, "short_rate", **values)
    return word(language, "short_open", at_most=rate(language, short.share.rate_at_most), **values)


def rate_cell(language: str, hundredths: int | None, tone: Tone = "") -> Cell:
    """Return a rate as a cell."""
    if hundredths is None:
        return Cell(word(language, "nothing_due"), tone="muted")
    return Cell(plain_rate(hundredths), hundredths, "rate", tone)


def points_cell(hundredths: int | None) -> Cell:
    """Return a difference of rates as a cell."""
    if hundredths is None:
        return Cell(DASH, tone="muted")
    return Cell(points(hundredths), hundredths, "points", "good" if hundredths > 0 else "bad" if hundredths else "")


def count_cell(number: int, tone: Tone = "") -> Cell:
    """Return a count as a cell; a tone is for what is there at all."""
    return Cell(f"{number:,}", number, "int", tone if number else "")


def days_cell(number: Days) -> Cell:
    """Return days as a cell."""
    return Cell(days(number), number, "days")


def text_cell(text: str | None) -> Cell:
    """Return a text as a cell, a dash where there is none."""
    return Cell(text) if text else Cell(DASH, tone="muted")
