"""Judges recorded punches under two states of knowledge about fences, and tells which outcomes differ (pure).

Both states are evaluated alike, so that a difference comes from the fences alone, not from a change of the software
since. What else a ruling had found (assignment, site mode, signals of the phone) stays as it was.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, TypeAlias
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from backend.decision.checkin import SEVERITY
from backend.decision.policy import DEFAULT_POLICY, Signal, SitePolicy
from backend.decision.reconsideration import Recalled
from backend.decision.ruling import Outcome
from geofences.bulk_chainages import chainages
from geofences.bulk_evaluation import (
    INSIDE,
    NOWHERE,
    OUTSIDE,
    UNCERTAIN,
    ManyFixes,
    add_distances,
    choose_many,
    evaluate_many,
)
from geofences.choice import Fix, evaluate_fixes
from geofences.evaluation import SIGMA_PER_ACCURACY, Fence, Platform
from geofences.placing import evaluation_policy
from geofences.preparation import union_of
from geofences.standings import NO_SITUATION, Situation
from geofences.timeline import Timeline
from geofences.work_faces import WorkFace, least_distance_m, missed_face

Array: TypeAlias = NDArray[np.float64]
Indices: TypeAlias = NDArray[np.intp]

OUTCOMES: Final[tuple[Outcome, ...]] = ("counted", "pending", "review", "refused")
"""Outcomes by number, in the order of severity."""
_BY_SIDE: Final[dict[int, Outcome]] = {
    INSIDE: "counted",
    UNCERTAIN: "review",
    OUTSIDE: "refused",
    NOWHERE: "review",
}


@dataclass(frozen=True, slots=True, eq=False)
class RecordedPunches:
    """Punches as arrays: instant (seconds since 1970), first fix, number of fixes, policy, what else was found.

    `beside` is an index into `findings`, which say nothing about work faces; `situation` one into `situations`.
    """

    at: Array
    first: Indices
    count: Indices
    fixes: ManyFixes
    policy_version: NDArray[np.int64]
    beside: Indices
    findings: Sequence[Recalled]
    situation: Indices
    situations: Sequence[Situation] = (NO_SITUATION,)


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """What one state of knowledge says of each punch.

    Outcome by number (OUTCOMES), side of the place, signed distance (metres, NaN without a fence or fix), the index of
    the fix that it was judged by (-1 without one) and its sigma (metres), whether he was at none of the day's faces
    (looked at only where policy makes it a review).
    """

    outcome: NDArray[np.int8]
    side: NDArray[np.int8]
    signed_distance_m: Array
    fix: Indices
    sigma_m: Array
    face_missed: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Site:
    """What a project's punches are judged by: prepared fences by version, policies by version, time zone."""

    fences: Mapping[UUID, Fence]
    policies: Mapping[int, SitePolicy]
    zone: ZoneInfo

    def policy(self, version: int) -> SitePolicy:
        """Return a version of the site's policy; the platform's own where there is none of that number."""
        return self.policies.get(version, DEFAULT_POLICY)

    def local_seconds(self, at: Array) -> Array:
        """Return seconds since local midnight; the offset is asked for once per quarter of an hour that occurs."""
        quarters, quarter = np.unique(np.floor(at / 900.0), return_inverse=True)
        shifts = [
            (datetime.fromtimestamp(one * 900.0, UTC).astimezone(self.zone).utcoffset() or timedelta()).total_seconds()
            for one in quarters.tolist()
        ]
        return (at + np.array(shifts)[quarter.reshape(-1)]) % 86_400.0


def judge_recorded(punches: RecordedPunches, timeline: Timeline, site: Site, *, margins: bool = True) -> Judged:
    """Judge every punch by the fences that a timeline has in force at its instant.

    Of several fixes that lead to the same outcome any may be the one that is told. Without `margins` the signed
    distances of those that are clearly inside are left out (0).
    """
    size = len(punches.at)
    found = Judged(
        np.zeros(size, dtype=np.int8),
        np.full(size, NOWHERE, dtype=np.int8),
        np.full(size, np.nan),
        np.full(size, -1, dtype=np.intp),
        np.zeros(size),
        np.zeros(size, dtype=np.bool_),
    )
    local_s = site.local_seconds(punches.at) if timeline.has_hours() else np.zeros(size)
    in_force, sets = timeline.in_force(punches.at, local_s)
    for version in np.unique(punches.policy_version).tolist():
        of_policy = punches.policy_version == version
        for number, ids in enumerate(sets):
            rows = np.flatnonzero(of_policy & (in_force == number) & (punches.count > 0))
            if ids and rows.size:
                fences = [site.fences[one] for one in ids]
                _place(punches, found, rows, fences, site.policy(version), margins=margins)
    _decide(punches, found, site)
    return found


