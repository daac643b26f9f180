"""The rule sets that ship with the platform, each a data file that names its source and what was not seen of it."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec
from msgspec import Struct

from backend.attendance.rates.errors import PresetUnknown
from backend.attendance.rates.rule_model import RuleBody, read_rules

Checked = Literal["read", "mirror", "unverified"]
"""`read`: read at the source named; `mirror`: in a copy of it; `unverified`: nobody could say, or nothing is public."""


class Preset(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One preset; `says_*` is what the source asks for, `left_out_*` what is not in it or was filled in by us."""

    place: str
    name_zh: str
    name_en: str
    checked: Checked
    source: str
    says_zh: str
    says_en: str
    left_out_zh: str
    left_out_en: str
    rules: dict[str, Any]

    @property
    def body(self) -> RuleBody:
        """Return its rules."""
        return read_rules(self.rules)


@cache
def presets() -> Mapping[str, Preset]:
    """Read all presets by their names."""
    folder = files("backend.attendance.rates") / "presets"
    found = sorted((item for item in folder.iterdir() if item.name.endswith(".toml")), key=lambda item: item.name)
    return {
        item.name.removesuffix(".toml"): msgspec.convert(tomllib.loads(item.read_text("utf-8")), Preset)
        for item in found
    }


def preset_of(name: str) -> Preset:
    """Return a preset; raises PresetUnknown."""
    preset = presets().get(name)
    if preset is None:
        raise PresetUnknown
    return preset
