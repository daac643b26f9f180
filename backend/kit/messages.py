"""Words for people, out of the message catalogues, zh-CN first and English second."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import NamedTuple

DEFAULT_LANGUAGE = "zh-CN"
LANGUAGES = ("zh-CN", "en")


class Message(NamedTuple):
    """What happened, and what to do next (which may be empty)."""

    title: str
    advice: str


class _Blank(dict[str, object]):
    """Fills a placeholder whose value is not known with a dash instead of failing a request."""

    def __missing__(self, key: str) -> str:
        return "—"


@cache
def catalogue(language: str) -> Mapping[str, Message]:
    """Read all catalogue files of one language; raises ValueError when two files have one code."""
    entries: dict[str, Message] = {}
    folder = files("backend") / "messages" / language
    for source in sorted(folder.iterdir(), key=lambda item: item.name):
        if not source.name.endswith(".toml"):
            continue
        for code, entry in tomllib.loads(source.read_text("utf-8")).items():
            if code in entries:
                msg = f"{code} stands in two catalogues of {language}"
                raise ValueError(msg)
            entries[code] = Message(entry["title"], entry.get("advice", ""))
    return entries


def text(language: str, code: str, args: Mapping[str, object] | None = None) -> Message:
    """Return the message of a code in a language, with its placeholders filled from `args`.

    A code that no catalogue has (the message test keeps that from happening) is its own title.
    """
    message = catalogue(language).get(code)
    if message is None:
        return Message(code, "")
    values = _Blank(args or {})
    return Message(message.title.format_map(values), message.advice.format_map(values))


def pick_language(accept_language: str | None) -> str:
    """Choose by `Accept-Language` (RFC 9110 §12.5.4): the first of ours with the highest weight, else zh-CN."""
    best, best_weight = DEFAULT_LANGUAGE, 0.0
    for item in (accept_language or "").split(","):
        tag, _, parameters = item.strip().partition(";")
        try:
            weight = float(parameters.strip().removeprefix("q=")) if parameters else 1.0
        except ValueError:
            continue
        primary = tag.strip().lower().split("-")[0]
        if primary in {"zh", "en"} and weight > best_weight:
            best, best_weight = ("zh-CN" if primary == "zh" else "en"), weight
    return best
