"""Compares rules by which a fix could be judged, on simulated people in a strip of 20 m and on a real phone's errors.

`python -m bench.verdict` prints what docs/verdict.md quotes; the seed is fixed. On a
straight strip the probability of being inside is known without a fence, so that a hundred thousand people take
seconds; a test holds the rule against the one that check-ins use.
"""

import csv
from collections.abc import Callable, Iterator
from importlib.resources import files
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from backend.decision.nearness import error_sigmas
from geofences.choice import AS_GOOD
from geofences.evaluation import SIGMA_PER_ACCURACY, EvaluationPolicy

Array: TypeAlias = NDArray[np.float64]
Truth: TypeAlias = NDArray[np.bool_]
Rule: TypeAlias = Callable[[Array, Array], Truth]

SEED: Final = 11
PEOPLE: Final = 100_000
HALF_WIDTH_M: Final = 10.0
WINDOW: Final = 10
"""Fixes of one tap, a second apart."""
MEMORIES_S: Final = {"new each second": 0.0, "5 s": 5.0, "20 s": 20.0, "60 s": 60.0, "for ever": 1e9}
"""Times after which a position's error is forgotten down to 37 %; real ones are measured at 16-22 s."""
POLICY: Final = EvaluationPolicy()
ANDROID: Final = SIGMA_PER_ACCURACY["android"]


def outside_m(y: Array) -> Array:
    """Metres by which positions `y` beside the axis lie outside of the strip, negative inside."""
    return np.abs(y) - HALF_WIDTH_M


def naive(y: Array, accuracy_m: Array) -> Truth:  # noqa: ARG001 - that is what is naive about it
    """Ask for the point in the polygon."""
    return outside_m(y) <= 0.0


def lenient(y: Array, accuracy_m: Array) -> Truth:
    """Ask that some of the accuracy's disc touches the fence."""
    return outside_m(y) <= accuracy_m


def strict(y: Array, accuracy_m: Array) -> Truth:
    """Ask that all of the accuracy's disc lies in the fence."""
    return outside_m(y) <= -accuracy_m


def probable(y: Array, accuracy_m: Array) -> Truth:
    """Ask for cover, or for a probability of a half: the rule without its allowance for the error."""
    sigma = sigmas(accuracy_m)
    inside = ndtr((HALF_WIDTH_M - y) / sigma) - ndtr((-HALF_WIDTH_M - y) / sigma)
    return (inside >= POLICY.count_probability) | (naive(y, accuracy_m) & (accuracy_m <= POLICY.accuracy_cap_m))


def ours(y: Array, accuracy_m: Array) -> Truth:
    """Judge as check-ins are judged: like `probable`, or outside by no more than the error."""
    sigma = sigmas(accuracy_m)
    thrown_out, thrown_near = error_sigmas(POLICY.counted_tail, POLICY.far_probability)
    reach = np.minimum(thrown_out * sigma, POLICY.far_m - thrown_near * sigma)
    return probable(y, accuracy_m) | ((outside_m(y) <= reach) & (accuracy_m <= POLICY.accuracy_cap_m))


RULES: Final[dict[str, Rule]] = {
    "naive": naive,
    "lenient": lenient,
    "strict": strict,
    "probable": probable,
    "ours": ours,
}


def sigmas(accuracy_m: Array) -> Array:
    """Return the standard deviations that the policy takes from an Android phone's accuracies."""
    return np.maximum(POLICY.sigma_floor_m, POLICY.sigma_inflation * ANDROID * accuracy_m)


def windows(rng: np.random.Generator, truth_m: Array, memory_s: float, *, worse: float = 1.0) -> tuple[Array, Array]:
    """Return where fixes put people (metres from the axis) and their accuracies, a row of WINDOW fixes per person.

    Everybody's phone has one accuracy, even between 5 and 30 m, that changes by a tenth from fix to fix. The error is
    normal with the standard deviation that Android means, times `worse`, and forgets itself with `memory_s`.
    """
    count = len(truth_m)
    accuracy = rng.uniform(5.0, 30.0, (count, 1)) * rng.uniform(0.9, 1.1, (count, WINDOW))
    stays = np.exp(-1.0 / memory_s) if memory_s else 0.0
    error = np.empty((count, WINDOW))
    error[:, 0] = rng.normal(0.0, 1.0, count)
    for step in range(1, WINDOW):
        error[:, step] = stays * error[:, step - 1] + np.sqrt(1.0 - stays * stays) * rng.normal(0.0, 1.0, count)
    return truth_m[:, np.newaxis] + worse * ANDROID * accuracy * error, accuracy


def counted(rule: Rule, y: Array, accuracy_m: Array) -> tuple[float, float]:
    """Return the shares of people counted by their first fix, and by the best of those that are as good as the best."""
    says = rule(y, accuracy_m)
    sigma = sigmas(accuracy_m)
    equal = sigma <= AS_GOOD * sigma.min(axis=1, keepdims=True)
    return float(says[:, 0].mean()), float((says & equal).any(axis=1).mean())


