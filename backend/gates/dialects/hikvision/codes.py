"""The table of event types: which pairs are passes of people, and what the device thought of them."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True, slots=True)
class PersonCode:
    """A pair that tells of a person at the reader."""

    granted: bool
    method: str


@dataclass(frozen=True, slots=True)
class Codes:
    """The table of codes.toml."""

    person: dict[tuple[int, int], PersonCode]
    device: dict[tuple[int, int], str]


@cache
def codes() -> Codes:
    """Read the table once."""
    text = files(__package__ or __name__).joinpath("codes.toml").read_text(encoding="utf-8")
    told: dict[str, dict[str, Any]] = tomllib.loads(text)
    return Codes(
        {_pair(name): PersonCode(bool(one["granted"]), str(one["method"])) for name, one in told["person"].items()},
        {_pair(name): str(word) for name, word in told["device"].items()},
    )


def _pair(name: str) -> tuple[int, int]:
    major, minor = name.split(".")
    return int(major), int(minor)
