"""What is known of passkeys and of what is shown with them (pure)."""

from dataclasses import dataclass, field
from typing import Literal

Fault = Literal["signature", "cloned"]
"""Why an assertion shows nothing: it is not this key's for this challenge, or the key exists twice."""


class AnswerUnfit(Exception):
    """The answer is not one of an authenticator to this challenge of ours; the message says why, for the log."""


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Under which name passkeys are made, and from which pages and apps they may be used (`https://…`, `android:…`)."""

    id: str
    name: str
    origins: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class Registered:
    """A new credential: public key in COSE form, the authenticator's counter, whether it is synced between devices."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    synced: bool
    aaguid: str


@dataclass(frozen=True, slots=True)
class Shown:
    """What an assertion says: the authenticator's counter, or what is wrong with it."""

    sign_count: int
    fault: Fault | None = None
