"""Structured logs: one JSON object a line, with request and job ids and without personal data."""

import logging
import sys
import traceback
from collections.abc import Callable
from typing import Any

import msgspec
import psycopg
import structlog
from sqlalchemy.exc import DBAPIError

from backend.kit.db import constraint_of, sqlstate_of


def configure_logs(form: str, level: int = logging.INFO) -> None:
    """Set up structlog and the standard library's loggers; `form` is `json` or `console`."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(render_exception),
    ]
    # Tracebacks without the values of local variables: those hold people's data and secrets.
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
        if form == "console"
        else structlog.processors.JSONRenderer(serializer=_json)
    )
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                renderer,
            ],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)


def _json(event: object, default: Callable[[Any], Any]) -> str:
    return msgspec.json.encode(event, enc_hook=default).decode()


def render_exception(exc_info: structlog.typing.ExcInfo) -> str:
    """Format an exception with its causes, oldest first, without what PostgreSQL says of the values of rows."""
    chain: list[str] = []
    error: BaseException | None = exc_info[1]
    while error is not None:
        frames = "".join(traceback.format_tb(error.__traceback__))
        chain.append(f"{frames}{type(error).__module__}.{type(error).__qualname__}: {_told(error)}")
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\nled to:\n".join(reversed(chain))


def _told(error: BaseException) -> str:
    """Return an error's text; of the database's only the codes: "Failing row contains (…)" goes on with names."""
    if isinstance(error, psycopg.Error | DBAPIError) and sqlstate_of(error) is not None:
        return f"SQLSTATE {sqlstate_of(error)}, constraint {constraint_of(error)}"
    return str(error)
