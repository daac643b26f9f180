"""Whether an actor sees what concerns a person on a project: all of it, or only the people of his own party."""

from typing import Any

from sqlalchemy import ColumnElement, and_, exists, null, or_, select

from backend.kit.guards import Actor
from backend.sites.queries import visible_party
from backend.sites.tables import Assignment, Post


def sees_person(actor: Actor, scope: str, project_id: Any, person_id: Any) -> ColumnElement[bool]:  # noqa: ANN401
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
