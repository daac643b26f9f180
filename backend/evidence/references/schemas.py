"""What is said and answered about reference photos."""

from datetime import datetime
from typing import Any
from uuid import UUID

from backend.evidence.references.model import State, Step
from backend.kit.wire import Note, Wire


class ReasonBody(Wire, frozen=True, kw_only=True):
    """Why something is done."""

    reason: Note


class StepOut(Wire, frozen=True, kw_only=True):
    """A step in the life of reference photos; `made_by` null: the installation itself."""

    step: Step
    reason: str
    made_at: datetime
    made_by: UUID | None
    made_by_name: str | None


class ReferenceAnswer(Wire, frozen=True, kw_only=True):
    """Reference photos: how they stand, and what was measured when they were taken."""

    reference_id: UUID
    person_id: UUID
    state: State
    photos: int
    facts: dict[str, Any]
    taken_at: datetime
    taken_by: UUID
    steps: list[StepOut]


class ReferencesAnswer(Wire, frozen=True, kw_only=True):
    """Reference photos of a person on a project, latest first."""

    references: list[ReferenceAnswer]
