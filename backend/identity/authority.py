"""Says whether an administrator may touch an account: never his own, never one above him."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from backend.identity import queries
from backend.identity.errors import GrantBeyondOwn, OwnAccount
from backend.identity.roles import Role, may_grant
from backend.kit.db import Tx
from backend.kit.guards import Actor


async def require_office(tx: Tx, actor: Actor) -> frozenset[str]:
    """Return the actor's roles as they are now; raises `GrantBeyondOwn` when none of them administers accounts."""
    held = await queries.roles_held_by(tx, actor)
    if not any(may_grant(held, role) for role in Role):
        raise GrantBeyondOwn(role="-")
    return held


async def require_authority(tx: Tx, actor: Actor, account_id: UUID, roles: Iterable[str]) -> None:
    """Refuse an act on one's own account or on an account that holds a role the actor may not give.

    The actor's roles are read now, not taken from his token: who lost his office five minutes ago cannot
    use the rest of his token's life to hand it on. Who may reset a password holds what it opens, so the
    same rule guards every act. Raises `OwnAccount` or `GrantBeyondOwn`.
    """
    if account_id == actor.account_id:
        raise OwnAccount
    held = await require_office(tx, actor)
    for role in sorted(roles):
        if not may_grant(held, Role(role)):
            raise GrantBeyondOwn(role=role)
