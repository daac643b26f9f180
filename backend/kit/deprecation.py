"""Says of a route, or of a form of data, that it goes, and when: `Deprecation` (RFC 9745) and `Sunset` (RFC 8594)."""

from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any, TypedDict

from litestar import Response


class Going(TypedDict):
    """What a handler takes that goes: for `@get(…, **going(…))`."""

    deprecated: bool
    after_request: Any


def sunset_headers(deprecated_on: date, sunset_on: date) -> dict[str, str]:
    """Return the headers of an answer that uses what is deprecated since one day and gone after another (UTC)."""
    since = int(datetime.combine(deprecated_on, time(), UTC).timestamp())
    until = datetime.combine(sunset_on, time(23, 59, 59), UTC)
    return {"Deprecation": f"@{since}", "Sunset": format_datetime(until, usegmt=True)}


def going(deprecated_on: date, sunset_on: date) -> Going:
    """Return what marks a route as going, in its answers and in the OpenAPI document."""
    headers = sunset_headers(deprecated_on, sunset_on)

    async def tell(response: Response[Any]) -> Response[Any]:
        response.headers.update(headers)
        return response

    return Going(deprecated=True, after_request=tell)
