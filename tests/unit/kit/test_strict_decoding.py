from contextlib import suppress
from typing import Annotated

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Meta

from backend.kit.errors import BodyTooLarge, DaogangError, InvalidBody, MalformedBody
from backend.kit.wire import Instant, Wire, decode


class Inner(Wire, frozen=True):
    """A part of a body."""

    deep: dict[str, int]


class Body(Wire, frozen=True):
    """A body with one field of each kind."""

    number: Annotated[float, Meta(ge=-180, le=180)] = 0.0
    whole: int = 0
    words: Annotated[str, Meta(max_length=5)] = ""
    at: Instant | None = None
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()


DECODER = msgspec.json.Decoder(Body, strict=True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"\x00",
        b"nonsense",
        b'{"number": NaN}',
        b'{"number": Infinity}',
        b'{"number": -Infinity}',
        b'{"number": .5}',
        b'{"number": 01}',
        b'{"number": 1} {"number": 1}',
        b'{"number": 1,}',
        b"{'number': 1}",
        b'{"number": 1',
        b'{"words": "\xff\xfe"}',
        b'{"words": "\xed\xa0\x80"}',
        b'{"words": "\\ud800"}',
        b'{"words": "a\nb"}',
        b'\xef\xbb\xbf{"number": 1}',
        '{"number": 1}'.encode("utf-16"),
    ],
)
def test_what_is_not_json_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        decode(body, DECODER)


@pytest.mark.parametrize(
    ("body", "path"),
    [
        (b'{"number": "1.5"}', "$.number"),
        (b'{"number": true}', "$.number"),
        (b'{"number": null}', "$.number"),
        (b'{"number": 1e999}', "$.number"),
        (b'{"number": 180.0001}', "$.number"),
        (b'{"whole": 1.5}', "$.whole"),
        (b'{"whole": "1"}', "$.whole"),
        (b'{"words": 1}', "$.words"),
        (b'{"words": "123456"}', "$.words"),
        (b'{"at": "2026-03-16T09:30:00"}', "$.at"),
        (b'{"at": 1773624600}', "$.at"),
        (b'{"at": "yesterday"}', "$.at"),
        (b'{"unknown": 1}', "$"),
        (b'{"inner": {"deep": {}, "more": 1}}', "$.inner"),
        (b'{"many": [{"deep": {}}, {"deep": {"a": "1"}}]}', "$.many[1].deep[...]"),
        (b"[]", "$"),
        (b"null", "$"),
        (b"[" * 1000, "$"),
    ],
)
def test_what_is_not_the_form_is_invalid_and_told_where(body: bytes, path: str) -> None:
    with pytest.raises(InvalidBody) as caught:
        decode(body, DECODER)
    (fault,) = caught.value.detail["errors"]  # type: ignore[misc] - a list
    assert fault["path"] == path
    assert fault["message"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"number": 1, "number": 2}',
        b'{"number": 1, "number": 1}',
        b'{"number": 1, "n\\u0075mber": 2}',
        b'{"inner": {"deep": {"a": 1, "a": 2}}}',
        b'{"many": [{"deep": {}}, {"deep": {}, "deep": {}}]}',
    ],
)
def test_a_key_that_stands_twice_says_nothing(body: bytes) -> None:
    """Which of the two was meant, and which one a proxy or a log believed, cannot be known."""
    with pytest.raises(InvalidBody) as caught:
        decode(body, DECODER)
    assert "twice" in str(caught.value.detail["errors"])


@pytest.mark.parametrize("body", [b'{"words": "a\\u0000b"}', b'{"inner": {"deep": {"\\u0000": 1}}}'])
def test_a_null_character_is_refused_before_the_database_would(body: bytes) -> None:
    with pytest.raises(InvalidBody):
        decode(body, DECODER)


def test_a_backslash_before_u0000_is_text() -> None:
    assert decode(b'{"words": "\\\\u000"}', DECODER).words == "\\u000"


def test_a_long_body_is_refused_before_it_is_read() -> None:
    with pytest.raises(BodyTooLarge) as caught:
        decode(b"x" * 11, DECODER, limit=10)
    assert caught.value.detail == {"limit_bytes": 10}
    assert decode(b'{"whole":1}', DECODER, limit=11).whole == 1


@pytest.mark.parametrize("depth", [100, 10_000, 100_000])
def test_depth_is_no_way_in(depth: int) -> None:
    raw = msgspec.json.Decoder(dict[str, msgspec.Raw], strict=True)
    with pytest.raises(DaogangError):
        decode(b'{"a":' * depth, raw)
    anything = msgspec.json.Decoder()
    with pytest.raises(DaogangError):
        decode(b"[" * depth + b"]" * (depth - 1), anything)


@given(st.binary(max_size=60))
def test_no_bytes_lead_anywhere_else(body: bytes) -> None:
    with suppress(MalformedBody, InvalidBody):
        decode(body, DECODER)


def test_a_number_too_long_to_convert_is_no_way_in() -> None:
    raw = msgspec.json.Decoder(dict[str, msgspec.Raw], strict=True)
    assert decode(b'{"a":' + b"9" * 10_000 + b"}", raw)


@pytest.mark.parametrize("at", ["2026-03-16", "2026-03-16T08:00:00", "yesterday", 1773624600, True, {}])
def test_of_a_malformed_instant_is_said_what_is_wanted(at: object) -> None:
    with pytest.raises(InvalidBody) as caught:
        decode(msgspec.json.encode({"at": at}), DECODER)
    assert caught.value.detail["errors"] == [
        {"path": "$.at", "message": "Expected an instant as RFC 3339 with offset, like 2026-03-16T07:58:12+08:00"}
    ]
