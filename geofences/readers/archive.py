"""Opens zips that strangers packed: few entries, no nesting, no paths out of them, bounded when unpacked."""

import io
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import Final

from geofences.readers.content import MAX_UNPACKED
from geofences.readers.errors import ArchiveRefused

MAX_ENTRIES: Final = 500
_STEP: Final = 1_000_000
_ENCRYPTED: Final = 0x1
_ARCHIVES: Final = frozenset({".zip", ".kmz", ".rar", ".7z", ".gz", ".tgz", ".tar", ".bz2", ".xz"})
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError)
_LITTER: Final = ("__MACOSX/", ".DS_Store")


class Archive:
    """A zip whose list of entries was checked; what is read out of it is counted.

    Reasons of refusal: `broken`, `entries` (too many), `path` (absolute, or out of the archive), `encrypted`,
    `compression` (other than deflate), `large` (unpacked), `nested` (an archive in it), `empty`.
    """

    def __init__(self, content: bytes) -> None:
        """Open; raises ArchiveRefused."""
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(content))
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, UnicodeDecodeError) as error:
            raise ArchiveRefused(reason="broken") from error
        self._left = MAX_UNPACKED
        entries = [entry for entry in self._zip.infolist() if not entry.is_dir()]
        if len(self._zip.infolist()) > MAX_ENTRIES:
            raise ArchiveRefused(reason="entries")
        for entry in entries:
            _check(entry)
        if sum(entry.file_size for entry in entries) > MAX_UNPACKED:
            raise ArchiveRefused(reason="large")
        self._entries = {entry.filename: entry for entry in entries if not _is_litter(entry.filename)}
        if not self._entries:
            raise ArchiveRefused(reason="empty")

    @property
    def names(self) -> list[str]:
        """The names of all files in it."""
        return list(self._entries)

    def read(self, name: str) -> bytes:
        """Unpack one file; raises ArchiveRefused where it is broken or longer than it claims to be."""
        if PurePosixPath(name).suffix.lower() in _ARCHIVES:
            raise ArchiveRefused(reason="nested")
        pieces: list[bytes] = []
        try:
            with self._zip.open(self._entries[name]) as source:
                while piece := source.read(min(_STEP, self._left + 1)):
                    self._left -= len(piece)
                    if self._left < 0:
                        raise ArchiveRefused(reason="large")
                    pieces.append(piece)
        except (
            zipfile.BadZipFile,
            zlib.error,
            EOFError,
            OSError,
            ValueError,
            NotImplementedError,
            RuntimeError,
        ) as error:
            raise ArchiveRefused(reason="broken") from error
        return b"".join(pieces)


def _check(entry: zipfile.ZipInfo) -> None:
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in entry.filename:
        raise ArchiveRefused(reason="path")
    if entry.flag_bits & _ENCRYPTED:
        raise ArchiveRefused(reason="encrypted")
    if entry.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}:
        raise ArchiveRefused(reason="compression")


def _is_litter(name: str) -> bool:
    return name.startswith(_LITTER[0]) or name.endswith(_LITTER[1])
