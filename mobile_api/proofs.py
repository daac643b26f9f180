"""Sees to it that a proof of presence is taken by one punch, among those of a transaction and against other ones."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeAlias, TypeVar
from uuid import UUID

from psycopg.errors import UniqueViolation

from backend.ledger.model import Entry

Result = TypeVar("Result")
Event: TypeAlias = tuple[UUID, UUID, str]
"""Project, source and key of an event."""

_TAKEN: Final = frozenset({"pk_presence_proof_use", "uq_presence_proof_use_punch"})
_TIMES: Final = 8
"""Each time a proof is found to be taken it is seen as such the next time, so that this many races are never lost."""


class Proofs:
    """The proofs that the punches of one transaction take, each with the event that takes it."""

    def __init__(self) -> None:
        """Begin with none."""
        self._taken: dict[UUID, Event] = {}

    def is_taken(self, proof_id: UUID | None, event: Event) -> bool:
        """Tell whether another event of this transaction takes the proof; a repetition of the same one does not."""
        return proof_id is not None and self._taken.get(proof_id, event) != event

    def take(self, entry: Entry) -> None:
        """Take the proof that an entry uses, if it uses one."""
        if entry.proof_id is not None:
            self._taken.setdefault(entry.proof_id, (entry.project_id, entry.source_id, entry.event_key))


async def again_if_taken(attempt: Callable[[], Awaitable[Result]]) -> Result:
    """Run `attempt`, a whole transaction, again when somebody took one of its proofs between its read and its write.

    Whoever took it has committed, so that the next read sees it and the punch is judged without it.
    """
    for _ in range(_TIMES - 1):
        try:
            return await attempt()
        except UniqueViolation as error:
            if error.diag.constraint_name not in _TAKEN:
                raise
    return await attempt()
