"""Routes of a version's way into force and out of it: submit, publish, withdraw."""

from uuid import UUID

from litestar import post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from geofences import errors, publication
from geofences.addressing import PUBLISHES, UNKNOWN, VERSION, WRITES, Number
from geofences.schemas import PublishBody, VersionAnswer, version_answer


@post(
    f"{VERSION}/submission",
    status_code=200,
    opt=WRITES | {"raises": (*UNKNOWN, errors.StateForbids)},
    summary="Submit a draft for publication",
)
async def submit_version(
    project_id: FromPath[UUID],
    fence_id: FromPath[UUID],
    number: Number,
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> VersionAnswer:
    """Hand the draft in; its shape cannot change from now on."""
    return version_answer(await publication.submit_version(tx, actor, project_id, fence_id, number, clock=clock))


@post(
    f"{VERSION}/publication",
    status_code=200,
    opt=PUBLISHES
    | {
        "raises": (
            *UNKNOWN,
            errors.StateForbids,
            errors.SecondPersonNeeded,
            errors.Backdated,
            errors.TooFarAhead,
            errors.ValidityOverlaps,
            errors.AreaInvalid,
        )
    },
    summary="Publish a version",
)
async def publish_version(
    project_id: FromPath[UUID],
    fence_id: FromPath[UUID],
    number: Number,
    data: JSONBody[PublishBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> VersionAnswer:
    """Put the version in force, now or from `valid_from` on; the one in force then ends."""
    version = await publication.publish_version(
        tx, actor, project_id, fence_id, number, valid_from=data.valid_from, clock=clock
    )
    return version_answer(version)


@post(
    f"{VERSION}/withdrawal",
    status_code=200,
    opt=PUBLISHES | {"raises": (*UNKNOWN, errors.StateForbids)},
    summary="Withdraw a version",
)
async def withdraw_version(
    project_id: FromPath[UUID],
    fence_id: FromPath[UUID],
    number: Number,
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> VersionAnswer:
    """Drop a draft, or end a published version now; past punches stay judged by it."""
    return version_answer(await publication.withdraw_version(tx, actor, project_id, fence_id, number, clock=clock))


HANDLERS = (submit_version, publish_version, withdraw_version)
