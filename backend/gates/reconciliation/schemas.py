"""The wire forms of gaps, counted days and tasks."""

from datetime import date, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct

from backend.kit.wire import Wire

TaskKind = Literal["numbers_missing", "events_missing"]
Note = Annotated[str, Meta(min_length=1, max_length=1000, pattern=r"[^\s\x00-\x1f\x7f]")]


class GapAnswer(Struct, frozen=True, kw_only=True):
    """Sequence numbers that did not arrive, both included; `cause` says how the gap ended, null while it stands.

    `arrived`: all came. `narrowed`: a part came, the rest is another gap. `restarted`: the device counts anew.
    """

    id: UUID
    gate_id: UUID
    kind: str
    from_no: int
    to_no: int
    found_at: datetime
    evidence: dict[str, Any]
    ended_at: datetime | None
    cause: str | None


class DayCountAnswer(Struct, frozen=True, kw_only=True):
    """A gate's day: the ledger's events, and where the device counts by itself, how many of its own are missing.

    `reported` is how many the device stored between two of its reports (`counted_from_at`, `counted_to_at`), null when
    it never told or its memory was cleared; `held` counts ours of that time and of five minutes around it.
    """

    gate_id: UUID
    gate_name: str
    work_on: date
    computed_at: datetime
    events: int
    refused: int
    counted_from_at: datetime | None
    counted_to_at: datetime | None
    reported: int | None
    held: int | None
    missing: int | None


class TaskAnswer(Struct, frozen=True, kw_only=True):
    """Something about a gate to look after; done when somebody says what came of it."""

    id: UUID
    gate_id: UUID
    kind: TaskKind
    title: str
    advice: str
    opened_at: datetime
    evidence: dict[str, Any]
    done_at: datetime | None
    done_by: UUID | None
    note: str | None


class TaskDoneBody(Wire, frozen=True):
    """What came of a task."""

    note: Note
