"""What can be wrong with a fence, its coordinates or its life; every fault of a shape names its place.

`where` is the place in the caller's own terms, e.g. `features[3].geometry.coordinates[0][17]`: the indices count from
zero. `x` and `y` are the numbers found there as the caller wrote them, in the coordinate system that he declared.
"""

from backend.kit.errors import Conflict, Forbidden, InvalidInput, NotFound, Unavailable


class ShapeFault(InvalidInput):
    """Something drawn cannot be a fence; `where` in the detail says where."""


class SystemUnknown(InvalidInput):
    """The declared coordinate system is none that we can turn into WGS-84. Detail: `system`."""

    code = "geofences.system_unknown"


class SystemContradicted(InvalidInput):
    """The file names another coordinate system than the one declared. Detail: `declared`, `found`."""

    code = "geofences.system_contradicted"


class NotFinite(ShapeFault):
    """A coordinate is NaN or infinite. Detail: `where`."""

    code = "geofences.not_finite"


class AxesSwapped(ShapeFault):
    """The coordinates lie in China only when read the other way round. Detail: `where`, `x`, `y`, `system`."""

    code = "geofences.axes_swapped"


class OutOfChina(ShapeFault):
    """A coordinate lies outside 73-135.2 E, 3-54 N. Detail: `where`, `x`, `y`, `system`."""

    code = "geofences.out_of_china"


class TooFewPoints(ShapeFault):
    """A ring needs three different points, a line two. Detail: `where`, `needed`, `found`."""

    code = "geofences.too_few_points"


class TooManyVertices(ShapeFault):
    """More vertices than a fence may have. Detail: `where`, `limit`, `found`."""

    code = "geofences.too_many_vertices"


class SelfCrossing(ShapeFault):
    """A ring crosses or touches itself, or a hole crosses the outer ring. Detail: `where`, `lon`, `lat`."""

    code = "geofences.self_crossing"


class TooTangled(ShapeFault):
    """Lines or parts cross each other in more places than any worksite does. Detail: `where`, `limit`."""

    code = "geofences.too_tangled"


class HoleMisplaced(ShapeFault):
    """A hole lies outside its ring or in another hole, or cuts the area in two. Detail: `where`, `lon`, `lat`."""

    code = "geofences.hole_misplaced"


class ShapeEmpty(ShapeFault):
    """There is no area: no ring at all, or all points on one line. Detail: `where`."""

    code = "geofences.empty"


class SizeInvalid(ShapeFault):
    """A radius or half-width is not a length that a fence can have. Detail: `where`, `value_m`, `least_m`, `most_m`."""

    code = "geofences.size_invalid"


class WidthsInvalid(ShapeFault):
    """The ranges of the half-widths overlap, leave a gap or run backwards. Detail: `where`, `from_m`, `to_m`."""

    code = "geofences.widths_invalid"


class HoursInvalid(InvalidInput):
    """Daily hours need both their beginning and their end, or neither."""

    code = "geofences.hours_invalid"


class ChainageInvalid(InvalidInput):
    """The label is not a chainage such as `K12+345.678`. Detail: `label`."""

    code = "geofences.chainage_invalid"


class AccuracyInvalid(InvalidInput):
    """A fix whose accuracy is negative or no number has no position (iOS says so by a negative one)."""

    code = "geofences.accuracy_invalid"


class GeoJsonInvalid(InvalidInput):
    """The file is not GeoJSON (RFC 7946). Detail: `where`, `found`."""

    code = "geofences.geojson_invalid"


class GeometryUnsupported(InvalidInput):
    """A fence cannot be made from this kind of geometry. Detail: `where`, `found`."""

    code = "geofences.geometry_unsupported"


class WidthMissing(InvalidInput):
    """The file has a line but nobody said how wide the corridor is. Detail: `where`."""

    code = "geofences.width_missing"


class RadiusMissing(InvalidInput):
    """The file has a point but nobody said the radius. Detail: `where`."""

    code = "geofences.radius_missing"


class LinesApart(ShapeFault):
    """The pieces of a line do not join to one alignment. Detail: `where`, `pieces`, `gap_m`."""

    code = "geofences.lines_apart"


class FenceUnknown(NotFound):
    """No such fence on a project that the caller may see."""

    code = "geofences.fence_unknown"


class VersionUnknown(NotFound):
    """No such version of this fence."""

    code = "geofences.version_unknown"


class StateForbids(Conflict):
    """The version's state does not allow the step. Detail: `state`, `step`."""

    code = "geofences.state_forbids"


class NoFenceInForce(NotFound):
    """No fence of the project is in force at that instant. Detail: `at`."""

    code = "geofences.none_in_force"


class NameMissing(InvalidInput):
    """A feature has no name, and no name was given for such. Detail: `where`."""

    code = "geofences.name_missing"


class FenceNameTaken(Conflict):
    """Another fence of the project has this name. Detail: `name`."""

    code = "geofences.name_taken"


class AreaInvalid(ShapeFault):
    """The database found the area invalid although it was built valid; the drawing needs another form."""

    code = "geofences.area_invalid"


class Backdated(InvalidInput):
    """A version cannot take effect in the past: punches have been judged by then. Detail: `valid_from`, `now`."""

    code = "geofences.backdated"


class TooFarAhead(InvalidInput):
    """A version cannot be published for a time more than ten years ahead. Detail: `valid_from`."""

    code = "geofences.too_far_ahead"


class ValidityOverlaps(Conflict):
    """Another version of the fence is published for a time that begins later than the wished one."""

    code = "geofences.validity_overlaps"


class SecondPersonNeeded(Forbidden):
    """Site policy asks that another person than the author publishes this version."""

    code = "geofences.second_person_needed"


class TileUnknown(NotFound):
    """No such tile at this zoom: it has 2 to the power of `z` columns and rows. Detail: `z`, `x`, `y`."""

    code = "geofences.tile_unknown"


class BoundsInvalid(InvalidInput):
    """The box is not west,south,east,north in degrees. Detail: `bbox`."""

    code = "geofences.bounds_invalid"


class WorkbenchFull(Unavailable):
    """Too many long computations wait already."""

    code = "geofences.workbench_full"
    retry_after_s = 5


class CorrectionUnknown(NotFound):
    """No such correction on a project that the caller may see."""

    code = "geofences.correction_unknown"


class NotBackdated(InvalidInput):
    """A correction is about the past; what is still to come is published. Detail: `valid_from`, `now`."""

    code = "geofences.not_backdated"


class PeriodInvalid(InvalidInput):
    """The period ends before it begins, or a version that is published already begins. Detail: the two instants."""

    code = "geofences.period_invalid"


class ChangesDiffer(Conflict):
    """The correction changes another number of rulings than the approver has seen. Detail: `seen`, `found`."""

    code = "geofences.changes_differ"


class CorrectionStale(Conflict):
    """Something about the project's fences became known since the preview was made."""

    code = "geofences.correction_stale"


class CorrectionRunning(Conflict):
    """Another correction of the project is being applied."""

    code = "geofences.correction_running"
