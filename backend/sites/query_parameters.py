"""The query parameters that lists share."""

from typing import Annotated
from uuid import UUID

from litestar.params import QueryParameter

# Control characters are no text to look for, and PostgreSQL refuses NUL.
Words = Annotated[
    str | None,
    QueryParameter(
        min_length=1, max_length=100, pattern=r"^[^\u0000-\u001f\u007f]+$", description="a piece of the name"
    ),
]
Limit = Annotated[int, QueryParameter(ge=1, le=200, description="rows per page")]
After = Annotated[UUID | None, QueryParameter(description="`next` of the page before")]
