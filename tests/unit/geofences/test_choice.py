"""Which fix of a punch is judged, and what the rule does with the errors of a real phone."""

import csv
import math
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from uuid import UUID

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geofences.choice import Fix, choose_fix, evaluate_fixes
from geofences.construction import build_circle, build_corridor
from geofences.coordinates import to_wgs84
from geofences.evaluation import Evaluation, EvaluationPolicy, Fence, evaluate
from geofences.sections import SectionRange
from geofences.shapes import WidthRange
from tests.support.fences import EAST_M, NORTH_M, PLANE, metres, prepared

POLICY = EvaluationPolicy()


def fix_at(x: float, y: float, accuracy_m: float = 10.0, **more: float) -> Fix:
    lon, lat = to_wgs84(PLANE, EAST_M + x, NORTH_M + y)
    return replace(Fix(float(lon), float(lat), accuracy_m, "android"), **more)


def chosen_index(fences: list[Fence], fixes: list[Fix]) -> int:
    chosen = evaluate_fixes(fences, fixes, POLICY)
    assert chosen is not None
    assert chosen.fix is fixes[chosen.index]
    return chosen.index


def test_a_vague_fix_inside_does_not_beat_a_good_one_outside(straight_fence: Callable[[float], Fence]) -> None:
    assert chosen_index([straight_fence(20.0)], [fix_at(0, 0, 60.0), fix_at(0, 80, 5.0)]) == 1


def test_among_equally_good_fixes_the_most_favourable_counts(straight_fence: Callable[[float], Fence]) -> None:
    assert chosen_index([straight_fence(20.0)], [fix_at(0, 40, 8.0), fix_at(0, 5, 10.0), fix_at(0, 30, 9.0)]) == 1


def test_simulated_fixes_are_taken_only_when_there_are_no_others(straight_fence: Callable[[float], Fence]) -> None:
    fence = straight_fence(20.0)
    simulated = replace(fix_at(0, 0, 3.0), mock=True)
    assert chosen_index([fence], [simulated, fix_at(0, 90, 20.0)]) == 1
    assert chosen_index([fence], [simulated]) == 0


def test_among_the_same_the_newest_counts(straight_fence: Callable[[float], Fence]) -> None:
    fixes = [fix_at(0, 0, 3.0, age_s=9.0), fix_at(0, 0, 3.0, age_s=1.0), fix_at(0, 0, 3.0, age_s=4.0)]
    assert chosen_index([straight_fence(20.0)], fixes) == 1


def test_the_order_of_the_fixes_does_not_matter(straight_fence: Callable[[float], Fence]) -> None:
    rng = np.random.default_rng(5)
    fence = straight_fence(20.0)
    fixes = [fix_at(0, float(y), float(a)) for y, a in zip(rng.normal(0, 40, 10), rng.uniform(4, 40, 10), strict=True)]
    first = fixes[chosen_index([fence], fixes)]
    for _ in range(20):
        shuffled = [fixes[i] for i in rng.permutation(10).tolist()]
        assert shuffled[chosen_index([fence], shuffled)] is first


def test_a_fix_that_cannot_be_chosen_is_not_weighed(straight_fence: Callable[[float], Fence]) -> None:
    fence = straight_fence(20.0)
    fixes = [fix_at(0, 90, 8.0), fix_at(0, 0, 30.0), fix_at(0, 5, 10.0), replace(fix_at(0, 0, 3.0), mock=True)]
    asked: list[int] = []

    def weighed(index: int) -> Evaluation:
        asked.append(index)
        return evaluate(fence, fixes[index].lon, fixes[index].lat, fixes[index].accuracy_m, "android", POLICY)

    index, found = choose_fix(fixes, [POLICY.sigma_m(fix.accuracy_m, "android") for fix in fixes], weighed)
    assert (index, found.side, asked) == (2, "inside", [0, 2])


