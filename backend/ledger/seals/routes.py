"""Routes of the ledger's log: public keys, the newest head, consistency between heads, the proof of a punch."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter

from backend.kit.db import Database
from backend.kit.guards import Actor
from backend.kit.wire import Wire
from backend.ledger.errors import PunchUnknown
from backend.ledger.queries import READ, find_punch
from backend.ledger.seals import proofs
from backend.ledger.seals.errors import HeadUnknown
from backend.ledger.seals.proofs import Consistency, ProofFile
from backend.ledger.seals.public_keys import PublicKeys
from backend.sites.errors import ProjectUnknown
from backend.sites.queries import find_project


class Head(Wire, frozen=True, kw_only=True):
    """The newest head; `root` in hexadecimal, `note` is what was signed with its signature. Null before the first."""

    size: int
    root: str | None
    signed_at: datetime | None
    note: str | None


@get("/.well-known/ledger-keys.json", opt={"public": True}, summary="Public keys of the ledger's log")
async def get_keys(database: NamedDependency[Database]) -> PublicKeys:
    """Give every key that heads were signed with, old ones too: proofs are checked with them."""
    async with database.connection() as connection:
        return await proofs.read_key_set(connection)


@get("/admin/v1/ledger/head", opt={"scope": "ledger.read"}, summary="The newest signed head of the ledger's log")
async def get_head(database: NamedDependency[Database]) -> Head:
    """Show how far the log is."""
    async with database.connection() as connection:
        found = await proofs.read_head(connection)
    if found is None:
        return Head(size=0, root=None, signed_at=None, note=None)
    head, note = found
    return Head(size=head.size, root=head.root.hex(), signed_at=head.signed_at, note=note)


@get(
    "/admin/v1/ledger/consistency",
    opt={"scope": "ledger.read", "raises": (HeadUnknown,)},
    summary="That the log only grew between two sizes",
)
async def get_consistency(
    database: NamedDependency[Database],
    old_size: Annotated[int, QueryParameter(ge=1, le=2**62)],
    new_size: FromQuery[int | None] = None,
) -> Consistency:
    """Prove that the head of `new_size` leaves, the newest unless told otherwise, begins with the log of `old_size`."""
    try:
        async with database.connection() as connection:
            return await proofs.prove_consistency(connection, old_size, new_size)
    except proofs.SizeUnknown as error:
        raise HeadUnknown from error


@get(
    "/admin/v1/projects/{project_id:uuid}/punches/{punch_id:uuid}/proof",
    opt={"scope": "ledger.read", "raises": (ProjectUnknown, PunchUnknown)},
    summary="Proof that a punch and all rulings on it are in the log",
)
async def get_proof(
    project_id: FromPath[UUID],
    punch_id: FromPath[UUID],
    database: NamedDependency[Database],
    actor: NamedDependency[Actor],
) -> ProofFile:
    """Give the leaves of a punch with their paths to the newest head; what was recorded just now is still unsealed."""
    async with database.transaction() as tx:
        if await find_project(tx, actor, project_id, scope=READ) is None:
            raise ProjectUnknown
        if await find_punch(tx, actor, project_id, punch_id) is None:
            raise PunchUnknown
    async with database.connection() as connection:
        return await proofs.prove_punches(connection, [(project_id, punch_id)])


def seals_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/", route_handlers=[get_keys, get_head, get_consistency, get_proof], tags=["Ledger"])
