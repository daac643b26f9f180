"""The wire forms of posts and assignments, of overlaps and vacancies."""

from datetime import date
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from backend.kit.wire import Instant, Wire
from backend.sites.posts import PartyKind
from backend.sites.schemas import PersonBody

Seats = Annotated[int, Meta(ge=1, le=10_000)]


class PostBody(Wire, frozen=True):
    """A post of a party: its kind and how many people should hold it at once."""

    party_id: UUID
    kind: Annotated[str, Meta(pattern="^[a-z_]{3,40}$")]
    seats: Seats = 1


class PostPatch(Wire, frozen=True):
    """Another number of seats."""

    seats: Seats


class PostAnswer(Wire, frozen=True):
    """A post with the party it belongs to."""

    id: UUID
    project_id: UUID
    kind: str
    seats: int
    party_id: UUID
    party_kind: PartyKind
    company_name: str


class AssignmentBody(Wire, frozen=True):
    """A person for a post from day to day, both inclusive: someone on file by id, or anyone by his document."""

    post_id: UUID
    from_on: date
    to_on: date | None = None
    person_id: UUID | None = None
    person: PersonBody | None = None
    section_id: UUID | None = None


class AssignmentEndBody(Wire, frozen=True):
    """The last day; the holder keeps the duty until his exit is confirmed."""

    to_on: date
    confirm_exit: bool = False


class SpanAnswer(Wire, frozen=True):
    """A run of days with the same holders; `to_on` null: from there on."""

    from_on: date
    to_on: date | None
    holders: int
    assignment_ids: list[UUID]


class AssignmentAnswer(Wire, frozen=True):
    """An assignment; `exit_confirmed_at` null means that the holder has the duty still."""

    id: UUID
    project_id: UUID
    post_id: UUID
    post_kind: str
    party_id: UUID
    party_kind: PartyKind
    company_name: str
    person_id: UUID
    person_name: str
    section_id: UUID | None
    from_on: date
    to_on: date | None
    exit_confirmed_at: Instant | None


class AssignedAnswer(Wire, frozen=True):
    """The new assignment, and the days on which its post is now held by more people than it has seats."""

    assignment: AssignmentAnswer
    overlaps: list[SpanAnswer]


class DutyAnswer(Wire, frozen=True):
    """Overlaps and vacancies of one post."""

    post: PostAnswer
    overlaps: list[SpanAnswer]
    vacancies: list[SpanAnswer]


class VacanciesAnswer(Wire, frozen=True):
    """Overlaps and vacancies of a project's posts in the days asked for; `until` null: from `since` on."""

    since: date
    until: date | None
    posts: list[DutyAnswer]
