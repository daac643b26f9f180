"""How many requests a second a caller may make."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from backend.gates.pacing import Pace


@dataclass
class Seconds:
    """Seconds that a test counts."""

    now: float = 0.0

    def __call__(self) -> float:
        """Return the present second."""
        return self.now


def test_after_a_burst_ten_a_second_are_taken() -> None:
    seconds = Seconds()
    pace = Pace(per_s=10, at_once=5, monotonic=seconds)
    assert [pace.wait_s("a") for _ in range(5)] == [0.0] * 5
    assert 0 < pace.wait_s("a") <= 0.1
    assert pace.wait_s("b") == 0
    seconds.now = 0.1
    assert pace.wait_s("a") == 0
    assert pace.wait_s("a") > 0


@given(st.lists(st.floats(0, 3, allow_nan=False), max_size=200))
def test_never_more_than_the_burst_and_the_rate(pauses: list[float]) -> None:
    seconds = Seconds()
    pace = Pace(per_s=10, at_once=5, monotonic=seconds)
    taken = 0
    for pause in pauses:
        seconds.now += pause
        wait = pace.wait_s("a")
        taken += wait == 0
        if wait:
            seconds.now += wait + 1e-6
            assert pace.wait_s("a") == 0, "whoever waits as long as told is taken"
            taken += 1
    assert taken <= 5 + 10 * seconds.now + 1e-6


def test_memory_is_bounded_however_many_call() -> None:
    seconds = Seconds()
    pace = Pace(kept=100, monotonic=seconds)
    for number in range(1000):
        seconds.now += 0.001
        assert pace.wait_s(number) == 0
    assert len(pace) == 100


def test_a_clock_that_stands_still_fills_nothing() -> None:
    pace = Pace(per_s=10, at_once=2, monotonic=Seconds())
    assert [pace.wait_s("a") > 0 for _ in range(4)] == [False, False, True, True]
