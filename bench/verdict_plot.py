"""Draws docs/verdict.svg, how each rule counts people by where they stand; run `python -m bench.verdict_plot`."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from bench.verdict import HALF_WIDTH_M, RULES, SEED, counted, windows
from tools.house import ROOT

PLOT: Final = ROOT / "docs/verdict.svg"
PEOPLE: Final = 20_000
MEMORY_S: Final = 20.0
FURTHEST_M: Final = 120
STEP_M: Final = 2
ABOVE: Final = f"People counted by the best of 10 s; accuracy 5–30 m, errors that last {MEMORY_S:.0f} s"
BELOW: Final = f"true distance from the axis of a strip of ±{HALF_WIDTH_M:.0f} m, metres"
LEFT, TOP, WIDE, HIGH = 60, 40, 640, 320
DASHES: Final = ' stroke-dasharray="7 5"'
COLOURS: Final = {
    "naive": "#7f7f7f",
    "lenient": "#d62728",
    "strict": "#9467bd",
    "probable": "#1f77b4",
    "ours": "#2ca02c",
}
LABELS: Final = {
    "naive": "point in polygon",
    "lenient": "disc touches the fence",
    "strict": "disc inside the fence",
    "probable": "covered or P ≥ 0.5",
    "ours": "this rule",
}


def draw() -> str:
    """Return the picture: share counted by the best of a window over the distance from the axis of the strip."""
    places = np.arange(0, FURTHEST_M + 1, STEP_M)
    shares: dict[str, list[float]] = {name: [] for name in RULES}
    for place in places.tolist():
        seen = windows(np.random.default_rng(SEED), np.full(PEOPLE, float(place)), MEMORY_S)
        for name, rule in RULES.items():
            shares[name].append(counted(rule, *seen)[1])
    lines = [_curve(name, places.tolist(), shares[name]) for name in RULES]
    return "\n".join([*_frame(), *lines, *_legend(), "</svg>", ""])


def _x(metres: float) -> float:
    return LEFT + WIDE * metres / FURTHEST_M


def _y(share: float) -> float:
    return TOP + HIGH * (1.0 - share)


def _frame() -> list[str]:
    wide, high = LEFT + WIDE + 20, TOP + HIGH + 60
    edge, far = _x(HALF_WIDTH_M), _x(HALF_WIDTH_M + 100.0)
    marks = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {high}" font-family="sans-serif" font-size="13">',
        f'<rect width="{wide}" height="{high}" fill="#ffffff"/>',
        f'<rect x="{LEFT}" y="{TOP}" width="{edge - LEFT:.1f}" height="{HIGH}" fill="#2ca02c" fill-opacity="0.12"/>',
        f'<text x="{LEFT + 4}" y="{TOP + 16}" fill="#1b6e1b">inside</text>',
        f'<line x1="{far:.1f}" y1="{TOP}" x2="{far:.1f}" y2="{TOP + HIGH}" stroke="#444" stroke-dasharray="2 4"/>',
        f'<text x="{far - 4:.1f}" y="{TOP + 16}" text-anchor="end" fill="#444">100 m outside</text>',
    ]
    for tenth in range(0, 11, 2):
        y = _y(tenth / 10)
        marks += [
            f'<line x1="{LEFT}" y1="{y:.1f}" x2="{LEFT + WIDE}" y2="{y:.1f}" stroke="#ddd"/>',
            f'<text x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tenth * 10} %</text>',
        ]
    for metres in range(0, FURTHEST_M + 1, 20):
        marks.append(f'<text x="{_x(metres):.1f}" y="{TOP + HIGH + 18}" text-anchor="middle">{metres}</text>')
    middle = LEFT + WIDE / 2
    marks += [
        f'<text x="{middle}" y="{TOP + HIGH + 42}" text-anchor="middle">{BELOW}</text>',
        f'<text x="{middle}" y="22" text-anchor="middle" font-size="14">{ABOVE}</text>',
    ]
    return marks


def _curve(name: str, places: Sequence[float], shares: Sequence[float]) -> str:
    points = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in zip(places, shares, strict=True))
    width = 3 if name == "ours" else 1.8
    # Where two rules count the same, both lines are seen.
    dashes = DASHES if name == "probable" else ""
    return f'<polyline points="{points}" fill="none" stroke="{COLOURS[name]}" stroke-width="{width}"{dashes}/>'


def _legend() -> list[str]:
    rows: list[str] = []
    for place, (name, label) in enumerate(LABELS.items()):
        y = TOP + 60 + 22 * place
        x = LEFT + WIDE - 230
        stroke = f'stroke="{COLOURS[name]}" stroke-width="3"' + (DASHES if name == "probable" else "")
        rows += [
            f'<line x1="{x}" y1="{y - 4}" x2="{x + 30}" y2="{y - 4}" {stroke}/>',
            f'<text x="{x + 38}" y="{y}">{label}</text>',
        ]
    return rows


if __name__ == "__main__":
    PLOT.write_text(draw(), encoding="utf-8")