def test_of_several_fences_the_own_one_gives_version_and_chainage() -> None:
    widths = [WidthRange(0.0, None, 20.0, 20.0)]
    road = prepared(build_corridor(PLANE, metres([(0, 0), (1000, 0)]), widths, start_m=3_000.0), 1)
    camp = prepared(build_circle(PLANE, metres([(500, 200)])[0], 60.0), 2)
    on_road = evaluate_fixes([road, camp], [fix_at(420, 6)], POLICY)
    in_camp = evaluate_fixes([road, camp], [fix_at(500, 210)], POLICY)
    between = evaluate_fixes([camp, road], [fix_at(500, 60)], POLICY)
    assert on_road is not None
    assert in_camp is not None
    assert between is not None
    assert on_road.evaluation.version_ids == (UUID(int=1),)
    assert on_road.evaluation.chainage_m == pytest.approx(3_420.0, abs=0.01)
    assert (in_camp.evaluation.version_ids, in_camp.evaluation.chainage_m) == ((UUID(int=2),), None)
    assert between.evaluation.version_ids == (UUID(int=1),)
    assert between.evaluation.signed_distance_m == pytest.approx(-40.0, abs=0.01)


def test_without_fences_or_fixes_there_is_nothing_to_choose(metro_fence: Fence) -> None:
    assert evaluate_fixes([], [fix_at(0, 0)], POLICY) is None
    assert evaluate_fixes([metro_fence], [], POLICY) is None


