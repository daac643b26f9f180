"""How tangled a drawing is, found out before an overlay would take minutes over it.

An overlay of n edges that all cross each other has n squared faces: 5 000 strokes at random keep a processor busy for
longer than anybody waits. Real worksites cross themselves in a handful of places.
"""

from collections.abc import Sequence
from typing import Final, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.float64]
Lines: TypeAlias = NDArray[np.object_]

MAX_CROSSINGS: Final = 2_000
# So many edges are looked at together that one step never has more than some two million pairs.
_STEP: Final = 100


def too_tangled(paths: Sequence[Array]) -> bool:
    """Tell whether edges of the paths (n x 2 each) meet others than their neighbours in more than 2 000 places."""
    edges = np.vstack([np.hstack([path[:-1], path[1:]]) for path in paths if len(path) > 1])
    lines: Lines = np.atleast_1d(np.asarray(shapely.linestrings(edges.reshape(-1, 2, 2)), dtype=object))
    tree = shapely.STRtree(lines)
    met = 0
    for begin in range(0, len(lines), _STEP):
        step = lines[begin : begin + _STEP]
        # Every edge meets itself and, as a rule, two neighbours; every crossing is found from both sides.
        met += tree.query(step, predicate="intersects").shape[1] - 3 * len(step)
        if met > 2 * MAX_CROSSINGS:
            return True
    return False
