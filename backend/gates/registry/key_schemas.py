"""The wire forms of the key register: applications, their steps, keys, the report."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta, Struct

from backend.gates.registry.fields import KeyId, Reason, Token
from backend.gates.registry.key_flow import Credential
from backend.kit.wire import Instant, Wire


class KeyAnswer(Struct, frozen=True, kw_only=True):
    """A key without its secret, which nobody is shown again."""

    id: str
    state: Literal["active", "expired", "revoked"]
    issued_at: datetime
    issued_by: UUID
    expires_at: datetime | None
    revoked_at: datetime | None


class ApplicationBody(Wire, frozen=True):
    """Why a device needs a key, or a terminal that cannot sign a token; `replaces_key_id` names the key it replaces."""

    reason: Reason
    credential: Credential = "signing_key"
    replaces_key_id: KeyId | None = None
    expires_at: Instant | None = None


class ReasonBody(Wire, frozen=True):
    """Why a step is made."""

    reason: Reason


class IssueBody(Wire, frozen=True):
    """Why and to whom it is issued; a replaced key holds `overlap_h` hours longer.

    `token` is for terminals that have one of their own (`pushcommkey`); one is drawn otherwise.
    """

    reason: Reason
    overlap_h: Annotated[int, Meta(ge=0, le=720)] = 168
    token: Token | None = None


class StepAnswer(Struct, frozen=True, kw_only=True):
    """A step: who made it, when and why."""

    step: str
    made_at: datetime
    made_by: UUID
    made_by_name: str
    reason: str
    key_id: str | None
    expires_at: datetime | None


class ApplicationAnswer(Struct, frozen=True, kw_only=True):
    """An application for a key with its steps, first to last."""

    id: UUID
    project_id: UUID
    gate_id: UUID
    serial_no: str
    credential: str
    state: Literal["applied", "withdrawn", "rejected", "approved", "issued"]
    replaces_key_id: str | None
    expires_at: datetime | None
    steps: list[StepAnswer]


class IssuedAnswer(Struct, frozen=True, kw_only=True):
    """A new key with its secret, or a token (which has no id and is in lower case): shown this once."""

    id: str | None
    secret: str
    credential: str
    issued_at: datetime
    expires_at: datetime | None


class KeyTotals(Struct, frozen=True, kw_only=True):
    """How many steps of each kind a project's keys made in a year, and how many keys were live at its end (or now)."""

    project_id: UUID
    registration_no: str
    project_name: str
    applied: int
    approved: int
    rejected: int
    withdrawn: int
    issued: int
    replaced: int
    revoked: int
    live_at_end: int


class KeyReportAnswer(Struct, frozen=True, kw_only=True):
    """The keys of a year (Asia/Shanghai), by project; projects without steps or live keys are left out."""

    year: int
    projects: list[KeyTotals]
