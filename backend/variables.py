"""Reads single environment variables as what they mean, or says which one cannot be meant like that and why."""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit


class SettingsError(Exception):
    """A setting is missing or cannot be meant like this; the message names the remedy."""


def words_of(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    """Return the words between commas; none when it is not set."""
    return tuple(word.strip() for word in environment.get(name, "").split(",") if word.strip())


def origin_of(environment: Mapping[str, str], name: str) -> str | None:
    """Return scheme and host, without a slash at the end; None when it is not set. Raises SettingsError."""
    value = environment.get(name)
    if not value:
        return None
    url = urlsplit(value)
    if url.scheme not in {"http", "https"} or not url.hostname or url.path.strip("/") or url.query:
        msg = f"{name} is {value!r}: give scheme and host only, such as https://relay.example"
        raise SettingsError(msg)
    return value.rstrip("/")


def secret_of(environment: Mapping[str, str], name: str, what: str) -> str | None:
    """Return what the file holds that the variable names; None when it names none. Raises SettingsError."""
    file = environment.get(name)
    try:
        return Path(file).read_text("utf-8").strip() if file else None
    except OSError as fault:
        msg = f"{name} cannot be read ({fault.strerror}): name the file that holds {what}"
        raise SettingsError(msg) from fault


def path_of(environment: Mapping[str, str], name: str) -> Path | None:
    """Return the path; None when it is not set."""
    value = environment.get(name)
    return Path(value) if value else None


def version_of(environment: Mapping[str, str], name: str) -> str:
    """Return numbers with points between them; "0" when it is not set. Raises SettingsError."""
    value = environment.get(name) or "0"
    if re.fullmatch(r"[0-9]+(\.[0-9]+){0,3}", value) is None:
        msg = f"{name} is {value!r}: give numbers with points between them, like 1.4.0"
        raise SettingsError(msg)
    return value


def whole_of(environment: Mapping[str, str], name: str, default: int) -> int:
    """Return a whole number above zero; `default` when it is not set. Raises SettingsError."""
    value = environment.get(name, "")
    if not value:
        return default
    if not value.isdecimal() or int(value) == 0:
        msg = f"{name} is {value!r}: give a whole number above zero"
        raise SettingsError(msg)
    return int(value)
