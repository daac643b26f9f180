"""Turns the reasons of rulings, codes with numbers, into words for staff (pure)."""

from collections.abc import Mapping
from typing import Any, Final

from backend.kit import messages

_COMPASS: Final = "direction"


def reason_title(language: str, reason: Mapping[str, Any]) -> str:
    """Return a reason in words; where the sentence would name a place that is not known it does without."""
    spoken: dict[str, object] = {**reason, "at": "", "near": "", "way": ""}
    if _COMPASS in reason:
        spoken[_COMPASS] = messages.text(language, f"compass.{reason[_COMPASS]}").title
    if reason.get("chainage") is not None:
        label = {"chainage": reason["chainage"]}
        spoken.update({name: messages.text(language, f"place.{name}", label).title for name in ("at", "near")})
    if "cause" in reason:
        spoken["cause"] = messages.text(language, f"no_fix.{reason['cause']}").title
    return messages.text(language, str(reason["code"]), spoken).title
