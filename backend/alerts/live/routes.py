"""The route of the live feed: a stream of events with the caller's rights, resumed by Last-Event-ID."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta
from typing import Annotated, Final
from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import Stream
from sqlalchemy import select

from backend.alerts.errors import FeedFull
from backend.alerts.live.events import Happening, Place, read_place, write_event, write_happening
from backend.alerts.live.feed import AT_ONCE, LiveFeed, read_between
from backend.identity.queries import is_still_in
from backend.identity.tables import SessionFamily
from backend.kit.clock import Clock
from backend.kit.db import Database
from backend.kit.guards import Actor
from backend.kit.wire import Wire
from backend.sites.queries import visible_projects

SCOPE: Final = "ledger.read"
MEDIA: Final = "text/event-stream"
LOOK_AT_RIGHTS_EVERY: Final = timedelta(seconds=10)
HEARTBEAT_S: Final = 15.0
LONGEST_S: Final = 3600
HEARTBEAT: Final = b": still here\n\n"
Seconds = Annotated[int, QueryParameter(ge=0, le=LONGEST_S, description="after so long the stream ends; come back")]
LastEventId = Annotated[
    str | None,
    HeaderParameter(name="Last-Event-ID", description="the last `id` that came; none of ours means from now"),
]


class LiveEvent(Wire, frozen=True):
    """One event of the stream: its place, its kind, and what it is about; comments keep the stream alive.

    `id` is what Last-Event-ID takes. `data` is JSON with `project_id`, `subject_id` and `at`, empty for `hello` and
    `reset`.
    """

    id: str
    event: str
    data: str


TOLD: Final = ResponseSpec(
    data_container=LiveEvent,
    generate_examples=False,
    media_type=MEDIA,
    description=(
        "Server-sent events (HTML Standard, 9.2) until the stream ends, each with these fields; `data` is JSON, with "
        "`project_id`, `subject_id` and `at`, empty for `hello` and `reset`. See docs/live-feed.md"
    ),
)


@get(
    "/live",
    opt={"scope": SCOPE, "raises": (FeedFull,), "database": False},
    summary="What happens, as it happens",
    media_type=MEDIA,
    responses={200: TOLD},
)
async def watch_live(
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    database: NamedDependency[Database],
    live_feed: NamedDependency[LiveFeed],
    last_event_id: LastEventId = None,
    for_s: Seconds = LONGEST_S,
) -> Stream:
    """Stream events of the caller's projects and inbox, from where `Last-Event-ID` broke off."""
    if live_feed.is_full:
        raise FeedFull
    begin = read_place(last_event_id)
    stream = Watching(database, live_feed, clock, actor).run(begin, for_s)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return Stream(stream, media_type=MEDIA, headers=headers)


class Watching:
    """One open stream."""

    def __init__(self, database: Database, feed: LiveFeed, clock: Clock, actor: Actor) -> None:
        """Watch in the name of `actor`."""
        self._database, self._feed, self._clock, self._actor = database, feed, clock, actor
        self._projects: frozenset[UUID] = frozenset()

    async def run(self, begin: Place | None, for_s: int) -> AsyncGenerator[bytes]:
        """Yield the stream from a place on (None: from now), for so many seconds or until the session ends."""
        loop = asyncio.get_running_loop()
        ends_at = loop.time() + for_s
        board = self._feed.open_board()
        try:
            if not await self._read_rights():
                return
            rights_at = self._clock.now()
            now = await self._feed.place()
            place = begin or now
            yield write_event("hello", place, b"{}")
            async for written, told in self._missed(place, now):
                place = told
                yield written
            while (left := ends_at - loop.time()) > 0 and not board.is_over:
                if board.is_behind:
                    yield write_event("reset", await self._feed.place(), b"{}")
                    return
                happening = await board.next(min(left, HEARTBEAT_S))
                if self._clock.now() - rights_at >= LOOK_AT_RIGHTS_EVERY:
                    if not await self._read_rights():
                        return
                    rights_at = self._clock.now()
                if happening is None:
                    yield HEARTBEAT
                elif happening.number > place.numbers[happening.table]:
                    place = place.moved(happening.table, happening.number)
                    if self._may_know(happening):
                        yield write_happening(happening, place)
        finally:
            self._feed.close_board(board)

    async def _missed(self, place: Place, upto: Place) -> AsyncGenerator[tuple[bytes, Place]]:
        """Tell what happened since the place where the caller broke off, unless that is too much."""
        async with self._database.transaction() as tx:
            missed, reached = await read_between(tx, place, upto)
        if len(missed) >= AT_ONCE or reached != Place(tuple(map(max, place.numbers, upto.numbers))):  # type: ignore[arg-type] - as many numbers as a place has
            yield write_event("reset", upto, b"{}"), upto
            return
        for happening in missed:
            place = place.moved(happening.table, happening.number)
            if self._may_know(happening):
                yield write_happening(happening, place), place

    def _may_know(self, happening: Happening) -> bool:
        if happening.account_id is not None:
            return happening.account_id == self._actor.account_id
        return happening.project_id in self._projects

    async def _read_rights(self) -> bool:
        """Read which projects the caller sees now; False when his session is over."""
        alive = select(SessionFamily.id).where(
            SessionFamily.id == self._actor.family_id,
            SessionFamily.expires_at > self._clock.now(),
            is_still_in(self._actor),
        )
        async with self._database.transaction() as tx:
            if (await tx.execute(alive)).one_or_none() is None:
                return False
            self._projects = frozenset(await tx.scalars(visible_projects(self._actor, SCOPE)))
        return True


def live_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/admin/v1", route_handlers=[watch_live], tags=["Alerts"])
