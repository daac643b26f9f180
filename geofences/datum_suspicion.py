"""Whether a position that fails as declared would pass if somebody had mistaken one datum for another.

WGS-84, GCJ-02 and BD-09 lie 550-1 310 m apart in Wuhan, so a wrong declaration moves a position by that much. Nothing
is ever accepted on a suspicion: it is told, with its numbers, so that the person mends the declaration.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from geofences.choice import Fix, evaluate_fixes
from geofences.coordinates import BD09, GCJ02, WGS84, CoordinateSystem, from_wgs84, to_wgs84
from geofences.evaluation import EvaluationPolicy, Fence
from geofences.projection import ground_distance_m

Culprit: TypeAlias = Literal["fix", "fence"]

_MAP_DATUMS: Final = (WGS84, GCJ02, BD09)
FARTHEST_SHIFT_M: Final = 1_600.0
"""No two of the datums lie farther apart: WGS-84 and BD-09 up to 1 489 m, anywhere in China."""


@dataclass(frozen=True, slots=True)
class DatumSuspicion:
    """A mistake of datum that would explain why a position lies outside.

    `culprit` says whether the fix or the fence was declared wrongly: as `declared`, while its numbers are `suspected`.
    `moved_m` is how far the mistake moved it, `declared_distance_m` and `suspected_distance_m` the signed distances
    (positive inside) with and without the mistake, `suspected_probability` the probability without it.
    """

    culprit: Culprit
    declared: str
    suspected: str
    moved_m: float
    declared_distance_m: float
    suspected_distance_m: float
    suspected_probability: float


def suspect_datum(
    fences: Sequence[Fence], fix: Fix, declared: CoordinateSystem, policy: EvaluationPolicy
) -> DatumSuspicion | None:
    """Look for a mistake of datum that explains why a fix lies outside all fences; None if it does not or none does.

    `fix` is in WGS-84, converted from the system in which it was `declared`. A mistake in the fix is looked for first;
    mistakes in the fence are those of a fence whose numbers were GCJ-02 or BD-09 and were taken as WGS-84. Of several
    the one that puts the fix deepest inside is told.
    """
    as_declared = evaluate_fixes(fences, [fix], policy)
    if as_declared is None or as_declared.evaluation.side != "outside":
        return None
    if as_declared.evaluation.signed_distance_m < -FARTHEST_SHIFT_M - policy.sigma_m(fix.accuracy_m, fix.platform):
        return None  # no mistake of datum reaches that far
    named = WGS84 if declared.code in {"cgcs2000", "EPSG:4326", "EPSG:4490"} else declared
    found: list[DatumSuspicion] = []
    for culprit, instead in _mistakes(named):
        lon, lat = _without_mistake(fix, named, instead, culprit)
        other = Fix(lon, lat, fix.accuracy_m, fix.platform, fix.age_s, fix.mock)
        chosen = evaluate_fixes(fences, [other], policy)
        if chosen is not None and chosen.evaluation.side == "inside":
            found.append(
                DatumSuspicion(
                    culprit,
                    named.code if culprit == "fix" else WGS84.code,
                    instead.code,
                    ground_distance_m(fix.lon, fix.lat, lon, lat)[0],
                    as_declared.evaluation.signed_distance_m,
                    chosen.evaluation.signed_distance_m,
                    chosen.evaluation.probability,
                )
            )
    return max(found, key=lambda one: (one.culprit == "fix", one.suspected_distance_m), default=None)


def _mistakes(named: CoordinateSystem) -> list[tuple[Culprit, CoordinateSystem]]:
    # A position in metres cannot be taken for degrees, so that only the fence can be wrong then.
    systems = [system for system in _MAP_DATUMS if system != named] if named in _MAP_DATUMS else []
    of_fix: list[tuple[Culprit, CoordinateSystem]] = [("fix", system) for system in systems]
    return [*of_fix, ("fence", GCJ02), ("fence", BD09)]


def _without_mistake(
    fix: Fix, declared: CoordinateSystem, suspected: CoordinateSystem, culprit: Culprit
) -> tuple[float, float]:
    """Where the fix lies relative to the fence if the mistake is undone, in degrees."""
    if culprit == "fix":
        lon, lat = to_wgs84(suspected, *from_wgs84(declared, fix.lon, fix.lat))
    else:
        # The fence's stored numbers are `suspected` ones; the fix has to be written in the same datum to compare.
        lon, lat = from_wgs84(suspected, fix.lon, fix.lat)
    return float(lon), float(lat)
