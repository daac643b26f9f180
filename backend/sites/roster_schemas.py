"""The wire forms of what a roster import answers."""

from typing import Literal

from backend.kit.wire import Wire


class RosterFault(Wire, frozen=True):
    """What is wrong on a line, in the caller's language; `column` is empty when it is the line as a whole."""

    line: int
    column: str
    code: str
    message: str
    advice: str


class RosterCounts(Wire, frozen=True):
    """How many lines change something, and how many objects that makes."""

    lines: int
    created: int
    updated: int
    unchanged: int
    faulty: int
    companies: int
    parties: int
    posts: int
    people: int
    assignments: int
    accounts: int


class RosterAnswer(Wire, frozen=True):
    """What an import did or, when `outcome` is not `applied`, would have done."""

    outcome: Literal["applied", "dry_run", "refused"]
    digest: str
    counts: RosterCounts
    ignored_columns: list[str]
    faults: list[RosterFault]
