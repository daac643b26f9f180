"""Says which step may follow which in the life of a key, and what a self-test has shown (pure)."""

from collections.abc import Collection
from datetime import datetime
from typing import Final, Literal

Step = Literal["applied", "withdrawn", "rejected", "approved", "issued", "replaced", "revoked"]
Credential = Literal["signing_key", "access_token"]
ApplicationState = Literal["applied", "withdrawn", "rejected", "approved", "issued"]
TestResult = Literal["waiting", "passed", "failed"]

_LATEST_FIRST: Final[tuple[ApplicationState, ...]] = ("issued", "rejected", "withdrawn", "approved", "applied")

_BEFORE: Final[dict[Step, frozenset[ApplicationState]]] = {
    "approved": frozenset({"applied"}),
    "rejected": frozenset({"applied"}),
    "withdrawn": frozenset({"applied", "approved"}),
    "issued": frozenset({"approved"}),
}


def state_of(steps: Collection[str]) -> ApplicationState:
    """Return how an application stands after the steps that were made; what becomes of the key later is the key's."""
    return next(state for state in _LATEST_FIRST if state in steps)


def may_follow(steps: Collection[str], step: Step) -> bool:
    """Tell whether a step may be made now; each is made once."""
    return state_of(steps) in _BEFORE.get(step, frozenset[ApplicationState]())


def judge_test(until_at: datetime, now: datetime, *, evidence: bool) -> TestResult:
    """Return what a self-test has shown: passed by evidence alone, failed when its time ran out without any."""
    if evidence:
        return "passed"
    return "waiting" if now < until_at else "failed"
