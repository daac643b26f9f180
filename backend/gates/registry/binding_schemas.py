"""The wire forms of bindings: whom a number of a site's devices means."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct

from backend.gates.events import NumberKind, PersonNumber
from backend.kit.wire import Instant, Wire

BINDINGS_LIMIT = 1000


class BindingBody(Wire, frozen=True):
    """Whom a number of the site's devices means, from `valid_from` (now) until before `valid_to` (without end)."""

    kind: NumberKind
    value: PersonNumber
    person_id: UUID
    valid_from: Instant | None = None
    valid_to: Instant | None = None


class BindingsBody(Wire, frozen=True):
    """Bindings to make, all or none."""

    bindings: Annotated[list[BindingBody], Meta(min_length=1, max_length=BINDINGS_LIMIT)]


class EndBindingBody(Wire, frozen=True):
    """The number whose binding ends, at `at` (now)."""

    kind: NumberKind
    value: PersonNumber
    at: Instant | None = None


class BindingsMade(Struct, frozen=True):
    """How many bindings were made."""

    made: int


class BindingAnswer(Struct, frozen=True, kw_only=True):
    """A binding."""

    kind: str
    value: str
    person_id: UUID
    person_name: str
    valid_from: datetime | None
    valid_to: datetime | None
