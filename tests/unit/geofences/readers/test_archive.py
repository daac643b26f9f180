"""Zips that strangers packed: nothing in them costs more than it may."""

import io
import zipfile

import pytest

from geofences.readers import archive
from geofences.readers.archive import Archive
from geofences.readers.errors import ArchiveRefused
from tests.support.fence_files import lying_zip, zip_bomb, zipped


def read_all(content: bytes) -> list[bytes]:
    opened = Archive(content)
    return [opened.read(name) for name in opened.names]


def refused(content: bytes) -> str:
    with pytest.raises(ArchiveRefused) as caught:
        read_all(content)
    return str(caught.value.detail["reason"])


def test_what_was_packed_comes_out() -> None:
    opened = Archive(zipped({"成果/a.shp": b"1", "__MACOSX/._a.shp": b"2", "x/.DS_Store": b"3"}))
    assert opened.names == ["成果/a.shp"]
    assert opened.read("成果/a.shp") == b"1"


def test_a_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = zip_bomb()
    assert len(bomb) < 400_000
    assert refused(bomb) == "large"


def test_a_file_longer_than_it_claims_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_UNPACKED", 50_000)
    assert refused(lying_zip(b" " * 3_000_000, claimed=100)) in {"large", "broken"}


def test_all_files_together_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "MAX_UNPACKED", 50_000)
    assert refused(zipped({f"{index}.csv": b"x" * 20_000 for index in range(3)})) == "large"


def test_too_many_entries_are_refused() -> None:
    assert refused(zipped({f"{index}.txt": b"" for index in range(archive.MAX_ENTRIES + 1)})) == "entries"


@pytest.mark.parametrize("name", ["../evil.kml", "/etc/doc.kml", "a/../../doc.kml", "..\\doc.kml", "C:/doc.kml"])
def test_paths_out_of_the_archive_are_refused(name: str) -> None:
    assert refused(zipped({name: b"x"})) == "path"


@pytest.mark.parametrize("name", ["inner.zip", "inner.KMZ", "a/inner.7z", "inner.tar", "inner.gz"])
def test_an_archive_in_an_archive_is_not_opened(name: str) -> None:
    assert refused(zipped({name: b"x"})) == "nested"


def test_encrypted_files_are_refused() -> None:
    packed = bytearray(zipped({"doc.kml": b"x"}))
    for mark, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        packed[packed.index(mark) + offset] |= 1
    assert refused(bytes(packed)) == "encrypted"


def test_other_compressions_are_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_LZMA) as target:
        target.writestr("doc.kml", b"x" * 100)
    assert refused(packed.getvalue()) == "compression"


@pytest.mark.parametrize("keep", [4, 30, 60, -1, -22])
def test_a_zip_that_is_cut_off_is_broken(keep: int) -> None:
    assert refused(zipped({"doc.kml": b"x" * 1_000})[:keep]) == "broken"


def test_a_zip_with_a_flipped_byte_is_broken() -> None:
    packed = bytearray(zipped({"doc.kml": bytes(range(256)) * 20}))
    packed[50] ^= 0xFF
    assert refused(bytes(packed)) == "broken"


def test_an_empty_zip_is_refused() -> None:
    assert refused(zipped({})) == "empty"
