"""A map service on this machine: tiles of one colour with red dots at given positions, drawn in GCJ-02."""

import io
import re
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from geofences.map_datums import wgs84_to_gcj02

TILE_PX = 256
GROUND = (226, 238, 220)
DOT = (230, 0, 0)
DOT_PX = 5
ROAD = (176, 188, 196)
ROAD_PX = 9
KEY = "local-key"


Way = Sequence[tuple[float, float]]
"""Positions in WGS-84, lon and lat in degrees."""


def draw_tile(zoom: int, column: int, row: int, dots: Way, ways: Sequence[Way] = ()) -> bytes:
    """Return a PNG of a Web Mercator tile with dots and broad lines at WGS-84 positions, put where GCJ-02 has them."""
    picture = Image.new("RGB", (TILE_PX, TILE_PX), GROUND)
    pen = ImageDraw.Draw(picture)
    for way in ways:
        pen.line([_pixel(zoom, column, row, at) for at in way], fill=ROAD, width=ROAD_PX, joint="curve")
    for at in dots:
        pen.circle(_pixel(zoom, column, row, at), DOT_PX, fill=DOT)
    made = io.BytesIO()
    picture.save(made, "png")
    return made.getvalue()


def _pixel(zoom: int, column: int, row: int, at: tuple[float, float]) -> tuple[float, float]:
    """Return where a tile has a position; pixel i spans i to i + 1, and the pen counts from the middle of pixels."""
    world = TILE_PX * 2**zoom
    lon, lat = wgs84_to_gcj02(*at)
    x = (lon + 180) / 360 * world - column * TILE_PX
    y = (1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * world - row * TILE_PX
    return float(x) - 0.5, float(y) - 0.5


def base_map_settings(address: str, key_file: Path) -> dict[str, str]:
    """Return the settings of a server whose base map this service is; writes the key's file."""
    key_file.write_text(f"{KEY}\n")
    return {
        "DAOGANG_ENV": "development",
        "DAOGANG_BASE_MAP": "xyz",
        "DAOGANG_BASE_MAP_TILES": f"{address}/{{z}}/{{x}}/{{y}}.png?key={{key}}",
        "DAOGANG_BASE_MAP_KEY_FILE": str(key_file),
        "DAOGANG_BASE_MAP_DATUM": "gcj02",
        "DAOGANG_BASE_MAP_ATTRIBUTION": "本机演示地图",
    }


@contextmanager
def tile_server(dots: Way, ways: Sequence[Way] = ()) -> Generator[tuple[str, list[str]]]:
    """Serve tiles under `/Z/X/Y.png?key=…`; give its address and the pages that asked, as `Referer` tells them."""
    asked: list[str] = []

    class Tiles(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = re.fullmatch(rf"/(\d+)/(\d+)/(\d+)\.png\?key={KEY}", self.path)
            asked.append(self.headers.get("Referer", ""))
            body = b"" if found is None else draw_tile(int(found[1]), int(found[2]), int(found[3]), dots, ways)
            self.send_response(200 if found else 403)
            self.send_header("Access-Control-Allow-Origin", "*")
            self.send_header("Content-Type", "image/png")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name of the base
            """Say nothing: what was asked is in the list."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Tiles)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def middle_of_dots(picture: bytes) -> tuple[float, float]:
    """Return the middle of all red pixels of a picture, in pixels from its corner; AssertionError without any."""
    pixels = np.asarray(Image.open(io.BytesIO(picture)).convert("RGB")).astype(int)
    red = (pixels[:, :, 0] > 180) & (pixels[:, :, 1] < 90) & (pixels[:, :, 2] < 90)
    rows, columns = np.nonzero(red)
    assert len(rows), "no dot is seen"
    return float(columns.mean() + 0.5), float(rows.mean() + 0.5)
