from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kit.errors import MalformedBody, MediaTypeUnknown
from backend.kit.multipart import Part, read_parts
from tests.support.forms import form

TYPE = "multipart/form-data; boundary=b7"


@given(st.lists(st.tuples(st.sampled_from(["about", "frame", "照片"]), st.binary(max_size=300)), max_size=9))
def test_what_was_put_in_comes_out(fields: list[tuple[str, bytes]]) -> None:
    media_type, body = form(fields)
    assert read_parts(media_type, body, 9) == [Part(name, content) for name, content in fields]


def test_content_may_look_like_almost_anything() -> None:
    tricky = b'\r\n--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n--b7\r\n'
    media_type, body = form([("frame", tricky)])
    assert read_parts(media_type, body, 3) == [Part("frame", tricky)]


@pytest.mark.parametrize(
    "content_type", ["", "application/json", "multipart/form-data", "multipart/mixed; boundary=b7"]
)
def test_what_is_no_form_is_another_media_type(content_type: str) -> None:
    with pytest.raises(MediaTypeUnknown):
        read_parts(content_type, b"", 3)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"nothing at all",
        b"before\r\n--b7\r\n\r\n--b7--",
        b'--b7\r\nContent-Disposition: form-data; name="a"\r\n\r\nnever ends',
        b'--b7\r\nContent-Disposition: form-data; name="a"\r\n\r\nnever ends\r\n--b7',
        b"--b7\r\nContent-Type: image/jpeg\r\n\r\nno name\r\n--b7--",
        b'--b7\r\nContent-Disposition: form-data; name="a"\r\n--b7--',
        b"--b7" + b'\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--b7' * 4 + b"--",
    ],
)
def test_what_does_not_hold_together_is_refused(body: bytes) -> None:
    with pytest.raises(MalformedBody):
        read_parts(TYPE, body, 3)


@given(st.binary(max_size=400))
def test_no_bytes_bring_it_down(body: bytes) -> None:
    with suppress(MalformedBody):
        assert len(read_parts(TYPE, b"--b7\r\n" + body, 3)) <= 3
