"""For what people are asked for their consent, by which text, and when a consent holds (pure)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal, get_args

from backend.kit import messages

Purpose = Literal["face_check", "face_reference"]
"""`face_check`: looking at live frames and comparing them; `face_reference`: keeping photos to compare with."""

ConsentStep = Literal["given", "withdrawn"]

TEXT_VERSIONS: Final[dict[Purpose, int]] = {"face_check": 1, "face_reference": 1}
"""The texts that are asked with now. A changed text gets a new number, and everybody is asked anew."""

PURPOSES: Final[tuple[Purpose, ...]] = get_args(Purpose)


@dataclass(frozen=True, slots=True)
class Act:
    """That a consent was given or withdrawn, and for which text."""

    step: ConsentStep
    text_version: int
    at: datetime


@dataclass(frozen=True, slots=True)
class ConsentText:
    """The words of a purpose in one language, and the digest of its words in all of them."""

    version: int
    title: str
    text: str
    digest: bytes


def text_of(purpose: Purpose, language: str) -> ConsentText:
    """Return the text that a person is asked with now."""
    version = TEXT_VERSIONS[purpose]
    said = [messages.text(one, f"consent.{purpose}_{version}") for one in messages.LANGUAGES]
    whole = "\x00".join(part for words in said for part in words)
    words = messages.text(language, f"consent.{purpose}_{version}")
    return ConsentText(version, words.title, words.advice, hashlib.sha256(whole.encode()).digest())


def holds(acts: Sequence[Act], version: int) -> bool:
    """Tell whether a consent holds, from its acts in order: the last one gave it, for the text of today."""
    return bool(acts) and acts[-1].step == "given" and acts[-1].text_version == version
