"""Says what a new edition of a bulletin says otherwise than the one before it (pure)."""

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from msgspec import Struct, to_builtins

from backend.reports.bulletins.content import Content

_UNCHANGING: Final = ("form", "kind", "from_on", "to_on")
# When it was computed, and how far the ledger went by then: other in each edition, and no reason for one.
_OF_THE_EDITION: Final = ("computed_at", "ledger")
# Lists whose entries have a key of their own: an entry that moved is no change.
_KEYS: Final = {
    "districts": "district_id",
    "failing": "project_id",
    "open": "project_id",
    "shortfalls": "post_kind",
    "rule_sets": "rule_set_id",
}
NAMES: Final = {"districts": "name", "failing": "name", "open": "name", "shortfalls": "post_kind", "rule_sets": "name"}


class Difference(Struct, frozen=True, kw_only=True):
    """One place that says something else; `path` are names of members and keys of entries, `of` names whose it is.

    `before` or `after` is null where an entry came or went, or where nothing was due.
    """

    path: list[str]
    of: str | None
    before: Any
    after: Any


def differences(before: Content, after: Content) -> list[Difference]:
    """Return where two editions differ, in the order of the content; raises ValueError for two periods or scopes."""
    old, new = to_builtins(before), to_builtins(after)
    for name in _UNCHANGING:
        if old[name] != new[name]:
            msg = f"two editions of one bulletin have one {name}"
            raise ValueError(msg)
    if _district(before) != _district(after):
        msg = "two editions of one bulletin have one district"
        raise ValueError(msg)
    for name in _OF_THE_EDITION:
        del old[name], new[name]
    return list(_between((), None, old, new))


def _district(content: Content) -> UUID | None:
    # Its name and code may be others by now.
    return None if content.scope is None else content.scope.district_id


def _between(path: tuple[str, ...], of: str | None, old: Any, new: Any) -> Iterator[Difference]:  # noqa: ANN401 - JSON
    if old == new:
        return
    if isinstance(old, dict) and isinstance(new, dict):
        for name in old | new:
            yield from _between((*path, name), of, old.get(name), new.get(name))
    elif path and path[-1] in _KEYS and isinstance(old, list) and isinstance(new, list):
        key, name = _KEYS[path[-1]], NAMES[path[-1]]
        mine, theirs = ({one[key]: one for one in entries} for entries in (old, new))
        for found in mine | theirs:
            entry = mine.get(found) or theirs[found]
            yield from _entry((*path, str(found)), entry[name], mine.get(found), theirs.get(found))
    else:
        yield Difference(path=list(path), of=of, before=old, after=new)


def _entry(path: tuple[str, ...], of: str, old: Any, new: Any) -> Iterator[Difference]:  # noqa: ANN401 - JSON
    if old is None or new is None:
        yield Difference(path=list(path), of=of, before=old, after=new)
    else:
        yield from _between(path, of, old, new)
