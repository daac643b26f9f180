"""The rule by which a day is valid; dated rule sets with other rules build on it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DayRule:
    """A day is valid with at least `min_punches` counted punches at least `min_span_s` seconds apart."""

    name: str
    min_punches: int
    min_span_s: int


DEFAULT_RULE = DayRule("default-1", min_punches=2, min_span_s=4 * 3600)
