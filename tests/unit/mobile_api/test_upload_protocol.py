"""Headers of tus as they come: what is no number, no base64 and no digest is not taken for one."""

import base64
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mobile_api.uploads.protocol import http_date, read_checksum, read_digest, read_metadata, read_number

KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126, exclude_characters=","), min_size=1, max_size=20)


@given(st.dictionaries(KEYS, st.binary(max_size=100), max_size=5))
def test_metadata_is_read_as_it_was_written(pairs: dict[str, bytes]) -> None:
    written = ",".join(f"{key} {base64.b64encode(value).decode()}" for key, value in pairs.items())
    assert read_metadata(written) == pairs


@given(st.text(max_size=60))
def test_no_text_breaks_the_readers(text: str) -> None:
    found = read_metadata(text)
    assert found is None or all(isinstance(value, bytes) for value in found.values())
    number = read_number(text)
    assert number is None or number >= 0
    checksum = read_checksum(text)
    assert checksum is None or len(checksum[1]) in {20, 32}


def test_a_key_may_stand_alone() -> None:
    assert read_metadata("is_confidential") == {"is_confidential": b""}
    assert read_metadata("") == {}


@pytest.mark.parametrize("text", ["a YQ==,a YQ==", "a YQ", "a !!!!", ",", "a YQ==,", "a\tYQ==", "ä YQ=="])
def test_malformed_metadata_is_none(text: str) -> None:
    assert read_metadata(text) is None


@pytest.mark.parametrize("text", [None, "", "-1", "+1", "1.0", "1e3", " 1", "0x10", "١", "9" * 16])
def test_what_is_no_number(text: str | None) -> None:
    assert read_number(text) is None


def test_digests_are_of_their_algorithm() -> None:
    sha1, sha256 = base64.b64encode(b"x" * 20).decode(), base64.b64encode(b"x" * 32).decode()
    assert read_checksum(f"sha1 {sha1}") == ("sha1", b"x" * 20)
    assert read_checksum(f"sha256 {sha256}") == ("sha256", b"x" * 32)
    for wrong in (f"sha256 {sha1}", f"md5 {sha1}", f"SHA1 {sha1}", sha1, ""):
        assert read_checksum(wrong) is None
    assert read_digest(b"ab" * 32) == b"\xab" * 32
    for no_digest in (None, b"", b"AB" * 32, b"ab" * 31, b"zz" * 32, b"\xff" * 64):
        assert read_digest(no_digest) is None


def test_instants_are_written_as_http_wants() -> None:
    assert http_date(datetime(2026, 3, 16, 1, 30, tzinfo=UTC)) == "Mon, 16 Mar 2026 01:30:00 GMT"
