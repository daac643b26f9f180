"""What phones send and get to have a colleague confirm that they are there."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from msgspec import Meta

from backend.evidence.ways.schemas import ProofAnswer
from backend.kit.wire import Wire
from mobile_api.schemas import FixIn

Fixes = Annotated[list[FixIn], Meta(max_length=10)]
Code = Annotated[str, Meta(max_length=100)]


class WitnessAskBody(Wire, frozen=True, kw_only=True):
    """Asks for a witness on a project; the fixes are where the one who asks is."""

    project_id: UUID
    fixes: Fixes


class WitnessAskedAnswer(Wire, frozen=True, kw_only=True):
    """What the phone shows to a colleague, as text or QR code, until `expires_at`."""

    request_id: UUID
    code: str
    expires_at: datetime
    title: str
    advice: str


class WitnessLookBody(Wire, frozen=True, kw_only=True):
    """The code that a colleague's phone shows."""

    code: Code


class WitnessLookAnswer(Wire, frozen=True, kw_only=True):
    """Whom the witness is asked to have in front of him."""

    project_id: UUID
    project_name: str
    person_name: str
    expires_at: datetime
    title: str
    advice: str


class WitnessConfirmBody(Wire, frozen=True, kw_only=True):
    """The witness's word that he sees the person, and where the witness is."""

    code: Code
    fixes: Fixes


class WitnessConfirmedAnswer(Wire, frozen=True, kw_only=True):
    """What became of the statement, in words for the witness."""

    outcome: Literal["passed", "review", "failed"]
    stated_at: datetime
    title: str
    advice: str


class WitnessStateAnswer(Wire, frozen=True, kw_only=True):
    """How a request stands, in words for the one who asked; the proof once somebody has confirmed."""

    request_id: UUID
    state: Literal["waiting", "confirmed", "expired"]
    proof: ProofAnswer | None
    title: str
    advice: str
