"""Sets and reads the versions of a site's policy; what a policy says is the decision's business."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert

from backend.identity.audit import record_act
from backend.kit.clock import Clock
from backend.kit.db import Tx, translate_violations
from backend.kit.guards import Actor
from backend.sites import duty_queries, errors, queries
from backend.sites.duty_queries import PolicyRow
from backend.sites.projects import require_project
from backend.sites.tables import SitePolicyVersion

# A request takes a moment on its way: "now" may be a little past when it arrives.
GRACE: Final = timedelta(minutes=5)
FARTHEST: Final = timedelta(days=366)


async def set_policy(
    tx: Tx,
    actor: Actor,
    project_id: UUID,
    body: Mapping[str, Any],
    *,
    valid_from: datetime | None,
    based_on: int | None,
    clock: Clock,
) -> PolicyRow:
    """Add a version, valid from now or later; `based_on` is the newest version that the author has seen.

    Of the versions valid at an instant the highest holds. Raises ProjectUnknown, SupervisorNeeded, PolicyInPast or
    PolicyMoved.
    """
    await require_project(tx, actor, project_id, scope=queries.WRITE)
    if not await queries.supervises_project(tx, actor, project_id):
        raise errors.SupervisorNeeded
    now = clock.now()
    begins = valid_from or now
    if not now - GRACE <= begins <= now + FARTHEST:
        raise errors.PolicyInPast
    last = await duty_queries.last_policy_version(tx, project_id)
    if based_on is not None and based_on != last:
        raise errors.PolicyMoved(version=last)
    row = PolicyRow(project_id, last + 1, max(begins, now), dict(body), actor.account_id, now)
    with translate_violations({"pk_site_policy": errors.PolicyMoved}, version=row.version):
        await tx.execute(
            insert(SitePolicyVersion).values(
                project_id=project_id,
                version=row.version,
                valid_from=row.valid_from,
                body=row.body,
                set_by=row.set_by,
                set_at=now,
            )
        )
    detail = {"version": row.version, "valid_from": row.valid_from.isoformat()}
    await record_act(tx, actor, "policy.set", "site_policy", project_id, detail, clock=clock, project_id=project_id)
    return row


async def show_policy(tx: Tx, actor: Actor, project_id: UUID, *, at: datetime) -> PolicyRow | None:
    """Return the version in force at an instant, None while the platform's own holds; raises ProjectUnknown."""
    await require_project(tx, actor, project_id)
    return await duty_queries.find_policy(tx, project_id, at)


async def list_policies(tx: Tx, actor: Actor, project_id: UUID) -> list[PolicyRow]:
    """Return the versions of a site's policy, newest first; raises ProjectUnknown."""
    await require_project(tx, actor, project_id)
    return await duty_queries.list_policies(tx, project_id)
