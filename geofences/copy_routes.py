"""Route by which staff see what phones get of a fence."""

from uuid import UUID

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Wire
from geofences import errors
from geofences.addressing import READS, UNKNOWN, VERSION, Number
from geofences.field_copies import describe_copy
from geofences.field_copy import LIMIT_BYTES, FieldCopy


class FieldCopyAnswer(Wire, frozen=True, kw_only=True):
    """The copy, its length in bytes, whether a fence with it keeps the limit, and corners left of those published."""

    copy: FieldCopy
    copy_bytes: int
    limit_bytes: int
    small_enough: bool
    vertices: int
    published_vertices: int


@get(
    f"{VERSION}/field-copy",
    opt=READS | {"raises": (*UNKNOWN, errors.AreaInvalid)},
    summary="Show what phones get of a version",
)
async def show_field_copy(
    project_id: FromPath[UUID],
    fence_id: FromPath[UUID],
    number: Number,
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
) -> FieldCopyAnswer:
    """Make the copy of any version, a draft too, so that its size and deviation are known before publication."""
    made = await describe_copy(tx, actor, project_id, fence_id, number)
    return FieldCopyAnswer(
        copy=made.copy,
        copy_bytes=made.size,
        limit_bytes=LIMIT_BYTES,
        small_enough=made.fits,
        vertices=made.vertices,
        published_vertices=made.published_vertices,
    )


HANDLERS = (show_field_copy,)
