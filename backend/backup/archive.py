"""What a backup holds: parts of the database's dump, blobs, keys, and a manifest of their digests at the end."""

import io
import tarfile
from collections.abc import Generator, Iterable
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, BinaryIO, Final, cast

import msgspec

from backend.backup.encryption import ArchiveUnreadable, DecryptingReader, EncryptingWriter

FORMAT: Final = "daogang.backup/1"
DATABASE: Final = "database/"
BLOBS: Final = "blobs/"
KEYS: Final = "keys/"
MANIFEST: Final = "manifest.json"
_BUFFER: Final = tarfile.BLOCKSIZE * 128
PART: Final = 8 << 20
"""The dump is a stream of unknown length, and a tar wants to know lengths: it goes in parts of so many bytes."""


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What was saved: the SHA-256 of each member, the schema's revision, and the newest signed head of the ledger."""

    format: str = FORMAT
    made_at: datetime
    schema: str
    head: str | None
    blobs: str
    members: dict[str, str]


class ArchiveWriter:
    """Adds members one after another and remembers their digests."""

    def __init__(self, target: BinaryIO, passphrase: str) -> None:
        """Begin an archive; raises ValueError for a passphrase that is too short."""
        self._encrypted = EncryptingWriter(target, passphrase)
        # A stream of tarfile needs nothing of a file but `write`; its types ask for all of it.
        file = cast("BinaryIO", self._encrypted)
        self._tar = tarfile.open(mode="w|", fileobj=file, bufsize=_BUFFER)  # noqa: SIM115 - closed by `finish`
        self.members: dict[str, str] = {}

    def add(self, name: str, content: bytes) -> None:
        """Add a member."""
        info = tarfile.TarInfo(name)
        info.size = len(content)
        info.mode = 0o600
        self._tar.addfile(info, io.BytesIO(content))
        self.members[name] = sha256(content).hexdigest()

    def finish(self, manifest: Manifest) -> None:
        """Add the manifest and end the archive."""
        self.add(MANIFEST, msgspec.json.encode(manifest))
        self._tar.close()
        self._encrypted.finish()


def read_members(source: BinaryIO, passphrase: str) -> Generator[tuple[str, bytes]]:
    """Yield every member, the manifest last; raises ArchiveUnreadable, also at the end when something does not fit."""
    decrypted = DecryptingReader(source, passphrase)
    digests: dict[str, str] = {}
    manifest: Manifest | None = None
    try:
        with tarfile.open(mode="r|", fileobj=cast("BinaryIO", decrypted), bufsize=_BUFFER) as tar:
            for info in tar:
                file = tar.extractfile(info)
                content = b"" if file is None else file.read()
                if info.name == MANIFEST:
                    manifest = msgspec.json.decode(content, type=Manifest)
                else:
                    digests[info.name] = sha256(content).hexdigest()
                yield info.name, content
    except (tarfile.TarError, msgspec.MsgspecError) as error:
        msg = f"the archive is malformed: {error}"
        raise ArchiveUnreadable(msg) from error
    decrypted.drain()
    if manifest is None or manifest.format != FORMAT or manifest.members != digests:
        msg = "the archive's members are not those of its manifest"
        raise ArchiveUnreadable(msg)


def parts_of(stream: IO[bytes]) -> Iterable[tuple[str, bytes]]:
    """Yield a stream in numbered parts of the database's folder."""
    number = 0
    while content := stream.read(PART):
        yield f"{DATABASE}{number:08}", content
        number += 1


def inside(folder: Path, name: str) -> Path:
    """Return where a member's file belongs under a folder; raises ArchiveUnreadable for a name that leads out of it."""
    path = folder / name
    if name.startswith("/") or ".." in Path(name).parts:
        msg = f"the archive holds a file that would lie elsewhere: {name}"
        raise ArchiveUnreadable(msg)
    return path