def _place(
    punches: RecordedPunches,
    found: Judged,
    rows: Indices,
    fences: Sequence[Fence],
    policy: SitePolicy,
    *,
    margins: bool,
) -> None:
    fence = union_of(fences)
    count = punches.count[rows]
    first = np.cumsum(count) - count
    taken = np.repeat(punches.first[rows] - first, count) + np.arange(int(count.sum()))
    fixes = punches.fixes.take(taken)
    evaluated = evaluate_many(fence, fixes, evaluation_policy(policy), sides_only=True)
    faces_matter = "outside_work_face" in policy.review_signals and any(one.faces for one in punches.situations)
    # What a signal says of a fix decides beside its side; its probability as such decides nothing, unless faces matter.
    alike = (fixes.age_s > policy.max_fix_age_s).astype(np.intp) + 2 * (fixes.accuracy_m == 0.0)
    chosen = choose_many(fence, first, fixes, evaluated, None if faces_matter else alike)
    if margins:
        covered = evaluated.covered[chosen] & (evaluated.signed_distance_m[chosen] == 0.0)
        add_distances(fence, evaluated, chosen[covered])
    found.side[rows] = evaluated.side[chosen]
    found.signed_distance_m[rows] = evaluated.signed_distance_m[chosen]
    found.fix[rows] = taken[chosen]
    found.sigma_m[rows] = evaluated.sigma_m[chosen]
    if faces_matter:
        _look_for_faces(punches, found, rows, fences, policy)


def _look_for_faces(
    punches: RecordedPunches, found: Judged, rows: Indices, fences: Sequence[Fence], policy: SitePolicy
) -> None:
    """Note who was at none of the faces of his day, as `work_faces.missed_face` says."""
    rules = evaluation_policy(policy)
    for number in np.unique(punches.situation[rows]).tolist():
        within, faces = punches.situations[number]
        mine = rows[(punches.situation[rows] == number) & (found.side[rows] != OUTSIDE)]
        for row in _perhaps_at_none(punches, found, mine, fences, faces).tolist():
            fix = _fix(punches.fixes, int(found.fix[row]))
            said = evaluate_fixes(fences, [fix], rules, within)
            if said is None:
                continue
            own = next(one for one in fences if one.version_ids == said.evaluation.version_ids)
            found.face_missed[row] = missed_face(own, said.evaluation, fix.lon, fix.lat, faces) is not None


def _fix(fixes: ManyFixes, index: int) -> Fix:
    """Return one of many fixes; of its platform only what it means for sigma is left."""
    platform: Platform = "ios" if fixes.sigma_per_m[index] == SIGMA_PER_ACCURACY["ios"] else "android"
    return Fix(float(fixes.lon[index]), float(fixes.lat[index]), float(fixes.accuracy_m[index]), platform)


def _perhaps_at_none(
    punches: RecordedPunches, found: Judged, rows: Indices, fences: Sequence[Fence], faces: Sequence[WorkFace]
) -> Indices:
    """Leave out those whose nearest place on the one corridor in force lies at a face: they are at it for sure."""
    if not rows.size or not faces:
        return rows[:0]
    fence = fences[0]
    if len(fences) > 1 or fence.axis is None:
        return rows
    fixes = punches.fixes.take(found.fix[rows])
    x, y = (np.asarray(one, dtype=np.float64) for one in fence.forward.transform(fixes.lon, fixes.lat))
    chainage_m = chainages(fence.axis, x, y)[0]
    return rows[least_distance_m(fence, faces, chainage_m) > 0.0]


def _decide(punches: RecordedPunches, found: Judged, site: Site) -> None:
    """Join the place with all else; there are few different cases, and each is decided once."""
    fix = np.maximum(found.fix, 0)
    has_fix = found.fix >= 0
    flags = np.zeros((len(found.fix), 2), dtype=np.bool_)
    if len(punches.fixes.lon):
        flags[:, 0] = punches.fixes.mock[fix] & has_fix
        flags[:, 1] = (punches.fixes.accuracy_m[fix] == 0.0) & has_fix
    for version in np.unique(punches.policy_version).tolist():
        policy = site.policy(version)
        rows = np.flatnonzero(punches.policy_version == version)
        stale = np.zeros(len(rows), dtype=np.bool_)
        if len(punches.fixes.lon):
            stale = (punches.fixes.age_s[fix[rows]] > policy.max_fix_age_s) & has_fix[rows]
        cases = np.column_stack(
            (punches.beside[rows], found.side[rows], flags[rows, 0], flags[rows, 1], stale, found.face_missed[rows])
        )
        kinds, kind = np.unique(cases.astype(np.int64), axis=0, return_inverse=True)
        outcomes = [_outcome(punches.findings[int(case[0])], case.tolist(), policy) for case in kinds]
        found.outcome[rows] = np.array(outcomes, dtype=np.int8)[kind.reshape(-1)]


def _outcome(beside: Recalled, case: Sequence[int], policy: SitePolicy) -> int:
    _, side, mock, implausible, stale, face_missed = case
    told: tuple[tuple[int, Signal], ...] = (
        (mock, "mock_location"),
        (implausible, "accuracy_implausible"),
        (stale, "stale_fix"),
        (face_missed, "outside_work_face"),
    )
    rest = beside.outcome_beside_place(policy, [signal for is_told, signal in told if is_told])
    return max(SEVERITY[rest], SEVERITY[_BY_SIDE[side]])
