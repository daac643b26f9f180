"""Gives the components of the OpenAPI document names without the paths of their modules (pure)."""

import re
from collections import Counter
from collections.abc import Iterable

# A generic of one class, and one of several classes of the same name, as Litestar writes them.
_GENERIC = re.compile(r"(?P<outer>\w+?)_(?:\w+\.)+(?P<inner>\w+)_")
_ONE_OF_SEVERAL = re.compile(r"(?P<path>[a-z][a-z0-9_]*)_(?P<name>[A-Z]\w*)")
_SAYS_NOTHING = frozenset({"backend", "schemas"})


def clean_name(name: str) -> str:
    """Return `PageOfFenceAnswer` for `Page_geofences.schemas.FenceAnswer_`, and `GeofencesPlaceAnswer` likewise."""
    generic = _GENERIC.fullmatch(name)
    if generic is not None:
        return f"{generic['outer']}Of{generic['inner']}"
    several = _ONE_OF_SEVERAL.fullmatch(name)
    if several is None:
        return name
    words = (word for word in several["path"].split("_") if word not in _SAYS_NOTHING)
    return "".join(word.capitalize() for word in words) + several["name"]


def clean_names(names: Iterable[str]) -> dict[str, str]:
    """Return the names that change; raises ValueError if two would become one."""
    cleaned = {name: clean_name(name) for name in names}
    twice = sorted(name for name, times in Counter(cleaned.values()).items() if times > 1)
    if twice:
        msg = f"several components of the document would be called {', '.join(twice)}: give one class another name"
        raise ValueError(msg)
    return {name: clean for name, clean in cleaned.items() if clean != name}
