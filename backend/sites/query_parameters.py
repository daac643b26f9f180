"""The query parameters that lists share."""

from typing import Annotated
from uuid import UUID

from litestar.params import Parameter

# Control characters are no text to look for, and PostgreSQL refuses NUL.
Words = Annotated[
    str | None,
    Parameter(min_length=1, max_length=100, pattern=r"^[^\u0000-\u001f\u007f]+$", description="a piece of the name"),
]
Limit = Annotated[int, Parameter(ge=1, le=200, description="rows per page")]
After = Annotated[UUID | None, Parameter(description="`next` of the page before")]
