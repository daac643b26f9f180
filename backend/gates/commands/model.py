"""The only commands that a terminal can be sent: four, all of which only read (pure).

Terminals also know commands that unlock doors, run programs, write files and clear their memory. There is no way to say
one here: a command is a kind of four with a period, never a text, and its wording is made of these two alone.
"""

from datetime import datetime, timedelta, tzinfo
from typing import Final, Literal, get_args

from msgspec import Struct

CommandKind = Literal["info", "log", "query_attlog", "verify_sum_attlog"]
"""`info`: tell of yourself; `log`: send what is new now; `query_attlog`: send the passes of a period again;
`verify_sum_attlog`: count the passes of a period."""

KINDS: Final[frozenset[str]] = frozenset(get_args(CommandKind))
OF_PERIODS: Final[frozenset[CommandKind]] = frozenset({"query_attlog", "verify_sum_attlog"})

LONGEST_PERIOD: Final = timedelta(days=31)
LIFE: Final = timedelta(hours=24)
LONGEST_LIFE: Final = timedelta(days=7)

REPEAT_AFTER: Final = timedelta(minutes=5)
"""A terminal may lose what it was sent: without an answer it is sent the same again after so long."""
DELIVERIES: Final = 10
"""How often one command is sent at most."""
OPEN_AT_ONCE: Final = 10
"""Commands of one device that may wait."""

State = Literal["waiting", "sent", "done", "failed", "unanswered"]

_WORDS: Final[dict[CommandKind, str]] = {
    "info": "INFO",
    "log": "LOG",
    "query_attlog": "DATA QUERY ATTLOG",
    "verify_sum_attlog": "VERIFY SUM ATTLOG",
}
_LOCAL: Final = "%Y-%m-%d %H:%M:%S"


class Command(Struct, frozen=True, kw_only=True):
    """A command; `from_at` and `to_at` (excluded, both UTC) exactly where its kind has a period."""

    number: int
    kind: CommandKind
    from_at: datetime | None = None
    to_at: datetime | None = None


class CommandResult(Struct, frozen=True):
    """A device's answer to the command `number`: negative codes are failures; `told` is its count, if it gave one."""

    number: int
    code: int
    told: int | None = None


def has_its_period(kind: CommandKind, from_at: datetime | None, to_at: datetime | None) -> bool:
    """Tell whether a kind that has a period has one, of a second to 31 days, and any other kind none."""
    if kind not in OF_PERIODS:
        return from_at is None and to_at is None
    if from_at is None or to_at is None:
        return False
    return timedelta(seconds=1) <= to_at - from_at <= LONGEST_PERIOD


def command_id(number: int) -> str:
    """Return the id by which the device answers: at most 16 letters and digits."""
    return f"q{number}"


def number_of(written: str) -> int | None:
    """Return the number of a command by the id in an answer, None for what is none of ours."""
    digits = written[1:]
    ours = written[:1] == "q" and digits.isascii() and digits.isdigit() and len(digits) <= 9  # noqa: PLR2004 - int4
    return int(digits) if ours else None


def wording(command: Command, zone: tzinfo) -> str:
    """Return what the device is told; periods in its own zone, both ends included, as its memory writes times.

    Raises ValueError for a command that has not the period of its kind: nothing else can be said.
    """
    if not has_its_period(command.kind, command.from_at, command.to_at):
        raise ValueError(command.kind)
    words = _WORDS[command.kind]
    if command.from_at is None or command.to_at is None:
        return words
    first = command.from_at.astimezone(zone)
    last = (command.to_at - timedelta(seconds=1)).astimezone(zone)
    return f"{words} StartTime={first.strftime(_LOCAL)}\tEndTime={last.strftime(_LOCAL)}"


def state_of(
    *, sent: int, last_sent_at: datetime | None, code: int | None, expires_at: datetime, now: datetime
) -> State:
    """Return what became of a command: `code` is what the device answered, negative where it failed."""
    if code is not None:
        return "done" if code >= 0 else "failed"
    given_up = sent >= DELIVERIES and last_sent_at is not None and now >= last_sent_at + REPEAT_AFTER
    if now >= expires_at or given_up:
        return "unanswered"
    return "sent" if sent else "waiting"
