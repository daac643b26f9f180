"""Packed bodies, encodings, and what is cut out before anything is kept."""

import gzip
import io
import tarfile
import zipfile
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gates.bodies import UNPACKED_LIMIT, BodyUnusable, decode_text, plain_line, unpack, without_secrets

ROWS = b"1\t2026-03-16 09:00:00\t0\t1\n"


def tar(files: dict[str, bytes], mode: str = "w:gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload] - both modes write
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "packed",
    [ROWS, gzip.compress(ROWS), tar({"attlog.txt": ROWS}), tar({"attlog.txt": ROWS}, "w"), zipped({"a/log": ROWS})],
    ids=["plain", "gzip", "tgz", "tar", "zip"],
)
def test_a_body_is_what_it_was_before_it_was_packed(packed: bytes) -> None:
    assert unpack(packed) == ROWS


def test_files_of_an_archive_follow_one_another() -> None:
    assert unpack(tar({"a": b"one", "b": b"two\n"})) == b"one\ntwo\n"


@pytest.mark.parametrize(
    "bomb",
    [
        gzip.compress(b"\0" * (UNPACKED_LIMIT + 1)),
        tar({"bomb": b"\0" * (UNPACKED_LIMIT + 1)}),
        zipped({"bomb": b"\0" * (UNPACKED_LIMIT + 1)}),
        zipped({str(number): b"\0" * 1_000_000 for number in range(9)}),
    ],
    ids=["gzip", "tgz", "zip", "zip of several"],
)
def test_bombs_are_refused(bomb: bytes) -> None:
    assert len(bomb) < 20_000
    with pytest.raises(BodyUnusable, match="unpacked_too_large"):
        unpack(bomb)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (gzip.compress(ROWS)[:-12], "packing_damaged"),
        (b"\x1f\x8b" + b"nonsense" * 9, "packing_damaged"),
        (b"PK\x03\x04nonsense", "packing_damaged"),
        (zipped({str(number): b"" for number in range(51)}), "too_many_files"),
        (tar({str(number): b"" for number in range(51)}), "too_many_files"),
        (gzip.compress(b"x" * 257 + b"ustar" + b"y" * 400), "packing_damaged"),
    ],
    ids=["cut off", "no gzip", "no zip", "many in zip", "many in tgz", "no tar"],
)
def test_damaged_archives_are_refused(body: bytes, reason: str) -> None:
    with pytest.raises(BodyUnusable, match=reason):
        unpack(body)


@given(st.binary(max_size=600), st.sampled_from([b"", b"\x1f\x8b\x08", b"PK\x03\x04", zlib.compress(b"x")]))
def test_whatever_comes_is_unpacked_or_refused(body: bytes, head: bytes) -> None:
    with suppress(BodyUnusable):
        assert len(unpack(head + body)) <= UNPACKED_LIMIT


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "gb2312", "utf-8-sig"])
def test_names_come_in_either_encoding(encoding: str) -> None:
    assert decode_text("USER PIN=7\tName=张三".encode(encoding)) == ("USER PIN=7\tName=张三", False)


def test_bytes_that_are_no_text_are_replaced_and_told() -> None:
    text, replaced = decode_text(b"Name=\xd5\xc5\xff\xff")
    assert replaced
    assert "�" in text


@given(st.binary(max_size=200))
def test_any_bytes_become_text(raw: bytes) -> None:
    text, replaced = decode_text(raw)
    assert text.encode() == raw.removeprefix(b"\xef\xbb\xbf") or replaced or text.encode("gb18030") == raw


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        (b"FP PIN=1\tFID=0\tTMP=abc\r\n\tdef\nmore\nOPLOG 4\t1\n", b"FP [cut]\nOPLOG 4\t1\n"),
        (b"BIOPHOTO PIN=1\tContent=/9j/4AAQ\nUSER PIN=1\tPasswd=12\n", b"BIOPHOTO [cut]\nUSER PIN=1\tPasswd=[cut]\n"),
        (b"user pin=4\tpassword=77\tgroup=1", b"user pin=4\tpassword=[cut]\tgroup=1"),
        (b"templatev10 pin=1\ttemplate=" + b"Q" * 20, b"TEMPLATEV10 [cut]\n"),
        (b'{"pic":"' + b"A" * 4000 + b'"}', b'{"pic":"[cut]"}'),
        (ROWS, ROWS),
    ],
)
def test_templates_photos_and_passwords_are_cut(body: bytes, kept: bytes) -> None:
    assert without_secrets(body) == kept


def test_a_line_is_shown_short_and_without_control_signs() -> None:
    assert plain_line("a\x00b\x1b[31m\tc 张") == "a�b�[31m\tc 张"
    assert len(plain_line("ab " * 400)) == 300


def test_members_of_one_gzip_follow_one_another_and_padding_is_none() -> None:
    several = gzip.compress(b"1\n") + gzip.compress(b"2\n")
    assert unpack(several) == unpack(several + b"\0" * 600) == b"1\n2\n"
    with pytest.raises(BodyUnusable, match="unpacked_too_large"):
        unpack(several, limit=3)
    with pytest.raises(BodyUnusable, match="too_many_files"):
        unpack(gzip.compress(b"") * 200)
    with pytest.raises(BodyUnusable, match="packing_damaged"):
        unpack(several[:-4])


@pytest.mark.parametrize("level", range(1, 10))
def test_deflated_bodies_are_read(level: int) -> None:
    assert unpack(zlib.compress(b"7\t2026-03-16 09:00:00\t0\t1\r\n" * 9, level)).count(b"\n") == 9


def test_a_deflated_bomb_is_refused() -> None:
    with pytest.raises(BodyUnusable, match="unpacked_too_large"):
        unpack(zlib.compress(b"\0" * 9_000_000))
