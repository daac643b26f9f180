"""Instants in query strings: RFC 3339 with an offset, nothing that would have to be guessed."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final

from litestar.params import QueryParameter

from backend.kit.errors import InvalidInput

QueryInstant = Annotated[
    str | None,
    QueryParameter(
        max_length=64,
        description="RFC 3339 instant with offset (`+` is written `%2B` in an address)",
        schema_extra={"format": "date-time"},
    ),
]
"""A query parameter that `read_instant` reads. Were it a datetime, the framework would take one without an offset for
UTC, and a bare number for seconds since 1970."""

_RFC_3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


class InstantMalformed(InvalidInput):
    """A query parameter is no RFC 3339 instant with an offset."""

    code = "request.instant"


def read_instant(parameter: str, text: str | None) -> datetime | None:
    """Return the instant in UTC, None for a parameter that was not given; raises InstantMalformed, naming it."""
    if text is None:
        return None
    if _RFC_3339.fullmatch(text) is None:
        raise InstantMalformed(parameter=parameter)
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise InstantMalformed(parameter=parameter) from error
