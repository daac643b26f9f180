"""One ruling on many punches in review: each in a transaction of its own, each with its own result."""

from uuid import UUID

from backend.attendance.reviews.errors import NotInReview
from backend.attendance.reviews.schemas import BulkAnswer, BulkRuling, RuledItem, RuledOut
from backend.kit import messages
from backend.kit.clock import Clock
from backend.kit.db import Database
from backend.kit.errors import DaogangError
from backend.kit.guards import Actor
from backend.ledger import queries
from backend.ledger.append import DayFolder
from backend.ledger.schemas import RulingRequest
from backend.ledger.service import rule_on_punch


async def rule_on_many(
    database: Database, actor: Actor, command: BulkRuling, *, language: str, clock: Clock, fold: DayFolder
) -> BulkAnswer:
    """Rule on each item and tell what became of it; one that cannot be ruled on keeps nobody else from it.

    An item that stands twice is ruled on once: the second finds it moved.
    """
    results: list[RuledOut] = []
    for item in command.items:
        try:
            await _require_review(database, item.project_id, item.punch_id)
            request = RulingRequest(outcome=command.outcome, note=command.note, seq=item.seq)
            file = await rule_on_punch(
                database, actor, item.project_id, item.punch_id, request, language=language, clock=clock, fold=fold
            )
            results.append(_result(item, outcome=file.punch.outcome))
        except DaogangError as error:
            title = messages.text(language, error.code, error.detail).title
            results.append(_result(item, code=error.code, title=title))
    return BulkAnswer(ruled=sum(one.ruled for one in results), results=results)


def _result(
    item: RuledItem, *, outcome: str | None = None, code: str | None = None, title: str | None = None
) -> RuledOut:
    return RuledOut(
        project_id=item.project_id,
        punch_id=item.punch_id,
        ruled=code is None,
        outcome=outcome,
        code=code,
        title=title,
    )


async def _require_review(database: Database, project_id: UUID, punch_id: UUID) -> None:
    """Raise NotInReview for a punch that is decided on already; what is not there is for the ruling to tell."""
    async with database.transaction() as tx:
        if await queries.outcome_of(tx, project_id, punch_id) not in {None, "review"}:
            raise NotInReview
