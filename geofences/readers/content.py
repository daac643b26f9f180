"""What a reader makes of a file's bytes: figures on layers, in the file's own numbers, with warnings; and its bounds.

Positions are (x, y) as the file has them, x the longitude or easting where the format says which is which. Nothing here
knows a coordinate system.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geofences.readers.errors import TooManyFigures, TooManyPositions

Array: TypeAlias = NDArray[np.float64]
Format: TypeAlias = Literal["geojson", "kml", "gpx", "shapefile", "dxf", "csv"]
FigureKind: TypeAlias = Literal["area", "line", "point"]

MAX_BYTES: Final = 32_000_000
"""Of an upload, packed or not."""
MAX_UNPACKED: Final = 160_000_000
"""Of all that is taken out of a zip."""
MAX_POSITIONS: Final = 1_000_000
MAX_FIGURES: Final = 100_000
MAX_LAYERS: Final = 2_000
MAX_NAME: Final = 120


@dataclass(frozen=True, slots=True)
class Notice:
    """What the author should know: a code of the message catalogues with the values of its placeholders."""

    code: str
    numbers: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class Origin:
    """Where in the file a figure comes from, in the file's own terms, with its name and layer (empty if it has none).

    `place` is where its coordinates stand, for messages about single ones.
    """

    where: str
    place: str
    name: str = ""
    layer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One thing drawn.

    An area has its polygons in `parts`, each of them rings, the outer one first; a line has one part, the pieces that
    are to be joined end to end; a point has one part of one path of one position. `single` says that the file's form
    has one polygon without an index. A `walked` line is a track that wants to be simplified.
    """

    kind: FigureKind
    parts: tuple[tuple[Array, ...], ...]
    origin: Origin
    single: bool = True
    walked: bool = False

    @property
    def paths(self) -> Iterator[Array]:
        """All paths of the figure."""
        for part in self.parts:
            yield from part

    @property
    def positions(self) -> int:
        """How many positions it has."""
        return sum(len(path) for path in self.paths)


@dataclass(frozen=True, slots=True)
class Named:
    """A coordinate system that the file itself names: its code here, and the words in the file that say so."""

    code: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """All that a file holds.

    `ordered` is false where the format leaves open which of two numbers goes east; `turned` says that the file has the
    northing first, and its figures the easting.
    """

    format: Format
    figures: tuple[Figure, ...]
    named: Named | None = None
    ordered: bool = True
    turned: bool = False
    notices: tuple[Notice, ...] = ()


class Collector:
    """Counts what a reader finds, so that no file grows beyond what we read."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self.figures: list[Figure] = []
        self._layers: set[str] = set()
        self._positions = 0

    def count(self, positions: int) -> None:
        """Count positions as they are read; raises TooManyPositions."""
        self._positions += positions
        if self._positions > MAX_POSITIONS:
            raise TooManyPositions(limit=MAX_POSITIONS)

    def add(self, figure: Figure) -> None:
        """Take a figure whose positions are counted; raises TooManyFigures."""
        self.figures.append(figure)
        self._layers.add(figure.origin.layer)
        if len(self.figures) > MAX_FIGURES:
            raise TooManyFigures(limit=MAX_FIGURES)
        if len(self._layers) > MAX_LAYERS:
            raise TooManyFigures(limit=MAX_LAYERS)


def path_of(positions: ArrayLike) -> Array:
    """Make a path (n x 2) of positions, dropping heights and measures; none gives an empty path."""
    path = np.asarray(positions, dtype=np.float64)
    return np.ascontiguousarray(path.reshape(len(path), -1)[:, :2]) if len(path) else np.zeros((0, 2))


def stacked(figures: Iterable[Figure]) -> Array:
    """All positions of some figures in one array (n x 2), in their order."""
    paths = [path for figure in figures for path in figure.paths]
    return np.vstack(paths) if paths else np.zeros((0, 2))


def clean_name(name: str) -> str:
    """Drop what cannot be shown or stored, such as control characters and lone surrogates, and what is too long."""
    return "".join(char for char in name if char.isprintable()).strip()[:MAX_NAME]
