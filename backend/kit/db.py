"""The database: connections, transactions, table metadata, and violations by constraint name."""

from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeAlias

import psycopg
from psycopg import AsyncConnection as RawConnection
from psycopg.pq import TransactionStatus
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from sqlalchemy import MetaData, Row
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as EngineTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.types import UserDefinedType

from backend.kit.errors import Contended, DaogangError, DatabaseAway
from backend.kit.pipelines import CollectingConnection

Tx = AsyncConnection
"""An open transaction: the edge that opened it commits it, nobody else."""

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
"""A result row whose columns are read by name or index, untyped."""

ROLE = "daogang_app"
WAIT_S = 3.0
RETRY_SQLSTATES = frozenset({"40001", "40P01"})
CONTENDED_SQLSTATES = RETRY_SQLSTATES | {"55P03", "57014"}
AWAY_SQLSTATES = frozenset({"57P01", "57P02", "57P03", "53300", "25006", "08000", "08003", "08006", "08001"})

_SETTINGS = {
    "timezone": "UTC",
    "jit": "off",
    "statement_timeout": "15s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "30s",
}

# A connection keeps its plans. One made while a table was nearly empty would read all of it until the next ANALYZE; the
# hot path's statements all go by key, so they never want that.
_HOT_SETTINGS = {"enable_seqscan": "off"}


class Base(DeclarativeBase):
    """Metadata of all tables; classes are typed table declarations, statements are Core."""

    metadata = MetaData(
        naming_convention={
            "pk": "pk_%(table_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s",
            "uq": "uq_%(table_name)s_%(column_0_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "ix": "ix_%(table_name)s_%(column_0_name)s",
        }
    )


def sqlalchemy_url(url: str) -> str:
    """Turn a libpq URL into SQLAlchemy's spelling for psycopg 3."""
    scheme, _, rest = url.partition("://")
    if scheme not in {"postgresql", "postgres"}:
        msg = f"DATABASE_URL has scheme {scheme!r}: give postgresql://…"
        raise ValueError(msg)
    return f"postgresql+psycopg://{rest}"


def include_in_comparison(_object: object, name: str | None, kind: str, *_: object) -> bool:
    """Leave to others what our metadata does not describe: partitions, PostGIS's table, procrastinate's tables."""
    if kind != "table" or name is None:
        return True
    is_partition = name[-7:-6] == "_" and name[-6:].isdigit()
    return not (is_partition or name == "spatial_ref_sys" or name.startswith("procrastinate_"))


def start_up_options(role: str | None = ROLE, settings: Mapping[str, str] = _SETTINGS) -> str:
    """Return libpq `options`, so that role and time-outs cost no round trip of their own."""
    values = settings if role is None else {"role": role, **settings}
    return " ".join(f"-c {name}={value}" for name, value in values.items())


class XID8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id, by which followers know what is below their horizon."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:  # noqa: ANN401 - SQLAlchemy's signature
        """Return the type's name."""
        return "xid8"


