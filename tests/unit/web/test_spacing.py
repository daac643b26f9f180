"""How often an open desk asks anew where much happens (docs/decisions/0109): never back to back."""

import json
import subprocess
from itertools import pairwise

import pytest

from tests.support.typescript import call_all
from tools import web


def loads(takes: list[int], wanted_at: list[int]) -> list[list[int]]:
    """Return when each load began and ended, ms, by a clock that is turned; the last of `takes` holds for the rest."""
    told = subprocess.run(
        ["node", "tests/spacing.mjs"],  # noqa: S607 - of the distribution, as tools.web has it
        cwd=web.WEB,
        input=json.dumps({"takes": takes, "wantedAt": wanted_at}),
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert told.returncode == 0, told.stderr[-2000:]
    return json.loads(told.stdout)


def test_the_rest_is_four_times_the_load_within_its_bounds() -> None:
    took = [0, 400, 500, 1000, 3750, 4000, 15_000, 60_000]
    rests = call_all("desk/spacing.ts", [("restAfter", [ms]) for ms in took])
    assert rests == [2000, 2000, 2000, 4000, 15_000, 15_000, 15_000, 15_000]


def test_a_burst_is_loaded_once_and_the_next_after_a_rest() -> None:
    assert loads([100], [0, 10, 290, 1000]) == [[300, 400], [2400, 2500]]


@pytest.mark.parametrize(("took", "rest"), [(50, 2000), (1000, 4000), (3000, 12_000), (20_000, 15_000)])
def test_where_something_happens_all_the_time_each_load_is_followed_by_its_rest(took: int, rest: int) -> None:
    made = loads([took], list(range(0, 100_000, 100)))
    assert len(made) > 2
    assert {ended - began for began, ended in made} == {took}
    assert {later[0] - before[1] for before, later in pairwise(made)} == {rest}


def test_a_quick_load_after_a_slow_one_rests_by_its_own_time() -> None:
    made = loads([3000, 100], list(range(0, 30_000, 100)))
    assert made[1][0] - made[0][1] == 12_000
    assert made[2][0] - made[1][1] == 2000
