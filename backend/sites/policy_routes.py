"""Routes of a site's policy; the form of a policy is given by the module that judges by it."""

from typing import Annotated, Any, Generic, TypeVar
from uuid import UUID

import msgspec
from litestar import get, put
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.wire import Instant, Wire
from backend.sites import errors, policies, queries
from backend.sites.duty_queries import PolicyRow

Policy = TypeVar("Policy", bound=Wire)


class PolicyBody(Wire, Generic[Policy], frozen=True):
    """A new version, valid from an instant (left out: now); `based_on` is the version it was made from."""

    policy: Policy
    valid_from: Instant | None = None
    based_on: Annotated[int, Meta(ge=0)] | None = None


class PolicyAnswer(Wire, Generic[Policy], frozen=True):
    """A version of a policy; version 0 is the platform's own, which nobody set."""

    project_id: UUID
    version: int
    valid_from: Instant | None
    policy: Policy
    set_by: UUID | None
    set_at: Instant | None


def policy_handlers(form: type[Any]) -> tuple[HTTPRouteHandler, ...]:
    """Make the handlers for policies of the struct `form`, all of whose fields have defaults.

    This module lies below the one that judges, so the form comes from above; the annotations are set by hand, for the
    decoder and the OpenAPI document read them.
    """

    def show(row: PolicyRow) -> PolicyAnswer[Any]:
        return PolicyAnswer(
            project_id=row.project_id,
            version=row.version,
            valid_from=row.valid_from,
            policy=msgspec.convert(row.body, form),
            set_by=row.set_by,
            set_at=row.set_at,
        )

    async def show_policy(
        project_id: FromPath[UUID],
        tx: NamedDependency[Tx],
        actor: NamedDependency[Actor],
        clock: NamedDependency[Clock],
    ) -> PolicyAnswer[Any]:
        """Show the version in force now."""
        row = await policies.show_policy(tx, actor, project_id, at=clock.now())
        if row is not None:
            return show(row)
        return PolicyAnswer(project_id=project_id, version=0, valid_from=None, policy=form(), set_by=None, set_at=None)

    async def list_policies(
        project_id: FromPath[UUID], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
    ) -> list[PolicyAnswer[Any]]:
        """List the versions, newest first."""
        return [show(row) for row in await policies.list_policies(tx, actor, project_id)]

    async def set_policy(
        project_id: FromPath[UUID],
        data: Any,  # noqa: ANN401 - set below
        tx: NamedDependency[Tx],
        actor: NamedDependency[Actor],
        clock: NamedDependency[Clock],
    ) -> PolicyAnswer[Any]:
        """Set a new version, valid from now or later; punches of the past stay judged as they were."""
        body: PolicyBody[Any] = data
        values = msgspec.to_builtins(body.policy)
        row = await policies.set_policy(
            tx, actor, project_id, values, valid_from=body.valid_from, based_on=body.based_on, clock=clock
        )
        return show(row)

    set_policy.__annotations__["data"] = JSONBody[PolicyBody[form]]
    set_policy.__annotations__["return"] = PolicyAnswer[form]
    show_policy.__annotations__["return"] = PolicyAnswer[form]
    list_policies.__annotations__["return"] = list[PolicyAnswer[form]]
    reads = {"scope": queries.READ, "raises": [errors.ProjectUnknown]}
    writes = {
        "scope": queries.WRITE,
        "raises": [errors.ProjectUnknown, errors.SupervisorNeeded, errors.PolicyInPast, errors.PolicyMoved],
    }
    path = "/projects/{project_id:uuid}/policy"
    return (
        get(path, opt=reads, summary="Show a site's policy")(show_policy),
        get(f"{path}/versions", opt=reads, summary="List the versions of a site's policy")(list_policies),
        put(path, opt=writes, summary="Set a site's policy")(set_policy),
    )
