"""Keeps bytes that are too big for rows, by name, on a disk of the machine or in S3; durable when `put` returns.

Who stores personal data encrypts it first: this file knows bytes only.
"""

import asyncio
import os
import re
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import S3Store

from backend.kit.errors import Unavailable

if TYPE_CHECKING:
    from obstore.store import S3Config

log = structlog.get_logger()

NAME = re.compile(r"[0-9a-z][0-9a-z_.-]*(/[0-9a-z][0-9a-z_.-]*)*")
_HALF_DONE = ".part"
_TIMEOUT_S = 20


class BlobsAway(Unavailable):
    """The store does not take or give bytes now: disk full, network away."""

    code = "request.blobs_away"


class BlobMissing(LookupError):
    """There is no blob of this name."""


@runtime_checkable
class BlobStore(Protocol):
    """The port. Names are lower-case paths (`photos/ab/abcd…`); what is under a name is always whole.

    Folders on a disk stay when they are empty: spread names over a fixed number of them.
    """

    async def put(self, name: str, content: bytes) -> None:
        """Store `content` under `name`, in place of what was there; on stable storage when this returns.

        Raises BlobsAway, and ValueError for a name that is none.
        """
        ...

    async def get(self, name: str) -> bytes:
        """Return what is under `name`; raises BlobMissing or BlobsAway."""
        ...

    async def delete(self, name: str) -> None:
        """Remove `name`; it may be gone already. Raises BlobsAway."""
        ...

    async def names(self, prefix: str) -> list[str]:
        """Return the names under the folder `prefix`, sorted; raises BlobsAway."""
        ...


def checked(name: str) -> str:
    """Return `name` if it can be a blob's; raises ValueError: names are made by us, never by callers."""
    if not NAME.fullmatch(name) or name.endswith(_HALF_DONE):
        msg = "a blob's name is a path of lower-case letters, digits, - _ and ."
        raise ValueError(msg)
    return name


class DiskBlobs:
    """Files under one folder, each written apart, flushed and renamed: a cut of power leaves it whole or away."""

    def __init__(self, folder: Path) -> None:
        """Use `folder`, which is made when the first blob comes."""
        self._folder = folder

    async def put(self, name: str, content: bytes) -> None:
        """See BlobStore."""
        await asyncio.to_thread(self._put, self._folder / checked(name), content)

    async def get(self, name: str) -> bytes:
        """See BlobStore."""
        return await asyncio.to_thread(self._get, self._folder / checked(name))

    async def delete(self, name: str) -> None:
        """See BlobStore."""
        await asyncio.to_thread(self._delete, self._folder / checked(name))

    async def names(self, prefix: str) -> list[str]:
        """See BlobStore."""
        return await asyncio.to_thread(self._names, self._folder / checked(prefix))

    def _put(self, path: Path, content: bytes) -> None:
        half = path.with_name(f"{path.name}.{token_hex(8)}{_HALF_DONE}")
        try:
            self._make_folder(path.parent)
            try:
                with half.open("xb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                half.replace(path)
            except BaseException:
                half.unlink(missing_ok=True)
                raise
            _flush_folder(path.parent)
        except OSError as fault:
            log.error("blobs.failed", what="write", cause=fault.strerror)  # noqa: TRY400 - the trace names only this file
            raise BlobsAway from fault

    def _make_folder(self, folder: Path) -> None:
        """Make a folder and flush each new entry into the one above it."""
        if folder.is_dir():
            return
        if folder != self._folder:
            self._make_folder(folder.parent)
        folder.mkdir(mode=0o700, parents=folder == self._folder, exist_ok=True)
        _flush_folder(folder.parent)

    def _get(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except FileNotFoundError as fault:
            raise BlobMissing from fault
        except OSError as fault:
            raise BlobsAway from fault

    def _delete(self, path: Path) -> None:
        try:
            path.unlink(missing_ok=True)
        except OSError as fault:
            raise BlobsAway from fault

    def _names(self, folder: Path) -> list[str]:
        found = (path.relative_to(self._folder).as_posix() for path in folder.rglob("*") if path.is_file())
        return sorted(name for name in found if not name.endswith(_HALF_DONE))


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class S3Blobs:
    """Objects of an S3 bucket, which are durable when the store has answered."""

    def __init__(self, store: S3Store) -> None:
        """Use a bucket as `open_s3` prepares it."""
        self._store = store

    async def put(self, name: str, content: bytes) -> None:
        """See BlobStore."""
        try:
            await obstore.put_async(self._store, checked(name), content, use_multipart=False)
        except (BaseError, OSError) as fault:
            raise _away("write", fault) from fault

    async def get(self, name: str) -> bytes:
        """See BlobStore."""
        try:
            found = await obstore.get_async(self._store, checked(name))
            return bytes(await found.bytes_async())
        except FileNotFoundError as fault:
            raise BlobMissing from fault
        except (BaseError, OSError) as fault:
            raise _away("read", fault) from fault

    async def delete(self, name: str) -> None:
        """See BlobStore."""
        try:
            await obstore.delete_async(self._store, checked(name))
        except FileNotFoundError:
            return
        except (BaseError, OSError) as fault:
            raise _away("delete", fault) from fault

    async def names(self, prefix: str) -> list[str]:
        """See BlobStore."""
        try:
            found = [item["path"] async for page in obstore.list(self._store, checked(prefix) + "/") for item in page]
        except (BaseError, OSError) as fault:
            raise _away("list", fault) from fault
        return sorted(found)


def _away(what: str, fault: Exception) -> BlobsAway:
    # The store's own words name address and bucket, never content.
    log.error("blobs.failed", what=what, cause=type(fault).__name__)
    return BlobsAway()


def open_s3(bucket: str, prefix: str, *, endpoint: str | None, region: str, key_id: str, secret: str) -> S3Blobs:
    """Prepare a bucket of Amazon or of a compatible store at `endpoint`; nothing connects before the first call."""
    config: S3Config = {
        "region": region,
        "access_key_id": key_id,
        "secret_access_key": secret,
        "virtual_hosted_style_request": endpoint is None,
    }
    if endpoint is not None:
        config["endpoint"] = endpoint
    store = S3Store(
        bucket,
        prefix=prefix or None,
        config=config,
        client_options={
            "allow_http": endpoint is not None and endpoint.startswith("http://"),
            "timeout": f"{_TIMEOUT_S}s",
        },
        retry_config={"max_retries": 2},
    )
    return S3Blobs(store)
