"""Staff routes of the review queue: what waits for me, and one ruling on many."""

from typing import Annotated
from uuid import UUID

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, JSONBody, QueryParameter

from backend.attendance.reviews.queue import QueueFilter, show_queue
from backend.attendance.reviews.ruling import rule_on_many
from backend.attendance.reviews.schemas import BulkAnswer, BulkRuling, ReviewOut
from backend.kit.clock import Clock
from backend.kit.cursors import CursorInvalid, read_cursor
from backend.kit.db import Database, Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.ledger.append import DayFolder
from backend.ledger.queries import RULE

PageSize = Annotated[int, QueryParameter(ge=1, le=200)]
Code = Annotated[str | None, QueryParameter(pattern=r"^[a-z_]+\.[a-z_]+$", max_length=100)]
Hours = Annotated[int | None, QueryParameter(ge=0, le=8760)]


@get("/reviews", opt={"scope": RULE, "raises": (CursorInvalid,)}, summary="Punches that wait for my ruling")
async def list_reviews(  # noqa: PLR0913, PLR0917 - the queue's filters
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
    district_id: FromQuery[UUID | None] = None,
    project_id: FromQuery[UUID | None] = None,
    person_id: FromQuery[UUID | None] = None,
    reason: Code = None,
    waiting_h: Hours = None,
    after: FromQuery[str | None] = None,
    limit: PageSize = 50,
) -> Page[ReviewOut]:
    """List punches in review, oldest first, with reasons, evidence, age, and the day after which they count."""
    wanted = QueueFilter(
        district_id=district_id, project_id=project_id, person_id=person_id, reason=reason, waiting_h=waiting_h
    )
    before = None if after is None else read_cursor(after)
    return await show_queue(tx, actor, wanted, after=before, limit=limit, language=language, now=clock.now())


@post("/reviews/rulings", status_code=200, opt={"scope": RULE}, summary="Rule on many punches with one note")
async def post_rulings(
    data: JSONBody[BulkRuling],
    database: NamedDependency[Database],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    language: NamedDependency[str],
    fold_days: NamedDependency[DayFolder],
) -> BulkAnswer:
    """Rule on each item by itself: one result for each, none silently left out."""
    return await rule_on_many(database, actor, data, language=language, clock=clock, fold=fold_days)


def reviews_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/admin/v1", route_handlers=[list_reviews, post_rulings], tags=["Reviews"])
