"""Who sees which alert, and the SELECTs of inboxes and of a project's alerts, with those rights applied."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select, tuple_

from backend.alerts.recipients import HANDLE, READ
from backend.alerts.tables import PLATFORM, Alert, AlertGroup, AlertInbox, AlertRecipient, AlertState, AlertStep
from backend.alerts.wording import Shown
from backend.identity.queries import is_still_in
from backend.identity.tables import Account, RoleGrant
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.sites.queries import city_wide, live_grant, visible_party, visible_projects
from backend.sites.tables import Project

NOBODY = UUID(int=0)


def sees_alert(actor: Actor, scope: str = READ) -> ColumnElement[bool]:
    """Tell in SQL whether the actor may see an `Alert`, by his live grants with a scope; whom it is about may read.

    An alert about a person is for those who reach his party; where that is unknown, for those of the whole project.
    """
    about_nobody = and_(Alert.party_id.is_(None), Alert.person_id.is_(None))
    own_districts = select(RoleGrant.district_id).where(live_grant(actor, scope), RoleGrant.district_id.is_not(None))
    of_own_district = exists(
        select(AlertGroup.id)
        .where(AlertGroup.id == Alert.group_id, AlertGroup.district_id.in_(own_districts))
        .correlate(Alert)
    )
    by_grant = or_(
        and_(Alert.project_id == PLATFORM, or_(city_wide(actor, scope), of_own_district)),
        and_(about_nobody, Alert.project_id.in_(visible_projects(actor, scope))),
        and_(~about_nobody, visible_party(actor, scope, Alert.project_id, Alert.party_id)),
    )
    if actor.person_id is None or scope != READ:
        return by_grant
    return or_(by_grant, and_(Alert.person_id == actor.person_id, is_still_in(actor)))


async def actor_of(tx: Tx, account_id: UUID) -> Actor | None:
    """Return an account as one who asks, for what is done in its name without a session; None when it is disabled."""
    statement = select(Account.id, Account.person_id).where(Account.id == account_id, Account.state == "active")
    row = (await tx.execute(statement)).one_or_none()
    if row is None:
        return None
    return Actor(account_id=row[0], person_id=row[1], family_id=NOBODY, roles=frozenset(), scopes=frozenset())


def _received(actor: Actor) -> ColumnElement[bool]:
    return exists(
        select(AlertRecipient.alert_id).where(
            AlertRecipient.project_id == Alert.project_id,
            AlertRecipient.alert_id == Alert.id,
            AlertRecipient.account_id == actor.account_id,
        )
    )


def _shown(actor: Actor) -> Select[*tuple[Any, ...]]:
    return (
        select(
            Alert.project_id,
            Alert.id,
            Alert.group_id,
            Alert.kind,
            Alert.fact_key,
            Alert.severity,
            Alert.words,
            Alert.numbers,
            Alert.evidence,
            Alert.person_id,
            Alert.device_id,
            Alert.occurred_at,
            Alert.found_at,
            AlertState.state,
            AlertState.level,
            AlertState.next_at,
            AlertState.changed_at,
            Project.name.label("project_name"),
        )
        .join(AlertState, and_(AlertState.project_id == Alert.project_id, AlertState.alert_id == Alert.id))
        .outerjoin(Project, Project.id == Alert.project_id)
        .where(sees_alert(actor))
    )


def shown_of(row: AnyRow) -> Shown:
    """Return an alert's row as its words need it."""
    return Shown(
        kind=row.kind,
        fact_key=row.fact_key,
        words=row.words,
        numbers=row.numbers,
        severity=row.severity,
        state=row.state,
        project_name=row.project_name,
    )