def real_errors(provider: str) -> list[tuple[float, float, float]]:
    """Accuracy, east and north error in metres of a real phone's fixes."""
    with (files("backend") / "demo_data" / "phone_errors.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["provider"] == provider]
    return [(float(row["accuracy_m"]), float(row["east_error_m"]), float(row["north_error_m"])) for row in rows]


def counted_share(fence: Fence, provider: str, y: float) -> float:
    """Share of a real phone's fixes that are counted for a person who truly stands y metres off the axis."""
    errors = real_errors(provider)
    sides: list[str] = []
    for accuracy_m, east_m, north_m in errors:
        chosen = evaluate_fixes([fence], [fix_at(east_m, y + north_m, accuracy_m)], POLICY)
        assert chosen is not None
        sides.append(chosen.evaluation.side)
    return sides.count("inside") / len(sides)


def test_a_real_phone_in_a_strip_of_20_m_is_counted(straight_fence: Callable[[float], Fence]) -> None:
    fence = straight_fence(10.0)
    assert len(real_errors("FLP")) > 50
    assert counted_share(fence, "FLP", 0.0) >= 0.9
    assert np.mean([counted_share(fence, "FLP", y) for y in (-8.0, -4.0, 0.0, 4.0, 8.0)]) >= 0.85


def test_a_real_phone_100_m_outside_is_never_counted(straight_fence: Callable[[float], Fence]) -> None:
    for provider in ("FLP", "NLP"):
        for y in (-110.0, 110.0):
            assert counted_share(straight_fence(10.0), provider, y) == 0.0


def test_a_window_of_fixes_is_better_than_one(straight_fence: Callable[[float], Fence]) -> None:
    """Truly inside a strip of 20 m, accuracy 5-30 m and errors that hold for seconds: the best of a window counts."""
    rng = np.random.default_rng(21)
    fence = straight_fence(10.0)
    single, window = 0, 0
    people = 300
    for _ in range(people):
        y = float(rng.uniform(-10.0, 10.0))
        accuracies = rng.uniform(5.0, 30.0, 5)
        common = rng.normal(0.0, 1.0, 2)  # half of the variance stays for the whole window
        fixes: list[Fix] = []
        for accuracy_m in accuracies.tolist():
            east, north = 0.662 * accuracy_m * (common + rng.normal(0.0, 1.0, 2)) / math.sqrt(2.0)
            fixes.append(fix_at(float(east), y + float(north), accuracy_m))
        first, best = evaluate_fixes([fence], fixes[:1], POLICY), evaluate_fixes([fence], fixes, POLICY)
        assert first is not None
        assert best is not None
        single += first.evaluation.side == "inside"
        window += best.evaluation.side == "inside"
    assert window > single
    assert window / people >= 0.8


LEFT, RIGHT = UUID(int=11), UUID(int=12)
WIDTHS_12_M = [WidthRange(0.0, None, 12.0, 12.0)]


def carriageway(north_m: float, alignment: UUID, number: int, *, chainage_m: float = 0.0) -> Fence:
    line = metres([(0, north_m), (2_000, north_m)])
    fence = prepared(build_corridor(PLANE, line, WIDTHS_12_M, start_m=chainage_m), number)
    return replace(fence, alignment_id=alignment)


CARRIAGEWAYS = [carriageway(0.0, LEFT, 1), carriageway(20.0, RIGHT, 2, chainage_m=5_000.0)]
ON_LEFT = SectionRange(LEFT, "K0+000", "K2+000")
ON_RIGHT = SectionRange(RIGHT, "K5+000", "K7+000")


def own(fix: Fix, *within: SectionRange) -> Evaluation:
    chosen = evaluate_fixes(CARRIAGEWAYS, [fix], POLICY, within)
    assert chosen is not None
    return chosen.evaluation


def test_of_two_carriageways_that_a_fix_cannot_tell_apart_the_own_is_taken() -> None:
    fix = fix_at(700, 6)
    assert own(fix).version_ids == (UUID(int=1),), "the one it lies deeper in"
    assert own(fix, ON_LEFT).version_ids == (UUID(int=1),)
    mine = own(fix, ON_RIGHT)
    assert mine.version_ids == (UUID(int=2),)
    assert mine.chainage_m == pytest.approx(5_700.0, abs=0.01)
    assert mine.offset_m == pytest.approx(-14.0, abs=0.01)


def test_sections_change_neither_cover_nor_distance_nor_probability() -> None:
    for place in (fix_at(700, 6), fix_at(700, 60), fix_at(700, -300)):
        told = [
            (one.side, one.covered, one.signed_distance_m, one.probability)
            for one in (own(place), own(place, ON_LEFT), own(place, ON_RIGHT))
        ]
        assert told[0] == told[1] == told[2]


def test_a_section_elsewhere_on_the_own_carriageway_claims_nobody() -> None:
    elsewhere = SectionRange(RIGHT, "K6+500", "K7+000")
    assert own(fix_at(700, 6), elsewhere).version_ids == (UUID(int=1),)
    assert own(fix_at(1_600, 6), elsewhere).version_ids == (UUID(int=2),)


def test_with_sections_on_both_the_one_he_lies_deeper_in_is_taken() -> None:
    assert own(fix_at(700, 6), ON_LEFT, ON_RIGHT).version_ids == (UUID(int=1),)
    assert own(fix_at(700, 14), ON_LEFT, ON_RIGHT).version_ids == (UUID(int=2),)


def test_a_fix_that_tells_them_apart_is_not_overruled() -> None:
    # 12 m inside the left one and 80 m outside of a right one that lies 104 m away: more than three sigmas apart.
    fences = [carriageway(0.0, LEFT, 1), carriageway(104.0, RIGHT, 2, chainage_m=5_000.0)]
    chosen = evaluate_fixes(fences, [fix_at(700, 0, 5.0)], POLICY, [ON_RIGHT])
    assert chosen is not None
    assert chosen.evaluation.version_ids == (UUID(int=1),)


@given(
    x=st.floats(1.0, 1_999.0),
    y=st.floats(-80.0, 100.0),
    accuracy_m=st.floats(1.0, 40.0),
    within=st.lists(st.sampled_from([ON_LEFT, ON_RIGHT]), max_size=2, unique=True),
)
def test_the_carriageway_is_the_deepest_or_an_own_one_hardly_less_deep(
    x: float, y: float, accuracy_m: float, within: list[SectionRange]
) -> None:
    fix = fix_at(x, y, accuracy_m)
    found = own(fix, *within)
    alone = {
        fence.version_ids: evaluate(fence, fix.lon, fix.lat, accuracy_m, "android", POLICY) for fence in CARRIAGEWAYS
    }
    deepest = max(alone.values(), key=lambda one: one.signed_distance_m)
    taken = alone[found.version_ids]
    if taken is not deepest:
        alignment = next(one.alignment_id for one in CARRIAGEWAYS if one.version_ids == found.version_ids)
        assert alignment in {one.alignment_id for one in within}
        assert taken.side == deepest.side
        assert taken.signed_distance_m >= deepest.signed_distance_m - 3.0 * deepest.sigma_m
    assert found.chainage_m == pytest.approx(taken.chainage_m, abs=1e-6)
