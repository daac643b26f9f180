"""What staff send and see of bulletins."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from msgspec import Struct

from backend.kit.wire import Note, Wire
from backend.reports.bulletins.content import Content
from backend.reports.bulletins.settings import BulletinSettings


class IssueBody(Wire, frozen=True, kw_only=True):
    """The bulletin of the period that `on` falls in, of a district or (null) of the city."""

    kind: Literal["daily", "weekly"]
    on: date
    district_id: UUID | None = None


class IssueAgainBody(Wire, frozen=True, kw_only=True):
    """Why there is a new edition; it is published with it."""

    reason: Note


class SettingsBody(BulletinSettings, frozen=True, kw_only=True):
    """Settings of a district or (null) of the city."""

    district_id: UUID | None = None


class SettingsAnswer(Struct, frozen=True, kw_only=True):
    """The settings that hold; `set_at` null: nobody set any."""

    district_id: UUID | None
    settings: BulletinSettings
    set_at: datetime | None


class BulletinLine(Struct, frozen=True, kw_only=True):
    """A bulletin with its last edition."""

    id: UUID
    kind: str
    district_id: UUID | None
    district_name: str | None
    from_on: date
    to_on: date
    edition: int
    digest: str
    issued_at: datetime


class EditionLine(Struct, frozen=True, kw_only=True):
    """One edition; `issued_by_name` null: the schedule."""

    edition: int
    digest: str
    reason: str | None
    issued_by_name: str | None
    issued_at: datetime


class BulletinAnswer(Struct, frozen=True, kw_only=True):
    """An edition of a bulletin with what it says, and which editions there are."""

    id: UUID
    edition: int
    digest: str
    reason: str | None
    issuer: str | None
    issued_by_name: str | None
    issued_at: datetime
    editions: list[EditionLine]
    content: Content


class DraftAnswer(Struct, frozen=True, kw_only=True):
    """What a bulletin would say if it was issued now; kept nowhere."""

    content: Content


class IssuedAnswer(Struct, frozen=True, kw_only=True):
    """What was published."""

    id: UUID
    edition: int


class DifferenceLine(Struct, frozen=True, kw_only=True):
    """A place in which an edition says something else than the one before; `of` names whose it is."""

    path: list[str]
    of: str | None
    before: Any
    after: Any


class DifferencesAnswer(Struct, frozen=True, kw_only=True):
    """What an edition says otherwise than the one before it, and why it was issued."""

    edition: int
    reason: str | None
    differences: list[DifferenceLine]