async def list_groups(
    tx: Tx, actor: Actor, *, only_open: bool, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[AnyRow]:
    """Return the groups in the actor's inbox of which he sees anything, latest first."""
    visible = (
        select(Alert.id)
        .join(AlertState, and_(AlertState.project_id == Alert.project_id, AlertState.alert_id == Alert.id))
        .where(Alert.group_id == AlertInbox.group_id, _received(actor), sees_alert(actor))
    )
    if only_open:
        visible = visible.where(AlertState.state != "resolved")
    query = (
        select(
            AlertInbox.group_id,
            AlertInbox.added_at,
            AlertInbox.changed_at,
            AlertInbox.read_at,
            AlertInbox.acknowledged_at,
            AlertGroup.kind,
            AlertGroup.started_at,
        )
        .join(AlertGroup, AlertGroup.id == AlertInbox.group_id)
        .where(AlertInbox.account_id == actor.account_id, exists(visible.correlate(AlertInbox)))
        .order_by(AlertInbox.added_at.desc(), AlertInbox.group_id.desc())
        .limit(limit)
    )
    if after is not None:
        query = query.where(tuple_(AlertInbox.added_at, AlertInbox.group_id) < after)
    return (await tx.execute(query)).all()


async def count_unread(tx: Tx, actor: Actor) -> int:
    """Return how many groups in the actor's inbox he has not read since they last changed for him."""
    visible = select(Alert.id).where(Alert.group_id == AlertInbox.group_id, _received(actor), sees_alert(actor))
    query = (
        select(func.count())
        .select_from(AlertInbox)
        .where(
            AlertInbox.account_id == actor.account_id,
            AlertInbox.read_at.is_(None),
            exists(visible.correlate(AlertInbox)),
        )
    )
    return int((await tx.execute(query)).scalar_one())


async def find_group(tx: Tx, actor: Actor, group_id: UUID) -> AnyRow | None:
    """Return a group of the actor's inbox, whatever he still sees of it."""
    query = (
        select(
            AlertInbox.group_id,
            AlertInbox.added_at,
            AlertInbox.changed_at,
            AlertInbox.read_at,
            AlertInbox.acknowledged_at,
            AlertGroup.kind,
            AlertGroup.started_at,
        )
        .join(AlertGroup, AlertGroup.id == AlertInbox.group_id)
        .where(AlertInbox.account_id == actor.account_id, AlertInbox.group_id == group_id)
    )
    return (await tx.execute(query)).one_or_none()


async def list_alerts(tx: Tx, actor: Actor, groups: Collection[UUID]) -> Sequence[AnyRow]:
    """Return the alerts of groups that the actor was told of and still may see, oldest first."""
    query = _shown(actor).where(Alert.group_id.in_(groups), _received(actor)).order_by(Alert.found_at, Alert.id)
    return (await tx.execute(query)).all()


async def list_steps(tx: Tx, actor: Actor, group_id: UUID) -> Sequence[AnyRow]:
    """Return the steps of a group's alerts that the actor sees, with the names of those who took them."""
    query = (
        select(
            AlertStep.alert_id,
            AlertStep.seq,
            AlertStep.kind,
            AlertStep.at,
            AlertStep.until_at,
            AlertStep.level,
            AlertStep.note,
            AlertStep.cause,
            Account.display_name,
        )
        .join(Alert, and_(Alert.project_id == AlertStep.project_id, Alert.id == AlertStep.alert_id))
        .outerjoin(Account, Account.id == AlertStep.account_id)
        .where(Alert.group_id == group_id, _received(actor), sees_alert(actor))
        .order_by(AlertStep.at, AlertStep.alert_id, AlertStep.seq)
    )
    return (await tx.execute(query)).all()


async def list_of_project(
    tx: Tx, actor: Actor, project_id: UUID, *, only_open: bool, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[AnyRow]:
    """Return a project's alerts that the actor may see, whoever was told of them, latest first."""
    query = (
        _shown(actor)
        .where(Alert.project_id == project_id)
        .order_by(Alert.found_at.desc(), Alert.id.desc())
        .limit(limit)
    )
    if only_open:
        query = query.where(AlertState.state != "resolved")
    if after is not None:
        query = query.where(tuple_(Alert.found_at, Alert.id) < after)
    return (await tx.execute(query)).all()


async def lock_states(tx: Tx, actor: Actor, group_id: UUID, alert_ids: Collection[UUID] | None) -> Sequence[AnyRow]:
    """Return the states of a group's alerts that the actor was told of and may handle, locked."""
    query = (
        select(AlertState.project_id, AlertState.alert_id, AlertState.state, AlertState.seq, AlertState.level)
        .join(Alert, and_(Alert.project_id == AlertState.project_id, Alert.id == AlertState.alert_id))
        .where(Alert.group_id == group_id, _received(actor), sees_alert(actor, HANDLE))
        .order_by(AlertState.project_id, AlertState.alert_id)
        .with_for_update(of=AlertState)
    )
    if alert_ids is not None:
        query = query.where(Alert.id.in_(alert_ids))
    return (await tx.execute(query)).all()
