"""ATTPHOTO: a head, a NUL, a picture."""

import base64
import hashlib
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gates.dialects.zkteco.photos import PHOTO_LIMIT, photo_head, read_photo
from backend.gates.translation import EventPhoto

SHANGHAI = ZoneInfo("Asia/Shanghai")
PICTURE = b"\xff\xd8\xff\xe0\0\0binary\0\xff\xd9"
HEAD = b"PIN=20260928114045-1007.jpg\nSN=TEST0001\nsize=%d\nCMD=uploadphoto\0"


def body(picture: bytes, head: bytes = HEAD) -> bytes:
    return head.replace(b"%d", str(len(picture)).encode()) + picture


@pytest.mark.parametrize(
    "picture",
    [PICTURE, base64.b64encode(PICTURE), b"data:image/jpeg;base64," + base64.encodebytes(PICTURE)],
    ids=["plain", "base64", "data URL"],
)
def test_a_photo_is_split_at_the_first_nul_and_knows_its_pass(picture: bytes) -> None:
    found = read_photo(body(picture), SHANGHAI)
    assert isinstance(found, EventPhoto)
    assert (found.number, found.device_time, found.size) == ("1007", "2026-09-28 11:40:45", len(PICTURE))
    assert found.sha256 == hashlib.sha256(PICTURE).hexdigest()


@pytest.mark.parametrize(
    ("sent", "code"),
    [
        (body(PICTURE, HEAD.replace(b"-1007", b"")), "photo_of_failed_attempt"),
        (body(b"\xff\xd8" + b"x" * PHOTO_LIMIT), "photo_too_large"),
        (body(b"neither"), "photo_unreadable"),
        (body(PICTURE, HEAD.replace(b"20260928", b"20261328")), "photo_unreadable"),
        (body(PICTURE).replace(b"\0", b""), "photo_unreadable"),
        (b"", "photo_unreadable"),
    ],
)
def test_what_is_not_kept_has_a_code(sent: bytes, code: str) -> None:
    assert read_photo(sent, SHANGHAI) == code


def test_the_head_alone_is_kept_of_the_body() -> None:
    assert photo_head(body(PICTURE)).endswith(b"CMD=uploadphoto")
    assert photo_head(PICTURE.replace(b"\0", b"")) == b""


@given(st.binary(max_size=300))
def test_no_bytes_break_it(raw: bytes) -> None:
    assert isinstance(read_photo(HEAD + raw, SHANGHAI), EventPhoto | str)
    assert isinstance(read_photo(raw, SHANGHAI), EventPhoto | str)
