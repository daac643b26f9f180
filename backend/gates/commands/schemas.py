"""The wire forms of commands to terminals."""

from datetime import datetime
from uuid import UUID

from msgspec import Struct

from backend.gates.commands.model import CommandKind, State
from backend.gates.registry.fields import Reason
from backend.kit.wire import Instant, Wire


class CommandBody(Wire, frozen=True):
    """What a terminal is to be asked, and why.

    `query_attlog` and `verify_sum_attlog` need a period of at most 31 days, `to_at` excluded; the others have none.
    Unanswered after `expires_at` (24 hours from now, at most 7 days) it is given up.
    """

    kind: CommandKind
    reason: Reason
    from_at: Instant | None = None
    to_at: Instant | None = None
    expires_at: Instant | None = None


class RequestBody(Wire, frozen=True):
    """Why the device is asked again."""

    reason: Reason


class CommandAnswer(Struct, frozen=True, kw_only=True):
    """A command with what became of it.

    `failed`: the device says that it cannot (`code` below 0). `told` is how many passes it counted in the period,
    `held` how many the ledger held when the device said so.
    """

    id: UUID
    gate_id: UUID
    number: int
    kind: CommandKind
    from_at: datetime | None
    to_at: datetime | None
    state: State
    reason: str
    asked_at: datetime
    asked_by: UUID
    expires_at: datetime
    times_sent: int
    last_sent_at: datetime | None
    answered_at: datetime | None
    code: int | None
    told: int | None
    held: int | None
