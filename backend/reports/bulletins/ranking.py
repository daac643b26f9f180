"""Rates without a false hundred or zero, ranks with ties, and the places that are named (pure)."""

from collections.abc import Mapping, Sequence
from typing import Final, TypeVar

from backend.reports.bulletins.content import FULL

Key = TypeVar("Key")
NAMED: Final = 3


def rate_of(valid: int, due: int) -> int | None:
    """Return valid ÷ due in hundredths of a percent, rounded half up; None when nothing was due.

    Rounding makes neither a full hundred of less nor a zero of more. Both in the same unit, 0 <= valid <= due.
    """
    if due <= 0:
        return None
    rate = (2 * valid * FULL + due) // (2 * due)
    if rate == FULL and valid < due:
        return FULL - 1
    return 1 if rate == 0 and valid > 0 else rate


def ranks(rates: Mapping[Key, int | None]) -> dict[Key, int | None]:
    """Return the place of each, highest rate first; equal rates share a place and the next one is left out.

    Compared is what people read: two rates that are printed alike are alike. Who has no rate has no place.
    """
    known = sorted((rate for rate in rates.values() if rate is not None), reverse=True)
    place = {rate: known.index(rate) + 1 for rate in set(known)}
    return {key: None if rate is None else place[rate] for key, rate in rates.items()}


def named_places(places: Mapping[Key, int | None]) -> tuple[list[Key], list[Key]]:
    """Return who is named at the top and at the bottom: three each, best and worst first, ties all of them.

    With fewer than six places as many as leave nobody in both; a tie that would reach from one end into the other
    half of the field is named at neither.
    """
    ranked: Sequence[tuple[int, Key]] = sorted(
        ((place, key) for key, place in places.items() if place is not None), key=lambda one: one[0]
    )
    count = min(NAMED, len(ranked) // 2)
    if count == 0:
        return [], []
    last_top, first_bottom = ranked[count - 1][0], ranked[-count][0]
    top = [key for place, key in ranked if place <= last_top]
    bottom = [key for place, key in reversed(ranked) if place >= first_bottom]
    half = len(ranked) / 2
    if len(top) > half or last_top >= first_bottom:
        top = []
    if len(bottom) > half or last_top >= first_bottom:
        bottom = []
    return top, bottom
