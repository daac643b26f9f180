"""Puts alerts into words of a language: one alert by its own, a group of several by what they have in common (pure)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from backend.alerts.model import RANK
from backend.kit import messages
from backend.kit.messages import Message
from backend.sites.posts import POST_KINDS

NAMED: Final = 5
"""How many alerts of a group are named in its text; the inbox lists them all."""

_CODES: Final = MappingProxyType(
    {
        "sign": ("sign_name", "alerts.sign"),
        "request_kind": ("request", "requests.kind"),
        "step": ("step_name", "requests.step"),
        "office": ("office_name", "alerts.office"),
        "next": ("next_name", "alerts.next"),
    }
)
"""Numbers that are codes: by which name words have them, and of which words of the catalogue they are the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An alert as its words need it."""

    kind: str
    fact_key: str
    words: str
    numbers: Mapping[str, Any]
    severity: str
    state: str
    project_name: str | None


def word_alert(language: str, words: str, numbers: Mapping[str, Any]) -> Message:
    """Return title and advice of one alert; codes of posts and signs become words of the language."""
    return messages.text(language, words, _spoken(language, numbers))


def word_group(language: str, alerts: Sequence[Shown]) -> Message:
    """Return title and advice of a group: that of its only alert, or what several are together.

    Counted and named are the alerts that are not resolved; when all are, the group says that it is over.
    """
    standing = [one for one in alerts if one.state != "resolved"]
    if not standing:
        first = word_alert(language, alerts[0].words, alerts[0].numbers)
        code = "alerts.over" if len(alerts) == 1 else "alerts.over_many"
        return messages.text(language, code, {"what": first.title, "count": len(alerts)})
    if len(standing) == 1:
        return word_alert(language, standing[0].words, standing[0].numbers)
    names = [word_alert(language, one.words, one.numbers).title for one in standing[:NAMED]]
    more = "" if len(standing) <= NAMED else " …"
    joined = ("；" if language == "zh-CN" else "; ").join(names) + more
    sites = len({one.project_name for one in standing})
    message = messages.text(language, f"alerts.many_{standing[0].kind}", {"count": len(standing), "sites": sites})
    return Message(message.title, joined)


def gravest(alerts: Sequence[Shown]) -> str:
    """Return the gravest severity of a group's alerts."""
    return max((one.severity for one in alerts), key=lambda severity: RANK[severity], default="info")


def state_of(states: Sequence[str]) -> str:
    """Return the state of a group: the one of its alerts that asks for most."""
    return next((state for state in ("open", "snoozed", "acknowledged") if state in states), "resolved")


def _spoken(language: str, numbers: Mapping[str, Any]) -> dict[str, Any]:
    spoken = dict(numbers)
    if isinstance(kind := numbers.get("post_kind"), str):
        spoken["post"] = _post(language, kind)
    if isinstance(kinds := numbers.get("post_kinds"), str):
        spoken["names"] = ("、" if language == "zh-CN" else ", ").join(
            _post(language, kind) for kind in kinds.split(",")
        )
    for number, (placeholder, code) in _CODES.items():
        if isinstance(value := numbers.get(number), str):
            spoken[placeholder] = messages.text(language, f"{code}_{value}").title
    if isinstance(module := numbers.get("module"), str):
        spoken["module_name"] = messages.text(language, f"alerts.module_{module}").title
        code = f"alerts.subject_{module}_{numbers.get('subject')}"
        if code in messages.catalogue(language):
            spoken["subject"] = messages.text(language, code).title
    if isinstance(bulletin := numbers.get("bulletin"), str):
        spoken["name"] = messages.text(language, f"alerts.bulletin_{bulletin}").title
        spoken["scope"] = numbers.get("district") or messages.text(language, "alerts.whole_city").title
    return spoken


def _post(language: str, kind: str) -> str:
    known = POST_KINDS.get(kind)
    if known is None:
        return kind
    return known.zh if language == "zh-CN" else known.en
