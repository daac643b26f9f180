"""What a witness's word is worth, and when two people witness for each other suspiciously often (pure)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal
from uuid import UUID

from backend.evidence.ways.model import ProofOutcome

Place = Literal["counted", "review", "refused"]
"""What the fence says of a fix, as of a check-in's."""

ASKING: Final = timedelta(minutes=5)
"""For so long a witness may answer."""
A_DAY: Final = 10
"""So many people one witness may confirm in a day (24 hours back)."""
LOOK_BACK: Final = timedelta(days=14)
OFTEN: Final = 5
"""Fewer statements say nothing about a pair."""
SHARE: Final = 0.8

SignalKind = Literal["witnesses_in_turn", "one_witness_only"]


@dataclass(frozen=True, slots=True)
class Statement:
    """That `witness` has seen `person`."""

    person_id: UUID
    witness_id: UUID


@dataclass(frozen=True, slots=True)
class Collusion:
    """What is remarkable about a pair, with the numbers that it rests on."""

    kind: SignalKind
    statements: int
    by_this_witness: int
    in_return: int


def judge_statement(asker: Place, witness: Place) -> ProofOutcome:
    """Return what a statement shows: both have to be where the fence is, as their own fixes say."""
    places = {asker, witness}
    if "refused" in places:
        return "failed"
    return "review" if "review" in places else "passed"


def find_collusion(person_id: UUID, witness_id: UUID, lately: Sequence[Statement]) -> list[Collusion]:
    """Return what is remarkable about a pair in the statements of the last LOOK_BACK that concern either of them.

    Each the other's witness again and again, or one person whom nobody else ever sees. Small crews exist: this is
    evidence for people to look at, it changes no outcome.
    """
    mine = [one for one in lately if one.person_id == person_id]
    by_witness = sum(one.witness_id == witness_id for one in mine)
    in_return = sum(one.person_id == witness_id and one.witness_id == person_id for one in lately)
    found: list[Collusion] = []
    if min(by_witness, in_return) >= OFTEN:
        found.append(Collusion("witnesses_in_turn", len(mine), by_witness, in_return))
    if by_witness >= OFTEN * 2 and by_witness >= SHARE * len(mine):
        found.append(Collusion("one_witness_only", len(mine), by_witness, in_return))
    return found
