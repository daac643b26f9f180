"""The device's queue: nothing is lost, nothing is renumbered."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gate_client.pacing import LONGEST_WAIT_S, backoff, judge_answer
from backend.gate_client.queue import Queue

NOW = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)
PASS: dict[str, Any] = {"person": {"kind": "pin", "value": "1001"}, "direction": "in", "granted": True, "live": True}


def results(items: list[dict[str, Any]], status: str = "accepted") -> list[dict[str, Any]]:
    return [{"device_event_id": item["device_event_id"], "status": status} for item in items]


def test_what_waits_outlives_the_process(tmp_path: Path) -> None:
    first = Queue(tmp_path / "q.sqlite")
    assert [first.add(PASS, NOW + timedelta(seconds=n)) for n in range(3)] == [1, 2, 3]
    first.settle(items := first.batch(1), results(items))
    first.close()
    again = Queue(tmp_path / "q.sqlite")
    assert [item["seq"] for item in again.batch(10)] == [2, 3]
    assert again.add(PASS, NOW) == 4
    waiting = again.waiting()
    assert (waiting.events, waiting.oldest_at, waiting.stored) == (3, NOW.isoformat(), 4)
    again.close()


def test_refused_events_are_set_aside_with_the_reason() -> None:
    queue = Queue(":memory:")
    for _ in range(3):
        queue.add(PASS, NOW)
    items = queue.batch(2)
    queue.settle(items, [*results(items[:1], "rejected"), *results(items[1:], "duplicate")])
    queue.refuse(queue.batch(1)[0], "request.too_large")
    assert (queue.waiting().events, [seq for seq, _ in queue.refused()]) == (0, [1, 3])


def test_what_the_server_lost_waits_again() -> None:
    queue = Queue(":memory:")
    for _ in range(5):
        queue.add(PASS, NOW)
    queue.settle(items := queue.batch(4), results(items))
    ids = [item["device_event_id"] for item in items]
    assert queue.expect(5) == 0
    assert queue.expect(9) == 0
    assert queue.expect(3) == 2
    assert [item["device_event_id"] for item in queue.batch(2)] == ids[2:4]


def test_a_photo_waits_until_it_is_dropped() -> None:
    queue = Queue(":memory:")
    for _ in range(2):
        queue.add_photo("ab", b"photo")
    assert queue.photo() == ("ab", b"photo")
    queue.drop_photo("ab")
    assert queue.photo() is None


@pytest.mark.parametrize(
    ("status", "problem", "move"),
    [
        (200, {}, "done"),
        (400, {"code": "request.malformed"}, "smaller"),
        (413, {}, "smaller"),
        (422, {}, "smaller"),
        (401, {"code": "gates.nonce_replayed"}, "sign_anew"),
        (401, {"code": "gates.key_unknown"}, "stop"),
        (401, {"code": "gates.signature_wrong"}, "stop"),
        (403, {"code": "gates.device_blocked"}, "wait"),
        (404, {}, "stop"),
        (429, {}, "wait"),
        (500, {}, "wait"),
        (503, {}, "wait"),
    ],
)
def test_what_follows_an_answer(status: int, problem: dict[str, Any], move: str) -> None:
    assert judge_answer(status, problem, failures=0, retry_after=None, now=NOW).move == move


def test_a_wrong_clock_learns_the_offset() -> None:
    problem = {"code": "gates.clock_skew", "server_time": "2026-03-16T03:30:00+00:00"}
    following = judge_answer(401, problem, failures=0, retry_after=None, now=NOW)
    assert (following.move, following.offset) == ("sign_anew", timedelta(hours=2))


@given(st.integers(0, 10**9), st.none() | st.text(max_size=20))
def test_waits_grow_and_end(failures: int, retry_after: str | None) -> None:
    assert 1 <= backoff(failures) <= backoff(failures + 1) <= LONGEST_WAIT_S
    wait = judge_answer(503, {}, failures=failures, retry_after=retry_after, now=NOW).wait_s
    assert 0 < wait <= LONGEST_WAIT_S


def test_the_server_says_how_long_to_wait() -> None:
    assert judge_answer(503, {}, failures=9, retry_after="7", now=NOW).wait_s == 7
