"""The wire forms of pairing: windows, unknown devices, self-tests."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct

from backend.gates.registry.fields import Reason, SerialNo, Vendor
from backend.kit.wire import Instant, Wire


class WindowBody(Wire, frozen=True):
    """When devices of a make may announce themselves: from now until `to_at` (15 minutes), at most an hour.

    With `serial_no` that device alone. While windows of one make are open at several projects, only those that name
    the number let it in: nobody can tell where a stranger belongs.
    """

    vendor: Vendor
    reason: Reason
    serial_no: SerialNo | None = None
    to_at: Instant | None = None


class WindowAnswer(Struct, frozen=True, kw_only=True):
    """A pairing window; `met` is how many devices announced themselves."""

    id: UUID
    vendor: str
    serial_no: str | None
    from_at: datetime
    to_at: datetime
    reason: str
    opened_by: UUID
    met: int
    closed_at: datetime | None
    closed_by: UUID | None


class UnknownAnswer(Struct, frozen=True, kw_only=True):
    """How often a serial number called that no device has; `*` stands for those beyond what is kept apart."""

    vendor: str
    serial: str
    counter: int
    first_seen_at: datetime
    last_seen_at: datetime
    last_address: str | None


class SelfTestAnswer(Struct, frozen=True, kw_only=True):
    """What a self-test has shown so far: `passed` names the live event that arrived in time."""

    id: UUID
    gate_id: UUID
    result: Literal["waiting", "passed", "failed"]
    started_at: datetime
    until_at: datetime
    started_by: UUID
    punch_id: UUID | None
    received_at: datetime | None
    person_known: bool | None
