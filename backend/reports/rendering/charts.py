"""Draws charts as SVG, for pages and prints alike; without styles, scripts or links (pure)."""

from collections.abc import Sequence
from typing import Final
from xml.sax.saxutils import escape, quoteattr

from backend.reports.rendering.document import Bars, Stacks, Tone

FONTS: Final = "Noto Sans CJK SC, Noto Sans SC, PingFang SC, Microsoft YaHei, sans-serif"
COLOURS: Final[dict[Tone, str]] = {
    "": "#24527a",
    "good": "#2f7d55",
    "bad": "#b23a32",
    "open": "#d29a2b",
    "muted": "#aab4c0",
}
_INK: Final = "#1f2a37"
_FAINT: Final = "#d8dee6"
_STILL: Final = "#e9c885"
_WIDTH: Final = 390
_ROW: Final = 21
_BAR: Final = 12
_LEFT: Final = 66
_RIGHT: Final = 44
_TOP: Final = 46
_FULL: Final = 10_000


def draw(chart: Bars | Stacks) -> str:
    """Return the chart as an SVG element of 390 units' width."""
    return _bars(chart) if isinstance(chart, Bars) else _stacks(chart)


def _bars(chart: Bars) -> str:
    parts = _grid(len(chart.categories), [(part * 20, f"{part * 20}") for part in range(6)], 100)
    for place, (name, rate, most) in enumerate(zip(chart.categories, chart.rates, chart.at_most, strict=True)):
        top = _TOP + place * _ROW
        parts.append(_label(name, top))
        if rate is None:
            parts.append(_text("—", _LEFT + 6, top + 15, colour="#8a95a3"))
            continue
        width = _span() * rate / _FULL
        parts.append(_box(_LEFT, top + 5, width, COLOURS[""]))
        if most is not None and most > rate:
            parts.append(_box(_LEFT + width, top + 5, _span() * (most - rate) / _FULL, _STILL))
        end = _LEFT + _span() * max(rate, most or 0) / _FULL
        parts.append(_text(f"{rate // 100}.{rate % 100:02d}", end + 5, top + 15))
    legend: list[tuple[str, str]] = [] if chart.at_most == chart.rates else [(chart.still, _STILL)]
    return _svg(chart.title, len(chart.categories), parts, legend)


def _stacks(chart: Stacks) -> str:
    totals = [sum(counts[place] for _, _, counts in chart.parts) for place in range(len(chart.categories))]
    most = max([1, *totals])
    step = _step(most)
    ticks = [(tick, str(tick)) for tick in range(0, most + 1, step)]
    parts = _grid(len(chart.categories), ticks, most)
    for place, name in enumerate(chart.categories):
        top = _TOP + place * _ROW
        parts.append(_label(name, top))
        left = float(_LEFT)
        for _, tone, counts in chart.parts:
            width = _span() * counts[place] / most
            if counts[place]:
                parts.append(_box(left, top + 5, width, COLOURS[tone]))
            left += width
        parts.append(_text(str(totals[place]), left + 5, top + 15))
    return _svg(chart.title, len(chart.categories), parts, [(name, COLOURS[tone]) for name, tone, _ in chart.parts])


def _step(most: int) -> int:
    """Return the distance of grid lines: 1, 2 or 5 times a power of ten, so that there are at most six."""
    power = 1
    while True:
        for step in (1, 2, 5):
            if most <= step * power * 6:
                return step * power
        power *= 10


def _span() -> int:
    return _WIDTH - _LEFT - _RIGHT


def _grid(rows: int, ticks: Sequence[tuple[int, str]], most: int) -> list[str]:
    bottom = _TOP + rows * _ROW + 2
    parts: list[str] = []
    for value, shown in ticks:
        x = _LEFT + _span() * value / most
        parts += [
            f'<line x1="{x:.1f}" y1="{_TOP}" x2="{x:.1f}" y2="{bottom}" stroke="{_FAINT}" stroke-width="0.7"/>',
            _text(shown, x, bottom + 13, colour="#66717f", anchor="middle", size=9),
        ]
    return parts


def _svg(title: str, rows: int, parts: Sequence[str], legend: Sequence[tuple[str, str]]) -> str:
    height = _TOP + rows * _ROW + 22
    keys: list[str] = []
    left = float(_LEFT)
    for name, colour in legend:
        keys += [_box(left, 27, 10, colour, height=10), _text(name, left + 14, 36, colour="#4a5563", size=10)]
        left += 14 + 10 * sum(1.0 if ord(letter) > 0x2E7F else 0.55 for letter in name) + 14  # noqa: PLR2004 - wide letters
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
        f' role="img" aria-label={quoteattr(title)} font-family="{FONTS}">'
        f"{_text(title, 0, 15, size=13)}{''.join(keys)}{''.join(parts)}</svg>"
    )


def _label(name: str, top: float) -> str:
    short = name if len(name) <= 5 else name[:4] + "…"  # noqa: PLR2004 - what has room beside the bars
    return _text(short, _LEFT - 8, top + 15, anchor="end")


def _box(x: float, y: float, width: float, colour: str, *, height: float = _BAR) -> str:
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _text(text: str, x: float, y: float, *, colour: str = _INK, anchor: str = "start", size: int = 11) -> str:
    place = f'x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"'
    return f"<text {place}>{escape(text)}</text>"
