"""A corridor drawn on an alignment: from one chainage label to another, its half-widths changing at labels between."""

from collections.abc import Sequence
from typing import NamedTuple

from geofences.alignment import Alignment, part_of
from geofences.alignment_errors import StretchReversed, WidthsOutOfOrder
from geofences.construction import check_widths
from geofences.projection import Stretch
from geofences.shapes import Cap, Corridor, Point, WidthRange


class LabelledWidth(NamedTuple):
    """Half-widths in metres from a label on, left and right in the direction of rising chainage (None: the begin)."""

    begin: str | None
    left_m: float
    right_m: float


def corridor_on(
    alignment: Alignment, begin: str | None, end: str | None, widths: Sequence[LabelledWidth], cap: Cap = "flat"
) -> Corridor:
    """Build the corridor between two labels of an alignment (None: its own ends).

    Raises the faults of labels, StretchReversed, WidthsOutOfOrder (a range that does not begin behind the one before it
    and within the corridor), SizeInvalid or WidthsInvalid.
    """
    labels = alignment.stationing
    from_m = labels.from_m if begin is None else labels.read(begin)
    to_m = labels.to_m if end is None else labels.read(end)
    if to_m <= from_m:
        raise StretchReversed(begin=begin or labels.speak(from_m), end=end or labels.speak(to_m))
    stretch = Stretch(from_m, to_m)
    starts = _starts(alignment, stretch, widths)
    ends = [*starts[1:], None]
    ranges = [
        WidthRange(start, stop, one.left_m, one.right_m) for start, stop, one in zip(starts, ends, widths, strict=True)
    ]
    check_widths(ranges)
    lonlat, chainage_m = part_of(alignment, stretch)
    centreline = tuple(Point(lon, lat) for lon, lat in lonlat.tolist())
    return Corridor(centreline, tuple(ranges), cap, from_m, chainages=tuple(chainage_m.tolist()))


def _starts(alignment: Alignment, stretch: Stretch, widths: Sequence[LabelledWidth]) -> list[float]:
    """Return where each range begins, in metres of chainage from the corridor's begin."""
    starts: list[float] = []
    for index, one in enumerate(widths):
        # A label that stands twice is the one within the corridor.
        begin_m = stretch.from_m if one.begin is None else alignment.stationing.read(one.begin, [stretch])
        start_m = begin_m - stretch.from_m
        behind = start_m > starts[-1] if starts else start_m == 0.0
        if not behind or start_m >= stretch.to_m - stretch.from_m:
            raise WidthsOutOfOrder(where=f"widths[{index}]", label=one.begin or "")
        starts.append(start_m)
    return starts
