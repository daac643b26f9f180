"""Of the fixes of one punch the one to judge by, and of a project's fences the one it belongs to.

The rule favours the person among equals and never a bad fix over a good one. Fixes that are as good as the best, as far
as sigma can tell (within half as much again), are equals; among them the one that is most probably inside is taken. A
vague fix cannot win by luck, and one bad fix among good ones costs nobody the punch.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from geofences.evaluation import Evaluation, EvaluationPolicy, Fence, Platform, Weighed, describe, evaluate, weigh
from geofences.preparation import union_of
from geofences.projection import Stretch
from geofences.sections import SectionRange, holds, stretches_on

Found = TypeVar("Found", Weighed, Evaluation)

AS_GOOD = 1.5
"""Fixes up to this times the smallest sigma are as good as the best one."""

_ALIKE_SIGMAS = 3.0
"""A fix cannot tell fences apart whose distances from it differ by less than this times its sigma."""


@dataclass(frozen=True, slots=True)
class Fix:
    """One position as a phone gave it, converted to WGS-84.

    Degrees (EPSG:4326); `accuracy_m` as the platform reports it; `age_s` seconds between the fix and the punch; `mock`
    whether the system said that the position was simulated.
    """

    lon: float
    lat: float
    accuracy_m: float
    platform: Platform
    age_s: float = 0.0
    mock: bool = False


@dataclass(frozen=True, slots=True)
class Chosen:
    """The fix to judge a punch by: its index in the sequence, and what the fences say about it."""

    index: int
    fix: Fix
    evaluation: Evaluation


def evaluate_fixes(
    fences: Sequence[Fence], fixes: Sequence[Fix], policy: EvaluationPolicy, within: Sequence[SectionRange] = ()
) -> Chosen | None:
    """Evaluate all fixes of a punch against all fences in force and choose one; None without a fence or a fix.

    Covered, distance and probability are those of the union of the fences, which may overlap. Version id, chainage and
    offset are those of the fence it belongs to: the one it lies deepest in, or is nearest to. `within` are the ranges
    of the person's sections: chainage is looked for there, and of fences that can hardly be told apart, such as two
    carriageways, his own is taken. Raises AccuracyInvalid.
    """
    if not fences or not fixes:
        return None
    whole = union_of(fences)

    def weighed(index: int) -> Weighed:
        fix = fixes[index]
        return weigh(whole, fix.lon, fix.lat, fix.accuracy_m, fix.platform, policy)

    index, found = choose_fix(fixes, [policy.sigma_m(fix.accuracy_m, fix.platform) for fix in fixes], weighed)
    fix, evaluation = fixes[index], describe(whole, found, _stretches(whole, within))
    if len(fences) > 1:
        own = _own_of(fences, fix, policy, within)
        evaluation = replace(evaluation, version_ids=own.version_ids, chainage_m=own.chainage_m, offset_m=own.offset_m)
    return Chosen(index, fix, evaluation)


def _stretches(fence: Fence, within: Sequence[SectionRange]) -> tuple[Stretch, ...]:
    return stretches_on(fence.stationing, fence.alignment_id, within) if within else ()


def _own_of(fences: Sequence[Fence], fix: Fix, policy: EvaluationPolicy, within: Sequence[SectionRange]) -> Evaluation:
    """Return what the fence says to which a fix belongs: of nearly equal ones that of the person's sections."""
    found: list[tuple[Fence, Evaluation]] = []
    for fence in fences:
        stretches = _stretches(fence, within)
        one = evaluate(fence, fix.lon, fix.lat, fix.accuracy_m, fix.platform, policy, stretches)
        found.append((fence, one))
    best = max((one for _, one in found), key=lambda one: one.signed_distance_m)
    if not within:
        return best
    least_m = best.signed_distance_m - _ALIKE_SIGMAS * best.sigma_m
    in_section = [
        one
        for fence, one in found
        if one.side == best.side
        and one.signed_distance_m >= least_m
        and holds(_stretches(fence, within), one.chainage_m)
    ]
    return max(in_section or [best], key=lambda one: one.signed_distance_m)


def choose_fix(fixes: Sequence[Fix], sigmas_m: Sequence[float], weighed: Callable[[int], Found]) -> tuple[int, Found]:
    """Return the index of the fix to judge by, and what is `weighed` of it.

    `sigmas_m` are the standard deviations of the fixes in metres; there is at least one fix. Simulated fixes are taken
    only if there are no others. Then: as good as the best; then inside before not; then the highest probability; then
    the greatest signed distance; then the newest. Only fixes as good as the best are weighed at all.
    """
    real = [index for index, fix in enumerate(fixes) if not fix.mock] or range(len(fixes))
    best_m = min(sigmas_m[index] for index in real)
    equals = [(index, weighed(index)) for index in real if sigmas_m[index] <= AS_GOOD * best_m]
    if len(equals) == 1:
        return equals[0]

    def favour(of: tuple[int, Found]) -> tuple[bool, float, float, float]:
        index, one = of
        return one.side == "inside", one.probability, one.signed_distance_m, -fixes[index].age_s

    return max(equals, key=favour)