def anywhere_inside(rng: np.random.Generator, people: int) -> Array:
    """Return people evenly across the strip."""
    return rng.uniform(-HALF_WIDTH_M, HALF_WIDTH_M, people)


def beside(away_m: float, people: int) -> Array:
    """Return people who all stand as many metres outside."""
    return np.full(people, HALF_WIDTH_M + away_m)


def least_counted(away_m: float, wanted: float = 0.9) -> float:
    """Return the least share of people `away_m` outside that any rule counts which counts `wanted` of those inside.

    By the lemma of Neyman and Pearson the best rule accepts where inside is likeliest against `away_m` outside on
    either side. One fix, error as the phone claims, accuracies even between 5 and 30 m: what more fixes bring if the
    error does not change.
    """
    y = np.linspace(-200.0, 200.0, 4_001)
    sigma = ANDROID * np.linspace(5.0, 30.0, 101)[:, np.newaxis]
    inside = (ndtr((y + HALF_WIDTH_M) / sigma) - ndtr((y - HALF_WIDTH_M) / sigma)) / (2.0 * HALF_WIDTH_M)
    place = HALF_WIDTH_M + away_m
    outside = 0.5 * (np.exp(-0.5 * ((y - place) / sigma) ** 2) + np.exp(-0.5 * ((y + place) / sigma) ** 2))
    outside /= sigma * np.sqrt(2.0 * np.pi)
    order = np.argsort((outside / np.maximum(inside, 1e-300)).ravel())
    step = (y[1] - y[0]) / sigma.size
    reached = np.cumsum(inside.ravel()[order]) * step
    return float(np.sum(outside.ravel()[order][reached <= wanted]) * step)


def real_errors(provider: str) -> tuple[Array, Array]:
    """Return accuracies and northward errors (metres) of a real phone's fixes."""
    with (files("backend") / "demo_data" / "phone_errors.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["provider"] == provider]
    return (
        np.array([[float(row["accuracy_m"])] for row in rows]),
        np.array([[float(row["north_error_m"])] for row in rows]),
    )


def memory_of(provider: str, lag: int = 1) -> tuple[float, float]:
    """Return seconds between fixes `lag` apart, and how alike their errors are (correlation about zero)."""
    with (files("backend") / "demo_data" / "phone_errors.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["provider"] == provider]
    claimed = np.array([float(row["accuracy_m"]) for row in rows])
    error = np.array([[float(row["east_error_m"]), float(row["north_error_m"])] for row in rows]) / claimed[:, None]
    at = np.array([float(row["t_s"]) for row in rows])
    return float(np.median(at[lag:] - at[:-lag])), float(np.mean(error[lag:] * error[:-lag]) / np.mean(error**2))


def table(places: dict[str, Array], memory_s: float, *, worse: float = 1.0) -> Iterator[str]:
    """Give a line per rule: shares counted at once and by the best of a window, place by place."""
    yield f"{'':10}" + "".join(f"{place:>18}" for place in places)
    seen = {
        place: windows(np.random.default_rng(SEED), truth, memory_s, worse=worse) for place, truth in places.items()
    }
    for name, rule in RULES.items():
        shares = (counted(rule, *seen[place]) for place in places)
        yield f"{name:10}" + "".join(f"{100 * once:9.2f}{100 * best:9.2f}" for once, best in shares)


def main() -> None:
    """Print the tables."""
    # Another seed than the windows': where people stand has nothing to do with their phones.
    places = {"inside": anywhere_inside(np.random.default_rng(SEED + 1), PEOPLE)}
    places |= {f"{away} m out": beside(away, PEOPLE) for away in (5, 20, 50, 100)}
    for name, memory_s in MEMORIES_S.items():
        print(f"\nerror forgotten after {name}: % counted at once, and by the best of {WINDOW} fixes")
        print("\n".join(table(places, memory_s)))
    print("\nerrors twice as large as claimed, forgotten after 20 s")
    print("\n".join(table(places, 20.0, worse=2.0)))
    print("\nleast that any rule counts which counts 90 % of those inside, error unchanged:")
    print(", ".join(f"{away} m out {100 * least_counted(away):.2f} %" for away in (5, 20, 50, 100)))
    for provider in ("FLP", "NLP"):
        alike = ", ".join(
            f"{memory_of(provider, lag)[1]:.2f} after {memory_of(provider, lag)[0]:.0f} s" for lag in (1, 2, 3)
        )
        print(f"\nreal errors, {provider}: alike {alike}; % counted by one fix")
        accuracy, north = real_errors(provider)
        for place, spots in {"inside": range(-10, 11), "5 m out": [15], "20 m out": [30], "100 m out": [110]}.items():
            shares = [
                np.mean([rule(side * spot + north, accuracy).mean() for spot in spots for side in (1, -1)])
                for rule in RULES.values()
            ]
            print(f"{place:10}" + "".join(f"{100 * share:9.1f}" for share in shares))


if __name__ == "__main__":
    main()
