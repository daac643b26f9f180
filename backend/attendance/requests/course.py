"""The course of a request: which step leads from which state to which (pure)."""

from typing import Final, Literal

from backend.attendance.requests.kinds import RequestKind, State

Step = Literal[
    "deputy_confirmed",
    "deputy_declined",
    "endorsed",
    "approved",
    "rejected",
    "withdrawn",
    "escalated",
    "overturned",
    "shortened",
    "cancelled",
]

_NEXT: Final[dict[tuple[State, Step], State]] = {
    ("deputy", "deputy_confirmed"): "deciding",
    ("deputy", "deputy_declined"): "rejected",
    ("deputy", "withdrawn"): "withdrawn",
    ("endorsing", "endorsed"): "deciding",
    ("endorsing", "rejected"): "rejected",
    ("endorsing", "withdrawn"): "withdrawn",
    ("deciding", "approved"): "approved",
    ("deciding", "rejected"): "rejected",
    ("deciding", "withdrawn"): "withdrawn",
    ("deciding", "escalated"): "deciding",
    ("rejected", "overturned"): "approved",
    ("approved", "shortened"): "approved",
    ("approved", "cancelled"): "withdrawn",
}
ENDINGS: Final = frozenset[Step]({"shortened", "cancelled"})
"""Steps that end approved leave early: with fewer days, or with none."""


def first_state(kind: RequestKind, *, deputy: bool) -> State:
    """Return where a request begins: with the deputy, with the project, or with who decides."""
    if kind == "make_up":
        return "endorsing"
    return "deputy" if deputy else "deciding"


def next_state(kind: RequestKind, state: State, step: Step) -> State | None:
    """Return where a step leads, None where it cannot be taken; only appeals go one office up, only leave ends."""
    if (step == "escalated" and kind != "appeal") or (step in ENDINGS and kind != "leave"):
        return None
    return _NEXT.get((state, step))


def leads_anywhere(state: State) -> bool:
    """Tell whether somebody still has to decide: any step but an appeal's success and the end of leave can be taken."""
    return any(before == state and step != "overturned" and step not in ENDINGS for before, step in _NEXT)
