"""Puts what a way found into words (pure)."""

from typing import Final

from backend.evidence.ways.model import ProofOutcome
from backend.evidence.ways.recording import RecordedProof
from backend.evidence.ways.schemas import ProofAnswer
from backend.kit import messages

_CODES: Final[dict[ProofOutcome, str]] = {
    "passed": "decision.presence_proven",
    "review": "decision.presence_in_doubt",
    "failed": "decision.presence_failed",
    "not_evaluated": "decision.presence_not_evaluated",
}
"""The words of a proof are those of the punch that takes it; they do not depend on the way."""


def proof_answer(language: str, proof: RecordedProof) -> ProofAnswer:
    """Return a proof as its owner is told of it."""
    words = messages.text(language, _CODES[proof.outcome])
    return ProofAnswer(
        proof_id=proof.id,
        way=proof.way,
        outcome=proof.outcome,
        made_at=proof.made_at,
        expires_at=proof.expires_at,
        title=words.title,
        advice=words.advice,
    )
