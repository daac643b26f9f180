"""Formats of queued items go a year after their successor came at the earliest, and say so in time."""

from datetime import date, timedelta

import pytest
from litestar import Litestar, get
from litestar.testing import create_test_client

from backend.kit.deprecation import going
from mobile_api.offline.items import ITEM_FORMAT
from mobile_api.versions import ITEM_FORMATS, Successor, format_headers

CAME = date(2027, 3, 1)


def test_the_format_that_is_read_is_one_that_is_taken() -> None:
    assert ITEM_FORMAT in ITEM_FORMATS
    assert format_headers(ITEM_FORMATS, {ITEM_FORMAT}) == {}


def test_a_year_at_least() -> None:
    assert Successor(CAME, CAME + timedelta(days=365)).sunset_on == date(2028, 2, 29)
    with pytest.raises(ValueError, match="a year"):
        Successor(CAME, CAME + timedelta(days=364))


def test_the_first_to_go_is_told() -> None:
    formats = {1: Successor(CAME, date(2028, 4, 1)), 2: Successor(date(2027, 9, 1), date(2028, 12, 1)), 3: None}
    assert format_headers(formats, {3}) == {}
    assert format_headers(formats, {2, 3}) == {"Deprecation": "@1819756800", "Sunset": "Fri, 01 Dec 2028 23:59:59 GMT"}
    assert format_headers(formats, {1, 2})["Sunset"] == "Sat, 01 Apr 2028 23:59:59 GMT"


def test_a_route_that_goes_says_so_in_its_answers_and_in_the_document() -> None:
    @get("/old", **going(CAME, date(2028, 4, 1)), sync_to_thread=False)
    def old() -> str:
        return "still here"

    with create_test_client(old) as client:
        answer = client.get("/old")
        app: Litestar = client.app  # pyright: ignore[reportAssignmentType] - the application itself
        document = app.openapi_schema.to_schema()
    assert (answer.text, answer.headers["sunset"]) == ("still here", "Sat, 01 Apr 2028 23:59:59 GMT")
    assert answer.headers["deprecation"] == "@1803859200"
    assert document["paths"]["/old"]["get"]["deprecated"]
