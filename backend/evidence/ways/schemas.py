"""What phones, staff and screens send and get about ways of showing presence."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta

from backend.evidence.ways.model import ProofOutcome, ProofTrust, Way
from backend.evidence.ways.site_codes import LONGEST
from backend.kit.wire import Name, Wire


class ProofAnswer(Wire, frozen=True, kw_only=True):
    """A proof of presence: what was found, in words, and until when a punch may take it."""

    proof_id: UUID
    way: Way
    outcome: ProofOutcome
    made_at: datetime
    expires_at: datetime
    title: str
    advice: str


class PasskeyOptionsAnswer(Wire, frozen=True, kw_only=True):
    """A challenge, good once until `expires_at`; `options` go to `navigator.credentials` as WebAuthn's JSON."""

    challenge_id: UUID
    expires_at: datetime
    options: dict[str, Any]


class PasskeyBody(Wire, frozen=True, kw_only=True):
    """What the authenticator answered, as `PublicKeyCredential.toJSON()` spells it."""

    challenge_id: UUID
    credential: dict[str, Any]


class ProjectBody(Wire, frozen=True, kw_only=True):
    """The project on which somebody shows that he is there."""

    project_id: UUID


class PasskeyAnswer(Wire, frozen=True, kw_only=True):
    """One of my passkeys; `synced`: the phone's maker keeps copies of it on my other devices."""

    passkey_id: UUID
    synced: bool
    created_at: datetime
    last_used_at: datetime | None


class ScanBody(Wire, frozen=True, kw_only=True):
    """A text that was scanned off a site's screen.

    With `proof_id`, a UUID of version 7 that the phone gave the scan when there was no network, and that a queued punch
    names, the code need not be the present one.
    """

    project_id: UUID
    code: Annotated[str, Meta(max_length=LONGEST)]
    proof_id: UUID | None = None


class SiteCodeBody(Wire, frozen=True, kw_only=True):
    """A new site code: the name of the gate or screen that shows it."""

    name: Name


class SiteCodeAnswer(Wire, frozen=True, kw_only=True):
    """A site code that is shown."""

    code_id: UUID
    name: str
    created_at: datetime


class NewSiteCodeAnswer(Wire, frozen=True, kw_only=True):
    """A new site code; `screen_path` is the address of its screen, which needs no log-in and is told this once."""

    code_id: UUID
    name: str
    created_at: datetime
    screen_path: str


class ShownCodeAnswer(Wire, frozen=True, kw_only=True):
    """What a screen shows until `changes_at`: the text, and its QR code as SVG."""

    name: str
    code: str
    svg: str
    changes_at: datetime


class StaffProofAnswer(Wire, frozen=True, kw_only=True):
    """A proof as staff see it, with the way's own facts, and the punch that took it."""

    proof_id: UUID
    person_id: UUID
    way: Way
    outcome: ProofOutcome
    trust: ProofTrust
    made_at: datetime
    expires_at: datetime
    facts: dict[str, Any]
    punch_id: UUID | None


class PresenceSignalAnswer(Wire, frozen=True, kw_only=True):
    """Evidence that a way may be misused, and no verdict."""

    id: UUID
    person_id: UUID
    kind: Literal["witnesses_in_turn", "one_witness_only", "passkey_cloned"]
    title: str
    advice: str
    found_at: datetime
    evidence: dict[str, Any]
