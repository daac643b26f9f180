"""The fences that a person's phone keeps: which ones, what is new to it, and what it can drop."""

from collections.abc import Awaitable, Callable, Collection
from hashlib import sha256
from uuid import UUID

import msgspec

from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from geofences.field_copies import CopyFacts, find_copies
from geofences.field_copy import FORM
from mobile_api import queries
from mobile_api.reports import person_of
from mobile_api.schemas import FenceOut, FencesAnswer, KeptFenceOut

Load = Callable[[], Awaitable[FencesAnswer]]


async def tag_fences(tx: Tx, actor: Actor, *, has: Collection[UUID] = (), clock: Clock) -> tuple[str, Load]:
    """Return the entity tag of my fences, and how to load those that the phone does not have.

    The tag says what is to be kept, from and until when, and in which form it is sent; not what the phone named. `load`
    raises AreaInvalid.
    """
    person_id = person_of(actor)
    rows = await queries.list_fences(tx, person_id, clock.now())
    digest = sha256(msgspec.json.encode((FORM, rows))).hexdigest()[:32]

    async def load() -> FencesAnswer:
        new = [row for row in rows if row.version_id not in has]
        copies = await find_copies(tx, [(row.project_id, row.version_id) for row in new], clock=clock)
        to_keep = {row.version_id for row in rows}
        return FencesAnswer(
            fences=[_fence(row, copies[row.project_id, row.version_id]) for row in new],
            kept=[
                KeptFenceOut(version_id=row.version_id, valid_from=row.valid_from, valid_until=row.valid_until)
                for row in rows
                if row.version_id in has
            ],
            dropped=sorted(set(has) - to_keep),
        )

    return f'"{digest}"', load


def _fence(row: queries.FenceToKeep, made: CopyFacts) -> FenceOut:
    return FenceOut(
        project_id=row.project_id,
        version_id=row.version_id,
        name=row.name,
        kind=row.kind,
        copy=made.copy,
        copy_bytes=made.size,
        small_enough=made.fits,
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        opens_at=row.opens_at,
        closes_at=row.closes_at,
    )
