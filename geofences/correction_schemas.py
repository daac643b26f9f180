"""The wire forms of corrections."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta

from backend.decision.ruling import Outcome
from backend.kit.db import AnyRow
from backend.kit.wire import Instant, Note, Wire
from geofences.corrections import CorrectionView, Wish

CorrectionState = Literal["looking", "proposed", "applying", "applied", "dropped"]


class CorrectionBody(Wire, frozen=True, kw_only=True):
    """A version that should have been in force from a past instant to before another one (left out: from then on)."""

    number: Annotated[int, Meta(ge=1, le=1_000_000)]
    valid_from: Instant
    valid_until: Instant | None = None
    reason: Note

    def wish(self) -> Wish:
        """Return the use case's wish."""
        return Wish(number=self.number, valid_from=self.valid_from, valid_until=self.valid_until, reason=self.reason)


class ApprovalBody(Wire, frozen=True, kw_only=True):
    """The number of changed rulings that the approver has seen."""

    changes: Annotated[int, Meta(ge=0, le=100_000_000)]


class ChangeCountAnswer(Wire, frozen=True, kw_only=True):
    """How many rulings go from one outcome to another; `kept` were left since somebody ruled in between."""

    from_outcome: Outcome
    to_outcome: Outcome
    changes: int
    ruled: int
    kept: int


class KeptBackAnswer(Wire, frozen=True, kw_only=True):
    """Punches of the period that keep their ruling without having been judged anew, and why."""

    reason: str
    punches: int


class CorrectionAnswer(Wire, frozen=True, kw_only=True):
    """A correction: `looking` (its preview is being made), `proposed`, `applying`, `applied` or `dropped`.

    `examined` punches were looked at, `looked_until` says up to which receipt. `hidden_changes` are about people whom
    the caller may not see. `counts` are left out in lists.
    """

    id: UUID
    fence_id: UUID
    number: int
    state: CorrectionState
    valid_from: datetime
    valid_until: datetime | None
    reason: str
    proposed_by: UUID
    proposed_at: datetime
    looked_until: datetime
    examined: int
    changes: int
    hidden_changes: int
    counts: list[ChangeCountAnswer]
    left_out: list[KeptBackAnswer]
    approved_by: UUID | None
    approved_at: datetime | None
    known_from: datetime | None
    dropped_by: UUID | None
    ended_at: datetime | None


class CorrectionsAnswer(Wire, frozen=True, kw_only=True):
    """A fence's corrections, latest first."""

    corrections: list[CorrectionAnswer]


class ChangeAnswer(Wire, frozen=True, kw_only=True):
    """One ruling that changes: whose, from what to what, why, and the ruling that settled it (null: none yet or kept).

    `reasons` are codes with numbers, as a check-in's are.
    """

    project_id: UUID
    punch_id: UUID
    person_id: UUID | None
    person_name: str | None
    occurred_at: datetime
    received_at: datetime
    from_outcome: Outcome
    to_outcome: Outcome
    reasons: list[dict[str, Any]]
    ruling_id: UUID | None
    settled_at: datetime | None


def correction_answer(view: CorrectionView) -> CorrectionAnswer:
    """Build the answer of a correction."""
    row = view.row
    return CorrectionAnswer(
        id=row.id,
        fence_id=row.fence_id,
        number=row.number,
        state=row.state,  # pyright: ignore[reportArgumentType] - the database's check
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        reason=row.reason,
        proposed_by=row.proposed_by,
        proposed_at=row.proposed_at,
        looked_until=max(row.cursor_at, row.look_until) if row.state != "looking" else row.cursor_at,
        examined=row.examined,
        changes=sum(one.changes for one in view.counts),
        hidden_changes=view.hidden,
        counts=[
            ChangeCountAnswer(
                from_outcome=one.from_outcome,  # pyright: ignore[reportArgumentType] - the ledger's check
                to_outcome=one.to_outcome,  # pyright: ignore[reportArgumentType] - the database's check
                changes=one.changes,
                ruled=one.ruled,
                kept=one.kept,
            )
            for one in view.counts
        ],
        left_out=[KeptBackAnswer(reason=reason, punches=count) for reason, count in row.left_out.items()],
        approved_by=row.approved_by,
        approved_at=row.approved_at,
        known_from=row.known_from,
        dropped_by=row.dropped_by,
        ended_at=row.ended_at,
    )


def change_answer(row: AnyRow) -> ChangeAnswer:
    """Build the answer of a change."""
    return ChangeAnswer(
        project_id=row.project_id,
        punch_id=row.punch_id,
        person_id=row.person_id,
        person_name=row.person_name,
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        from_outcome=row.from_outcome,
        to_outcome=row.to_outcome,
        reasons=row.reasons,
        ruling_id=row.ruling_id,
        settled_at=row.settled_at,
    )
