"""One declared position as WGS-84, for the modules below that know no coordinate systems."""

from geofences.coordinates import check_position, coordinate_system
from geofences.errors import AxesSwapped, NotFinite, OutOfChina, SystemUnknown

PLACE_ERRORS = (SystemUnknown, NotFinite, AxesSwapped, OutOfChina)
"""What `read_place` raises."""


def read_place(crs: str, x: float, y: float) -> tuple[float, float]:
    """Return (lon, lat) in degrees, EPSG:4326, of a position declared in `crs`; raises one of PLACE_ERRORS."""
    return check_position(coordinate_system(crs), x, y, "place")
