"""What staff see of days."""

from datetime import date, datetime
from typing import Literal
from uuid import UUID

from backend.kit.wire import Wire


class PersonDayOut(Wire, frozen=True, kw_only=True):
    """One person's day on a project; `entries` are the counted punches that made it, in order."""

    project_id: UUID
    person_id: UUID
    person_name: str
    work_on: date
    first_at: datetime | None
    last_at: datetime | None
    span_s: int
    punches: int
    in_review: int
    sources: list[str]
    valid: bool
    provisional: bool
    rule: str
    revision: int
    computed_at: datetime
    entries: list[UUID]


class OnPostLine(Wire, frozen=True, kw_only=True):
    """One holder of a post on a day, present or not; nobody holds the post when `person_id` is null.

    `key`: one of the key posts (关键岗位) whose presence is supervised.
    """

    post_id: UUID
    post_kind: str
    post_name: str
    key: bool
    party_kind: str
    company_name: str
    person_id: UUID | None
    person_name: str | None
    present: bool
    valid: bool
    provisional: bool
    first_at: datetime | None
    last_at: datetime | None
    punches: int
    in_review: int
    sources: list[str]


class OnPostAnswer(Wire, frozen=True, kw_only=True):
    """Who was on post: `present` counts holders with at least one counted punch, `valid` those with a valid day."""

    project_id: UUID
    work_on: date
    holders: int
    present: int
    valid: int
    vacant_posts: int
    lines: list[OnPostLine]


class PostCounts(Wire, frozen=True, kw_only=True):
    """How many posts were filled: `present` holders have a counted punch, `in_review` a punch that waits for a ruling.

    `key_holders` and `key_present` are those of key posts alone; a post without a holder is in `vacant_posts`.
    """

    holders: int
    present: int
    valid: int
    key_holders: int
    key_present: int
    vacant_posts: int
    in_review: int


class DistrictOnPost(Wire, frozen=True, kw_only=True):
    """A district's sites that are being built, as far as the caller sees them; `full` have every key post filled."""

    district_id: UUID
    district_name: str
    projects: int
    full: int
    counts: PostCounts


class CityOnPost(Wire, frozen=True, kw_only=True):
    """Posts on a day by district; `on` null: each project's own today."""

    on: date | None
    projects: int
    counts: PostCounts
    districts: list[DistrictOnPost]


class ProjectOnPost(Wire, frozen=True, kw_only=True):
    """A project's posts on a day."""

    project_id: UUID
    project_name: str
    site_mode: Literal["gate", "phone", "either"]
    work_on: date
    counts: PostCounts
