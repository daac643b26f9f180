"""The real metro line and the real errors of a phone: where somebody stands, and where his phone believes he is (pure).

Positions are (lon, lat) in degrees, WGS-84; chainages, offsets and errors in metres.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import Final, NamedTuple

import msgspec
import numpy as np
from pyproj import Geod

from geofences.projection import raw_distances

_DATA: Final = files("backend") / "demo_data"
_GEOD: Final = Geod(ellps="GRS80")


class PhoneError(NamedTuple):
    """One measured fix: what the phone claimed as accuracy, by how much it was off to the east and north, and when."""

    provider: str
    accuracy_m: float
    east_m: float
    north_m: float
    at_s: float


@dataclass(frozen=True, slots=True, eq=False)
class MetroLine:
    """The line's vertices with their distances from the first one along the ground."""

    path: tuple[tuple[float, float], ...]
    distances: tuple[float, ...]

    @property
    def length_m(self) -> float:
        """Return the length along the ground."""
        return self.distances[-1]

    def at(self, chainage_m: float, offset_m: float = 0.0) -> tuple[float, float]:
        """Return the place at a chainage, `offset_m` to the left of the line (negative: right)."""
        place = min(max(int(np.searchsorted(self.distances, chainage_m, side="right")) - 1, 0), len(self.path) - 2)
        (lon, lat), (to_lon, to_lat) = self.path[place], self.path[place + 1]
        azimuth, _, _ = _GEOD.inv(lon, lat, to_lon, to_lat)
        lon, lat, _ = _GEOD.fwd(lon, lat, azimuth, chainage_m - self.distances[place])
        lon, lat, _ = _GEOD.fwd(lon, lat, azimuth - 90.0, offset_m)
        return float(lon), float(lat)


def displaced(lon: float, lat: float, east_m: float, north_m: float) -> tuple[float, float]:
    """Return the position so many metres to the east and to the north."""
    lon, lat, _ = _GEOD.fwd(lon, lat, 90.0, east_m)
    lon, lat, _ = _GEOD.fwd(lon, lat, 0.0, north_m)
    return float(lon), float(lat)


def metro_geojson() -> bytes:
    """Return the file with the line in WGS-84, as an alignment would be sent in."""
    return (_DATA / "wuhan_metro_line11_osm_wgs84.geojson").read_bytes()


@lru_cache(maxsize=1)
def metro_line() -> MetroLine:
    """Return Wuhan's metro line 11 (OpenStreetMap contributors, ODbL 1.0)."""
    path = msgspec.json.decode(metro_geojson())["features"][0]["geometry"]["coordinates"]
    lon, lat = np.array(path, dtype=np.float64).T
    return MetroLine(tuple((float(x), float(y)) for x, y in path), tuple(raw_distances(lon, lat).tolist()))


@lru_cache(maxsize=1)
def phone_errors() -> Sequence[PhoneError]:
    """Return the measured errors in the order in which they were measured."""
    text = (_DATA / "phone_errors.csv").read_text("utf-8")
    return [
        PhoneError(
            row["provider"],
            float(row["accuracy_m"]),
            float(row["east_error_m"]),
            float(row["north_error_m"]),
            float(row["t_s"]),
        )
        for row in csv.DictReader(io.StringIO(text))
    ]
