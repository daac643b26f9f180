"""Draws the page of a site's screen (pure): the code, large, renewed by itself without JavaScript."""

from datetime import datetime
from html import escape
from typing import Final

from backend.evidence.ways.site_screens import Shown

_PAGE: Final = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="{seconds}">
<title>{name}</title>
<style>
html, body {{ height: 100%; margin: 0; background: #fff; color: #111; font-family: sans-serif; }}
body {{ display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 2vh; }}
svg {{ width: min(80vw, 70vh); height: min(80vw, 70vh); }}
h1 {{ font-size: 5vh; margin: 0; }}
p {{ font-size: 3vh; margin: 0; }}
</style>
</head>
<body>
<h1>{name}</h1>
{svg}
<p>打卡时扫描 · Scan to check in</p>
</body>
</html>
"""


def page_of(shown: Shown, now: datetime) -> str:
    """Return the page; it loads itself again a moment after the code changes."""
    seconds = max(1, int((shown.changes_at - now).total_seconds()) + 1)
    svg = shown.svg
    if 'viewBox="' not in svg:
        # Sized by its modules; the page sizes it by the screen.
        size = svg.partition('width="')[2].partition('"')[0]
        svg = svg.replace("<svg ", f'<svg viewBox="0 0 {size} {size}" ', 1)
    return _PAGE.format(seconds=seconds, name=escape(shown.name), svg=svg)
