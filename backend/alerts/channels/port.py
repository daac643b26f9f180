"""The ports of the channels: what the drain asks of an adapter, what adapters ask for files, and the null adapter."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

from backend.alerts.channels.model import ChannelName, Enclosure, Message, Outcome


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How a channel wants to be fed: messages in a call, calls at once."""

    batch: int
    at_once: int


class Channel(Protocol):
    """A way to reach people."""

    @property
    def name(self) -> ChannelName:
        """Return which one it is."""
        ...

    @property
    def missing(self) -> str | None:
        """Return the setting without which it cannot send; None: it can."""
        ...

    @property
    def pace(self) -> Pace:
        """Return how it wants to be fed."""
        ...

    async def send(self, messages: Sequence[Message], now: datetime) -> list[Outcome]:
        """Send, and return each message's outcome in their order; raises only what is a fault of ours."""
        ...

    async def aclose(self) -> None:
        """Give back what it holds."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosed:
    """A PDF that goes with a message; `digest` is the SHA-256 (hexadecimal) of what it is a print of.

    Without `content` it does not go with it, and `lacking` says why.
    """

    name: str
    digest: str
    content: bytes | None = None
    lacking: Literal["", "too_large", "not_made"] = ""


class Encloser(Protocol):
    """Makes the files that messages enclose, none of them twice for two receivers."""

    async def enclose(self, wanted: Collection[Enclosure]) -> Mapping[Enclosure, Enclosed | None]:
        """Return what goes with each: None for nothing. What is not there yet is left out: ask again later."""
        ...


class NullChannel:
    """A channel that is not configured: nothing is ever given to it, and it says so."""

    def __init__(self, name: ChannelName, missing: str) -> None:
        """Stand for `name`, which needs the setting `missing`."""
        self._name = name
        self._missing = missing

    @property
    def name(self) -> ChannelName:
        """Return which one it is."""
        return self._name

    @property
    def missing(self) -> str | None:
        """Return the setting that would make it one."""
        return self._missing

    @property
    def pace(self) -> Pace:
        """Ask for as little as can be."""
        return Pace(batch=1, at_once=1)

    async def send(self, messages: Sequence[Message], now: datetime) -> list[Outcome]:
        """Raise RuntimeError, always: who calls it did not look."""
        del messages, now
        msg = f"{self._name} is not configured: set {self._missing}"
        raise RuntimeError(msg)

    async def aclose(self) -> None:
        """Hold nothing."""
