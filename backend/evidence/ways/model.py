"""What a proof of presence is, and what it is worth for one punch (pure)."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

Way = Literal["face", "passkey", "site_qr", "witness"]
"""How somebody shows that he is there; none is worth more than another."""

ProofOutcome = Literal["passed", "review", "failed", "not_evaluated"]
"""What the way itself found; `not_evaluated`: nothing could look at it, and that is never `passed`."""

ProofTrust = Literal["online", "offline"]
"""`offline`: shown without network, by a challenge that was issued ahead or a code that was scanned."""

Finding = Literal[
    "proven",
    "proven_offline",
    "in_doubt",
    "failed",
    "not_evaluated",
    "missing",
    "unknown",
    "wrong_project",
    "wrong_person",
    "wrong_phone",
    "used",
    "expired",
]
"""What a proof is worth for one punch; the first two alone speak for it."""

LIFE: Final = timedelta(minutes=10)
"""For so long a proof may be used, unless who records it says otherwise."""

SLACK: Final = timedelta(minutes=2)
"""A punch may be that much older than its proof: a phone's clock is not the server's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """A recorded proof; `used`: a punch has taken it already."""

    project_id: UUID
    person_id: UUID
    phone_id: UUID
    way: Way
    outcome: ProofOutcome
    trust: ProofTrust
    made_at: datetime
    expires_at: datetime
    used: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """A punch that names a proof: whose, made with which phone, and between which instants it happened.

    On line both instants are one. Of an item without network they are the bounds within which it was made.
    """

    project_id: UUID
    person_id: UUID
    phone_id: UUID | None
    earliest: datetime
    latest: datetime


def judge_proof(proof: Proof | None, claim: Claim) -> Finding:
    """Return what a named proof (None: there is none of that id) is worth for a punch.

    Whose it is comes before what it shows: another's proof says nothing about this person, not even that it failed.
    """
    if proof is None:
        return "unknown"
    if (fault := _foreign(proof, claim)) is not None:
        return fault
    if proof.used:
        return "used"
    # The bounds of the instant favour the person: a proof that may have been in force was.
    if claim.earliest > proof.expires_at or claim.latest < proof.made_at - SLACK:
        return "expired"
    return _worth(proof)


def _foreign(proof: Proof, claim: Claim) -> Finding | None:
    if proof.project_id != claim.project_id:
        return "wrong_project"
    if proof.person_id != claim.person_id:
        return "wrong_person"
    return None if proof.phone_id == claim.phone_id else "wrong_phone"


def _worth(proof: Proof) -> Finding:
    match proof.outcome:
        case "passed":
            return "proven" if proof.trust == "online" else "proven_offline"
        case "review":
            return "in_doubt"
        case outcome:
            return outcome
