"""Whether an actor sees what concerns a person on a project, and whether he decides on it for another party."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, null, or_, select
from sqlalchemy.orm import aliased

from backend.identity.roles import Role
from backend.identity.tables import RoleGrant
from backend.kit.guards import Actor
from backend.sites.posts import OWNER, SUPERVISOR
from backend.sites.queries import live_grant, visible_party
from backend.sites.tables import Assignment, Post, ProjectParty


def sees_person(
    actor: Actor,
    scope: str,
    project_id: Any,  # noqa: ANN401 - a column or a value
    person_id: Any,  # noqa: ANN401 - likewise
) -> ColumnElement[bool]:
    """Tell in SQL whether the actor reaches the person on the project (two columns) with a scope.

    A grant for one party reaches the people of that party alone, and nobody whom the project does not know yet.
    """
    of_own_party = exists(
        select(Assignment.id)
        .join(Post, and_(Post.project_id == Assignment.project_id, Post.id == Assignment.post_id))
        .where(
            Assignment.project_id == project_id,
            Assignment.person_id == person_id,
            visible_party(actor, scope, Assignment.project_id, Post.party_id),
        )
        .correlate_except(Assignment, Post)
    )
    return or_(visible_party(actor, scope, project_id, null()), of_own_party)


def decides_as_supervisor(
    actor: Actor,
    scope: str,
    project_id: Any,  # noqa: ANN401 - a column or a value
    person_id: Any,  # noqa: ANN401 - likewise
) -> ColumnElement[bool]:
    """Tell in SQL whether the actor decides on the person on the project (columns or values) as its supervising party.

    His grant is for the project or for a supervising party of it. Nobody decides on his own: the person has a post with
    another party, and never had one with a company that supervises here, in whatever capacity. Who has no post here
    might be anybody's.
    """
    return _decides_as(actor, scope, project_id, person_id, (Role.SUPERVISOR, SUPERVISOR))


def decides_for_others(
    actor: Actor,
    scope: str,
    project_id: Any,  # noqa: ANN401 - a column or a value
    person_id: Any,  # noqa: ANN401 - likewise
) -> ColumnElement[bool]:
    """Tell in SQL whether the actor decides on the person as another party that oversees: the supervisor or the owner.

    Of either side the same holds as of the supervisor in `decides_as_supervisor`.
    """
    return or_(
        _decides_as(actor, scope, project_id, person_id, (Role.SUPERVISOR, SUPERVISOR)),
        _decides_as(actor, scope, project_id, person_id, (Role.OWNER, OWNER)),
    )


def _decides_as(
    actor: Actor,
    scope: str,
    project_id: Any,  # noqa: ANN401 - a column or a value
    person_id: Any,  # noqa: ANN401 - likewise
    side: tuple[Role, str],
) -> ColumnElement[bool]:
    role, party_kind = side
    granted = exists(
        select(RoleGrant.id)
        .outerjoin(
            ProjectParty,
            and_(ProjectParty.project_id == RoleGrant.project_id, ProjectParty.id == RoleGrant.party_id),
        )
        .where(
            live_grant(actor, scope),
            RoleGrant.role == role.value,
            RoleGrant.project_id == project_id,
            or_(RoleGrant.party_id.is_(None), ProjectParty.kind == party_kind),
        )
        .correlate_except(RoleGrant, ProjectParty)
    )
    here = exists(
        select(Assignment.id)
        .where(Assignment.project_id == project_id, Assignment.person_id == person_id)
        .correlate_except(Assignment)
    )
    employer, deciding = aliased(ProjectParty), aliased(ProjectParty)
    own = exists(
        select(Assignment.id)
        .join(Post, and_(Post.project_id == Assignment.project_id, Post.id == Assignment.post_id))
        .join(employer, and_(employer.project_id == Post.project_id, employer.id == Post.party_id))
        .join(
            deciding,
            and_(
                deciding.project_id == employer.project_id,
                deciding.company_id == employer.company_id,
                deciding.kind == party_kind,
            ),
        )
        .where(Assignment.project_id == project_id, Assignment.person_id == person_id)
        .correlate_except(Assignment, Post, employer, deciding)
    )
    return and_(granted, here, ~own)
