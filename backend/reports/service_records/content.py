"""What a yearly service record says of the people on a project's key posts (pure).

Days are thousandths, shares thousandths, as rates have them. Kinds of leave and reasons are not in it: they may tell of
illness, and are for those who decide on requests.
"""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Final
from uuid import UUID

from msgspec import Struct

from backend.attendance.rates.evaluation import Verdict, rate_of

MONTHS: Final = range(1, 13)


class MonthOfDuty(Struct, frozen=True, kw_only=True):
    """One month on a post; `rate` includes make-ups, `own_rate` leaves them out, null where nothing was due."""

    month: int
    due: int
    valid: int
    own: int
    rate: int | None
    own_rate: int | None
    verdict: Verdict
    leave_days: int
    stop_days: int
    make_up_days: int


class HeldPost(Struct, frozen=True, kw_only=True):
    """A stay on the post; without `to_on` it goes on. Duty lasts until the exit is confirmed."""

    from_on: date
    to_on: date | None
    exit_confirmed: bool


class PostRecord(Struct, frozen=True, kw_only=True):
    """A post that a person held in the year, its months, and what they come to."""

    post_id: UUID
    post_kind: str
    company_name: str
    held: list[HeldPost]
    months: list[MonthOfDuty]
    due: int
    valid: int
    own: int
    rate: int | None
    own_rate: int | None


class LeaveDays(Struct, frozen=True, kw_only=True):
    """Approved leave, both days inclusive."""

    first_on: date
    last_on: date


class Tally(Struct, frozen=True, kw_only=True):
    """How many came to what."""

    counted: int = 0
    review: int = 0
    refused: int = 0


class PersonRecord(Struct, frozen=True, kw_only=True):
    """A person's year; `make_ups` are entries made up, `rulings` what named persons decided on his other punches."""

    person_id: UUID
    person_name: str
    posts: list[PostRecord]
    leaves: list[LeaveDays]
    make_ups: Tally
    rulings: Tally


class ServiceRecord(Struct, frozen=True, kw_only=True):
    """A project's year up to `until` (the last day that was over); null: none of it was."""

    project_id: UUID
    registration_no: str
    project_name: str
    year: int
    until: date | None
    people: list[PersonRecord]


def post_record(
    post_id: UUID, post_kind: str, company_name: str, held: list[HeldPost], months: Sequence[MonthOfDuty]
) -> PostRecord:
    """Return a post's year with its sums."""
    due, valid, own = (sum(getattr(month, name) for month in months) for name in ("due", "valid", "own"))
    return PostRecord(
        post_id=post_id,
        post_kind=post_kind,
        company_name=company_name,
        held=held,
        months=sorted(months, key=lambda one: one.month),
        due=due,
        valid=valid,
        own=own,
        rate=rate_of(valid, due),
        own_rate=rate_of(own, due),
    )


def tally(counts: Iterable[tuple[str, int]]) -> Tally:
    """Return counts by outcome; what waits for evidence is in review."""
    found = {"counted": 0, "review": 0, "refused": 0}
    for outcome, count in counts:
        found["review" if outcome == "pending" else outcome] += count
    return Tally(**found)
