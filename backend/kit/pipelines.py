"""A psycopg connection whose pipelines send everything in one go, when somebody waits for rows or says so."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from psycopg import AsyncConnection, AsyncPipeline, waiting
from psycopg.abc import PQGen
from psycopg.pq.abc import PGconn
from psycopg.rows import TupleRow


class _CollectingPipeline(AsyncPipeline):
    """Leaves statements with libpq until rows are fetched or the pipeline ends, both of which flush.

    psycopg flushes after each statement: as many system calls, and PostgreSQL wakes up for each. A third of the
    server's processor time for a check-in went there. Should psycopg one day no longer call this method, then
    statements are sent one by one again, with the same results.
    """

    def _communicate_gen(self) -> PQGen[None]:
        while self.command_queue:
            self.command_queue.popleft()()
        return
        yield  # makes this a generator that never waits


class CollectingConnection(AsyncConnection[TupleRow]):
    """A connection with such pipelines."""

    @asynccontextmanager
    async def pipeline(self) -> AsyncGenerator[AsyncPipeline]:
        """Switch to pipeline mode for the length of the block."""
        if self._pipeline is None:
            # psycopg takes the one that is there, and clears it at the end.
            self._pipeline = _CollectingPipeline(self)
        async with super().pipeline() as pipeline:
            yield pipeline


async def send_now(connection: AsyncConnection[TupleRow]) -> None:
    """Send what a pipeline has collected, so that PostgreSQL works while Python goes on; waits for no answer.

    Raises OperationalError if the connection is lost.
    """
    await connection.wait(_flushed(connection.pgconn))


def _flushed(pgconn: PGconn) -> PQGen[None]:
    while pgconn.flush():
        # The socket is full. Answers are read meanwhile: a server that cannot write would not read either.
        ready = yield waiting.Wait.RW
        if ready & waiting.Ready.R:
            pgconn.consume_input()
