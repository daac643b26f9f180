"""What the routes of fences share: addresses, scopes, path and query parameters, and the faults of what is drawn."""

from typing import Annotated

from litestar.params import PathParameter, QueryParameter

from backend.sites.errors import ProjectUnknown
from geofences import alignment_errors, errors, queries

PROJECT = "/admin/v1/projects/{project_id:uuid}"
FENCES = f"{PROJECT}/fences"
FENCE = FENCES + "/{fence_id:uuid}"
VERSION = FENCE + "/versions/{number:int}"

POSITION_FAULTS = (errors.SystemUnknown, errors.NotFinite, errors.AxesSwapped, errors.OutOfChina)
SHAPE_FAULTS = (
    *POSITION_FAULTS,
    errors.TooFewPoints,
    errors.TooManyVertices,
    errors.SelfCrossing,
    errors.TooTangled,
    errors.HoleMisplaced,
    errors.ShapeEmpty,
    errors.SizeInvalid,
    errors.WidthsInvalid,
    errors.AreaInvalid,
    errors.HoursInvalid,
)
LABEL_FAULTS = (
    errors.ChainageInvalid,
    alignment_errors.LabelOfOtherAlignment,
    alignment_errors.ChainageInGap,
    alignment_errors.ChainageBeyond,
    alignment_errors.ChainageAmbiguous,
    alignment_errors.BranchUnknown,
)
STRETCH_FAULTS = (*LABEL_FAULTS, alignment_errors.StretchReversed)
ALIGNMENT_UNKNOWN = (alignment_errors.AlignmentUnknown, alignment_errors.AlignmentNotInForce)
CORRIDOR_FAULTS = (
    *STRETCH_FAULTS,
    *ALIGNMENT_UNKNOWN,
    alignment_errors.AlignmentVersionUnknown,
    alignment_errors.WidthsOutOfOrder,
)
"""What drawing a corridor on an alignment may raise besides the faults of shapes."""
UNKNOWN = (ProjectUnknown, errors.FenceUnknown, errors.VersionUnknown)
READS = {"scope": queries.READ}
WRITES = {"scope": queries.WRITE}
PUBLISHES = {"scope": queries.PUBLISH}

SystemName = Annotated[
    str,
    QueryParameter(min_length=4, max_length=12, description="`wgs84`, `cgcs2000`, `gcj02`, `bd09` or `EPSG:<code>`"),
]
Number = Annotated[int, PathParameter(ge=1, le=1_000_000, description="version number")]
