"""One contract for both stores of blobs: a disk, and S3 through the real client against a bucket on loopback."""

import asyncio
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.kit import blobs
from backend.kit.blobs import BlobMissing, BlobsAway, BlobStore, DiskBlobs, open_s3
from backend.settings import S3Bucket, Settings, read_settings
from backend.variables import SettingsError
from backend.wiring import open_blobs
from tests.support.s3 import Bucket, bucket


@pytest.fixture
def s3() -> Iterator[Bucket]:
    """Give a bucket."""
    with bucket("photos") as held:
        yield held


def s3_store(held: Bucket) -> BlobStore:
    return open_s3("photos", "daogang", endpoint=held.endpoint, region="us-east-1", key_id="key", secret="secret")


@pytest.fixture(params=["disk", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> BlobStore:
    """Give each store in turn."""
    if request.param == "disk":
        return DiskBlobs(tmp_path / "blobs")
    return s3_store(request.getfixturevalue("s3"))


async def test_what_was_put_is_there_whole_until_it_is_deleted(store: BlobStore) -> None:
    big = os.urandom(6_000_000)
    await store.put("photos/ab/abcd.1", b"one")
    await store.put("photos/ab/abcd.2", big)
    await store.put("photos/ab/abcd.1", b"")
    assert (await store.get("photos/ab/abcd.1"), await store.get("photos/ab/abcd.2")) == (b"", big)
    assert await store.names("photos") == ["photos/ab/abcd.1", "photos/ab/abcd.2"]
    assert await store.names("photos/ab") == ["photos/ab/abcd.1", "photos/ab/abcd.2"]
    assert await store.names("photos/a") == []
    await store.delete("photos/ab/abcd.1")
    await store.delete("photos/ab/abcd.1")
    with pytest.raises(BlobMissing):
        await store.get("photos/ab/abcd.1")
    assert await store.names("photos") == ["photos/ab/abcd.2"]
    await store.delete("photos/ab/abcd.2")
    assert await store.names("photos") == []


@pytest.mark.parametrize("name", ["", "/etc/passwd", "../x", "a/../b", "A", "a//b", "a/", ".x", "a\x00", "a.part"])
async def test_a_name_cannot_lead_elsewhere(store: BlobStore, name: str) -> None:
    for asked in (store.put(name, b""), store.get(name), store.delete(name), store.names(name)):
        with pytest.raises(ValueError, match="a blob's name"):
            await asked


async def test_many_at_once_under_one_name_leave_one_of_them(store: BlobStore) -> None:
    contents = [bytes([number]) * 100_000 for number in range(8)]
    await asyncio.gather(*(store.put("a/b", content) for content in contents))
    assert await store.get("a/b") in contents
    assert await store.names("a") == ["a/b"]


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


async def test_a_full_disk_is_told_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = DiskBlobs(tmp_path)
    await store.put("a/b", b"before")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(blobs.os, "fsync", full)
    with pytest.raises(BlobsAway):
        await store.put("a/b", b"after")
    assert await store.get("a/b") == b"before"
    assert files_in(tmp_path) == ["b"]


async def test_a_disk_has_the_bytes_before_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """File and folder are flushed, in the order that a cut of power needs."""
    done: list[str] = []
    flush, replace = os.fsync, Path.replace

    def flushed(handle: int) -> None:
        done.append("folder" if os.path.isdir(f"/proc/self/fd/{handle}") else "file")  # noqa: PTH112 - a handle's link
        flush(handle)

    def renamed(self: Path, target: Path) -> Path:
        done.append("rename")
        return replace(self, target)

    monkeypatch.setattr(blobs.os, "fsync", flushed)
    monkeypatch.setattr(Path, "replace", renamed)
    await DiskBlobs(tmp_path).put("a/b", b"x")
    assert done == ["folder", "file", "rename", "folder"], "the new folder's entry, the bytes, the name"


async def test_a_bucket_that_refuses_is_away_and_every_call_is_signed(s3: Bucket) -> None:
    store = s3_store(s3)
    await store.put("a/b", b"x")
    assert list(s3.objects) == ["daogang/a/b"]
    s3.failing = True
    for asked in (store.put("a/b", b""), store.get("a/b"), store.delete("a/b"), store.names("a")):
        with pytest.raises(BlobsAway):
            await asked
    assert s3.unsigned == []


def test_settings_choose_the_store(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("hidden\n")
    base = {"DATABASE_URL": "postgresql://x/y"}
    s3 = {"DAOGANG_BLOBS": "s3://photos/daogang", "DAOGANG_S3_KEY_ID": "key", "DAOGANG_S3_SECRET_FILE": str(secret)}
    assert read_settings(base).blobs == Path("blobs")
    assert read_settings({**base, "DAOGANG_BLOBS": "/var/lib/daogang"}).blobs == Path("/var/lib/daogang")
    settings = read_settings({**base, **s3, "DAOGANG_S3_ENDPOINT": "http://objects:9000"})
    assert settings.blobs == S3Bucket(
        bucket="photos",
        prefix="daogang",
        endpoint="http://objects:9000",
        region="us-east-1",
        key_id="key",
        secret="hidden",
    )
    assert "hidden" not in repr(settings)
    assert isinstance(open_blobs(settings), blobs.S3Blobs)
    assert isinstance(open_blobs(Settings(database_url="", keys_dir=tmp_path)), DiskBlobs)
    for missing in ("DAOGANG_S3_KEY_ID", "DAOGANG_S3_SECRET_FILE"):
        with pytest.raises(SettingsError, match=missing):
            read_settings({**base, **s3, missing: ""})
    for wrong in ("gs://photos", "s3://"):
        with pytest.raises(SettingsError, match="DAOGANG_BLOBS"):
            read_settings({**base, **s3, "DAOGANG_BLOBS": wrong})
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings({**base, **s3, "DAOGANG_S3_SECRET_FILE": str(tmp_path / "none")})
