"""Turns reason codes and their numbers into words of the caller's language."""

from collections.abc import Iterable, Mapping
from typing import Any

from backend.kit import messages
from geofences.chainage import format_chainage
from mobile_api.schemas import ReasonOut


def reason_words(language: str, reasons: Iterable[Mapping[str, Any]]) -> list[ReasonOut]:
    """Return the stored reasons with title and advice."""
    return [_words(language, reason) for reason in reasons]


def _words(language: str, reason: Mapping[str, Any]) -> ReasonOut:
    # Sorted, so that a replayed answer equals the first one to the letter: jsonb keeps an order of its own.
    numbers = {name: reason[name] for name in sorted(reason) if name != "code"}
    spoken: dict[str, object] = dict(numbers)
    if "direction" in numbers:
        spoken["direction"] = messages.text(language, f"compass.{numbers['direction']}").title
    # Only a corridor has chainages; elsewhere the sentence does without.
    spoken.update(at="", near="")
    if numbers.get("chainage_m") is not None:
        # Punches from before alignments had labels of their own carry metres alone.
        spoken_label = numbers.get("chainage") or format_chainage(float(numbers["chainage_m"]), decimals=0)
        label = {"chainage": spoken_label}
        spoken.update({name: messages.text(language, f"place.{name}", label).title for name in ("at", "near")})
    # Where the fix lies inside, there is no way to go.
    spoken["way"] = ""
    if "direction" in numbers:
        spoken["way"] = messages.text(language, "place.way", spoken).title
    if "cause" in numbers:
        spoken["cause"] = messages.text(language, f"no_fix.{numbers['cause']}").title
    message = messages.text(language, str(reason["code"]), spoken)
    return ReasonOut(code=str(reason["code"]), title=message.title, advice=message.advice, numbers=numbers)
