"""What staff send and get about photos."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

from backend.kit.wire import Note as NoteText
from backend.kit.wire import Wire

Purpose = Annotated[str, Meta(min_length=1, max_length=200, pattern=r"\S", description="what it is looked at for")]
SignalKind = Literal["photo_reused", "photo_refused", "photo_old", "photo_edited"]


class NoteOut(Struct, frozen=True, kw_only=True):
    """What was done to a photo or is odd about it."""

    code: str
    title: str


class PhotoOut(Struct, frozen=True, kw_only=True):
    """A photo that a punch names; `photo_id` once it is here.

    `awaited`: not here yet, or not looked into. `measures` as docs/photos.md explains them; `face` is `not_evaluated`
    as long as nobody looked for one.
    """

    photo_id: UUID | None
    sha256: str
    state: Literal["awaited", "kept", "refused", "deleted"]
    reason: str | None
    title: str | None
    advice: str | None
    received_at: datetime | None
    picture_sha256: str | None
    width: int | None
    height: int | None
    notes: list[NoteOut]
    measures: dict[str, float] | None
    face: str | None
    chainage: str | None


class ViewBody(Wire, frozen=True, kw_only=True):
    """Why somebody looks at a photo, and whether the small one will do."""

    purpose: Purpose
    thumbnail: bool = False


class PhotoSignalOut(Struct, frozen=True, kw_only=True):
    """What speaks against a photo, and no verdict; the person only for who may see him."""

    id: UUID
    punch_id: UUID
    photo_id: UUID
    person_id: UUID | None
    kind: SignalKind
    title: str
    advice: str
    found_at: datetime
    evidence: dict[str, Any]


class HoldBody(Wire, frozen=True, kw_only=True):
    """Whose photos are not deleted, and why; without a person all of the project."""

    reason: NoteText
    person_id: UUID | None = None


class LiftBody(Wire, frozen=True, kw_only=True):
    """Why a hold ends."""

    reason: NoteText


class HoldOut(Struct, frozen=True, kw_only=True):
    """A hold; `lifted_at` null while it is in force."""

    id: UUID
    person_id: UUID | None
    reason: str
    placed_by: UUID
    placed_at: datetime
    lifted_by: UUID | None
    lifted_at: datetime | None
    lift_reason: str | None


class RetentionBody(Wire, frozen=True, kw_only=True):
    """How many days photos of a class are kept from their receipt on, and their originals; and why it changes."""

    keep_days: Annotated[int, Meta(ge=1, le=36_500)]
    original_days: Annotated[int, Meta(ge=0, le=36_500)]
    reason: NoteText


class RetentionOut(Struct, frozen=True, kw_only=True):
    """The rule of a class that is in force."""

    photo_class: str
    version: int
    keep_days: int
    original_days: int


class DeletionOut(Struct, frozen=True, kw_only=True):
    """That a photo was deleted: what it was, by which rule, when its keys were destroyed and its bytes found gone."""

    photo_id: UUID
    punch_id: UUID | None
    photo_class: str
    version: int
    due_at: datetime
    destroyed_at: datetime
    confirmed_at: datetime | None
    sha256: str
    picture_sha256: str | None
    digest: str