class Database:
    """The pools of one process: SQLAlchemy's for the many routes, a bare psycopg one for the hot path.

    Both connect as `role`. The bare pool hands out autocommit connections, on which the hot path opens its one
    transaction itself and sends whole pipelines.
    """

    def __init__(self, url: str, *, min_size: int = 1, max_size: int = 4, role: str | None = ROLE) -> None:
        """Prepare; nothing connects before `open`."""
        options = start_up_options(role)
        self.engine: AsyncEngine = create_async_engine(
            sqlalchemy_url(url),
            connect_args={"options": options, "connect_timeout": 3},
            pool_size=max_size,
            max_overflow=0,
            pool_timeout=WAIT_S,
            pool_use_lifo=True,
            use_native_hstore=False,
            # The text of a failed statement goes to the log; its values are people's data.
            hide_parameters=True,
        )
        self.pool: AsyncConnectionPool[RawConnection[TupleRow]] = AsyncConnectionPool(
            url,
            connection_class=CollectingConnection,
            min_size=min_size,
            max_size=max_size,
            open=False,
            timeout=WAIT_S,
            reconnect_timeout=5,
            kwargs={
                "autocommit": True,
                "options": start_up_options(role, _SETTINGS | _HOT_SETTINGS),
                "connect_timeout": 3,
                "prepare_threshold": 0,
            },
        )

    @asynccontextmanager
    async def opened(self) -> AsyncGenerator[None]:
        """Be open for the length of the block."""
        await self.open()
        try:
            yield
        finally:
            await self.close()

    async def open(self) -> None:
        """Start the pool's background workers; does not wait for the database."""
        await self.pool.open(wait=False)

    async def close(self) -> None:
        """Give all connections back to the server."""
        await self.pool.close()
        await self.engine.dispose()

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Tx]:
        """Open a transaction, commit it at the end of the block, roll it back on any error.

        Raises DatabaseAway or Contended in place of the driver's errors of that kind, also when the commit fails.
        """
        with translate_failures():
            async with self.engine.begin() as connection:
                yield connection

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[RawConnection[TupleRow]]:
        """Lend a bare psycopg connection in autocommit mode, with the same translation of failures."""
        with translate_failures():
            async with self.pool.connection() as connection:
                yield connection


@asynccontextmanager
async def pipelined(connection: RawConnection[TupleRow]) -> AsyncGenerator[None]:
    """Run the block as one transaction in one pipeline; the connection must be in autocommit mode.

    BEGIN travels with the first statement and COMMIT with the last, so that a wait is only where the block fetches
    rows, and one at the end (psycopg's own `transaction()` waits for both). Committed when this returns; any error
    rolls back.
    """
    try:
        async with connection.pipeline():
            await connection.execute("BEGIN")
            yield
            ended = await connection.execute("COMMIT")
    finally:
        if connection.info.transaction_status not in {TransactionStatus.IDLE, TransactionStatus.UNKNOWN}:
            await connection.rollback()
    if ended.statusmessage != "COMMIT":
        # What failed inside the block was caught there, and PostgreSQL rolled back.
        msg = f"the transaction ended with {ended.statusmessage}"
        raise RuntimeError(msg)


def sqlstate_of(error: BaseException) -> str | None:
    """Return the SQLSTATE behind a psycopg or SQLAlchemy error, if the server gave one."""
    if isinstance(error, DBAPIError):
        error = error.orig or error
    return error.sqlstate if isinstance(error, psycopg.Error) else None


def constraint_of(error: BaseException) -> str | None:
    """Return the name of the violated constraint behind a psycopg or SQLAlchemy error."""
    if isinstance(error, DBAPIError):
        error = error.orig or error
    return error.diag.constraint_name if isinstance(error, psycopg.Error) else None


@contextmanager
def translate_failures() -> Generator[None]:
    """Turn "the database is away" and "others hold the rows" into errors of ours; let all else pass."""
    try:
        yield
    except (PoolTimeout, EngineTimeout) as error:
        raise DatabaseAway from error
    except (psycopg.Error, DBAPIError) as error:
        state = sqlstate_of(error)
        if state in CONTENDED_SQLSTATES:
            raise Contended from error
        if state in AWAY_SQLSTATES or (state is None and _is_connection_failure(error)):
            raise DatabaseAway from error
        raise


def _is_connection_failure(error: BaseException) -> bool:
    if isinstance(error, DBAPIError):
        error = error.orig or error
    return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError)


@contextmanager
def translate_violations(errors: Mapping[str, type[DaogangError]], **detail: object) -> Generator[None]:
    """Raise the error that belongs to the violated constraint's name; unknown violations pass as they are."""
    try:
        yield
    except IntegrityError as error:
        known = errors.get(constraint_of(error) or "")
        if known is None:
            raise
        raise known(**detail) from error
