"""Reads the fixes of a tap as positions in WGS-84."""

from collections.abc import Sequence

from geofences.choice import Fix
from geofences.coordinates import CoordinateSystem, check_position, coordinate_system
from geofences.placing import fix_signals, place, place_signals
from mobile_api.schemas import FixIn

__all__ = ["fix_signals", "place", "place_signals", "read_fixes"]


def read_fixes(given: Sequence[FixIn]) -> list[tuple[Fix, CoordinateSystem]]:
    """Convert the fixes to WGS-84; raises geofences' ShapeFault or SystemUnknown, naming the fix."""
    fixes: list[tuple[Fix, CoordinateSystem]] = []
    for index, one in enumerate(given):
        system = coordinate_system(one.crs)
        lon, lat = check_position(system, one.lon, one.lat, f"fixes[{index}]")
        fixes.append((Fix(lon, lat, one.accuracy_m, one.platform, one.age_s, one.mock), system))
    return fixes
