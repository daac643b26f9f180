"""A map service on this machine: tiles of one colour with red dots at given positions, drawn in GCJ-02."""

import io
import re
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
from PIL import Image, ImageDraw

from geofences.map_datums import wgs84_to_gcj02

TILE_PX = 256
GROUND = (226, 238, 220)
DOT = (230, 0, 0)
DOT_PX = 5
KEY = "local-key"


def draw_tile(zoom: int, column: int, row: int, dots: Sequence[tuple[float, float]]) -> bytes:
    """Return a PNG of a Web Mercator tile with dots at WGS-84 positions (lon, lat), put where GCJ-02 has them."""
    world = TILE_PX * 2**zoom
    picture = Image.new("RGB", (TILE_PX, TILE_PX), GROUND)
    pen = ImageDraw.Draw(picture)
    for at in dots:
        lon, lat = wgs84_to_gcj02(*at)
        x = (lon + 180) / 360 * world - column * TILE_PX
        y = (1 - np.arcsinh(np.tan(np.radians(lat))) / np.pi) / 2 * world - row * TILE_PX
        # Pixel i spans i to i + 1; the pen counts from the middle of pixels.
        pen.circle((float(x) - 0.5, float(y) - 0.5), DOT_PX, fill=DOT)
    made = io.BytesIO()
    picture.save(made, "png")
    return made.getvalue()


@contextmanager
def tile_server(dots: Sequence[tuple[float, float]]) -> Generator[tuple[str, list[str]]]:
    """Serve tiles under `/Z/X/Y.png?key=…`; give its address and the pages that asked, as `Referer` tells them."""
    asked: list[str] = []

    class Tiles(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = re.fullmatch(rf"/(\d+)/(\d+)/(\d+)\.png\?key={KEY}", self.path)
            asked.append(self.headers.get("Referer", ""))
            body = b"" if found is None else draw_tile(int(found[1]), int(found[2]), int(found[3]), dots)
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
