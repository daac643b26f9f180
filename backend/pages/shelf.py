"""Finds the files of a build by the list that the build wrote; what is not on the list does not exist."""

from pathlib import Path
from typing import Literal, TypeAlias

import msgspec

from backend.pages.errors import AppsNotBuilt, PageFileUnknown

LIST = "files.json"
Encoding: TypeAlias = Literal["br", "gzip"]
SUFFIXES: dict[Encoding, str] = {"br": ".br", "gzip": ".gz"}


class BuiltFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of the build: media type, entity tag, whether its name changes with its content, packings."""

    type: str
    tag: str
    immutable: bool
    encodings: tuple[Encoding, ...] = ()


class Shelf:
    """The files of one build under a folder. A build that takes another's place is seen at the next request."""

    def __init__(self, folder: Path) -> None:
        """Remember the folder; it need not be there yet."""
        self._folder = folder
        self._seen: tuple[int, int] | None = None
        self._files: dict[str, BuiltFile] = {}

    def find(self, name: str) -> BuiltFile:
        """Return what is known of a file, by its path under the folder; raises AppsNotBuilt or PageFileUnknown."""
        found = self._listed().get(name)
        if found is None:
            raise PageFileUnknown
        return found

    def page_of(self, app: str, path: str) -> str:
        """Return the name of the file that answers a path of an app.

        A path that looks like no file is one of the app's own screens, which its first page shows.
        """
        name = f"{app}/{path.strip('/') or 'index.html'}"
        is_screen = "." not in name.rsplit("/", 1)[-1]
        return f"{app}/index.html" if is_screen and name not in self._listed() else name

    def read(self, name: str, encoding: Encoding | None) -> bytes:
        """Return a listed file's bytes, packed as wanted; raises PageFileUnknown when a new build took it away."""
        path = self._folder / (name + (SUFFIXES[encoding] if encoding else ""))
        try:
            return path.read_bytes()
        except OSError as error:
            raise PageFileUnknown from error

    def _listed(self) -> dict[str, BuiltFile]:
        path = self._folder / LIST
        try:
            state = path.stat()
            seen = (state.st_mtime_ns, state.st_ino)
            if seen != self._seen:
                self._files = msgspec.json.decode(path.read_bytes(), type=dict[str, BuiltFile])
                self._seen = seen
        except (OSError, msgspec.MsgspecError) as error:
            raise AppsNotBuilt from error
        return self._files


def chosen_encoding(accepted: str, built: BuiltFile) -> Encoding | None:
    """Return the smallest packing that a caller takes (`Accept-Encoding`, RFC 9110 §12.5.3), None for plain."""
    weights: dict[str, float] = {}
    for item in accepted.lower().split(","):
        name, _, parameters = item.strip().partition(";")
        try:
            weights[name.strip()] = float(parameters.strip().removeprefix("q=")) if parameters else 1.0
        except ValueError:
            continue
    rest = weights.get("*", 0.0)
    return next((one for one in built.encodings if weights.get(one, rest) > 0), None)
