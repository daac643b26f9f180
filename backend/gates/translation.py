"""What every dialect is translated into: events, remarks, lines that could not be read, signs of life (pure)."""

from datetime import date, datetime
from typing import Any, Literal

from msgspec import Struct

from backend.gates.events import NumberKind

Trust = Literal["token", "allow_listed"]
"""`token`: the request named a secret of this device; `allow_listed`: it named a serial number that is registered."""

RemarkKind = Literal["tamper", "alarm", "audit", "telemetry", "gap", "hardware", "conflict", "dropped"]
"""What a remark is about: the device's clock or memory was touched; a door alarm; an event of nobody or a refused try;
counters of a turnstile; events that are missing; another device under the same name; another event under the same key;
something that was not kept."""


class TranslatedEvent(Struct, frozen=True, kw_only=True):
    """One pass as a terminal told it.

    `event_key` identifies it for ever among the events of its device and contains nothing of the delivery. `content`
    is what makes a repetition the same event: what was parsed, never the bytes. `own_month` is the first day of the
    month that the device's own text names, so that a repetition is looked for in the same place although the zone of
    the device was set right in between. `wire_direction` decides before the lane's direction when
    `direction_is_wired` says that the device knows it, and only for lanes without one otherwise.
    """

    event_key: str
    number_kind: NumberKind
    number: str
    at: datetime
    device_time: str
    own_month: date
    live: bool
    granted: bool | None
    content: tuple[str | int | float | bool | None, ...]
    wire_direction: Literal["in", "out"] | None = None
    direction_is_wired: bool = False
    method: str | None = None
    signals: tuple[str, ...] = ()


class Remark(Struct, frozen=True, kw_only=True):
    """Something that a device told or did besides events; `key` makes a repetition of it the same remark.

    `at` is in UTC, None where the device named no time. `detail` holds codes and numbers, no names and no templates.
    """

    kind: RemarkKind
    code: str
    key: str
    at: datetime | None = None
    detail: dict[str, Any] = {}


class TerminalUser(Struct, frozen=True):
    """A person that a terminal has enrolled; `replaced` says that some bytes of the name were no text."""

    number: str
    name: str
    replaced: bool


class UnreadLine(Struct, frozen=True):
    """A line that could not be read: which one (from 1), why, and its text with secrets cut out."""

    number: int
    reason: str
    text: str


class EventPhoto(Struct, frozen=True, kw_only=True):
    """A photo that a terminal took: of the pass of `number` at `device_time`, or of the event `event_key`."""

    sha256: str
    size: int
    content: bytes
    media_type: str
    number: str | None = None
    device_time: str | None = None
    event_key: str | None = None


class Liveness(Struct, frozen=True, kw_only=True):
    """What a request tells of the device itself; None leaves what was told before.

    `skews_s` are of live events. `doubtful_skews_s` are of events that came by themselves and are too old to be live by
    their own time alone: the device stored them, or its clock is slow.
    """

    reported_count: int | None = None
    firmware: str | None = None
    mac: str | None = None
    skews_s: tuple[float, ...] = ()
    doubtful_skews_s: tuple[float, ...] = ()


class Translation(Struct, frozen=True, kw_only=True):
    """All that one request holds, and the answer that stops the device from sending it again."""

    events: tuple[TranslatedEvent, ...] = ()
    remarks: tuple[Remark, ...] = ()
    unread: tuple[UnreadLine, ...] = ()
    photos: tuple[EventPhoto, ...] = ()
    users: tuple[TerminalUser, ...] = ()
    liveness: Liveness = Liveness()
    answer: bytes = b"OK"
