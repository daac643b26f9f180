"""Who sees which bulletin, and every SELECT of bulletins, with those rights applied where somebody asks."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Integer, Uuid, and_, cast, column, exists, func, or_, select, tuple_
from sqlalchemy.dialects.postgresql import distinct_on

from backend.identity.roles import roles_with
from backend.identity.tables import Account, RoleGrant
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.reports.bulletins.composing import Earlier
from backend.reports.bulletins.content import thaw
from backend.reports.bulletins.facts import Kind
from backend.reports.bulletins.settings import SetScope, read_settings
from backend.reports.bulletins.tables import Bulletin, BulletinEdition, BulletinSetting
from backend.sites.queries import city_wide, live_grant
from backend.sites.tables import District

READ = "reports.read"
ISSUE = "reports.issue"


def sees_scope(actor: Actor, scope: str, district_id: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a column
    """Tell in SQL whether the actor reaches bulletins of a district (a column): the whole city's, or his own one's."""
    own = select(RoleGrant.district_id).where(live_grant(actor, scope), RoleGrant.district_id.is_not(None))
    return or_(city_wide(actor, scope), district_id.in_(own))


async def reaches(tx: Tx, actor: Actor, scope: str, district_id: UUID | None) -> bool:
    """Tell whether the actor reaches the city's bulletins (None), or those of a district that is there."""
    if district_id is None:
        return bool((await tx.execute(select(city_wide(actor, scope)))).scalar_one())
    query = select(District.id).where(District.id == district_id, sees_scope(actor, scope, District.id))
    return (await tx.execute(query)).first() is not None


async def list_bulletins(
    tx: Tx,
    actor: Actor,
    *,
    kind: str | None,
    district_id: UUID | None,
    after: tuple[date, UUID] | None,
    limit: int,
) -> Sequence[AnyRow]:
    """Return bulletins with their last editions, latest period first."""
    last = (
        select(func.max(BulletinEdition.edition))
        .where(BulletinEdition.bulletin_id == Bulletin.id)
        .correlate(Bulletin)
        .scalar_subquery()
    )
    query = (
        select(
            Bulletin.id,
            Bulletin.kind,
            Bulletin.district_id,
            District.name.label("district_name"),
            Bulletin.from_on,
            Bulletin.to_on,
            BulletinEdition.edition,
            BulletinEdition.digest,
            BulletinEdition.issued_at,
        )
        .join(BulletinEdition, and_(BulletinEdition.bulletin_id == Bulletin.id, BulletinEdition.edition == last))
        .outerjoin(District, District.id == Bulletin.district_id)
        .where(sees_scope(actor, READ, Bulletin.district_id))
        .order_by(Bulletin.from_on.desc(), Bulletin.id.desc())
        .limit(limit)
    )
    if kind is not None:
        query = query.where(Bulletin.kind == kind)
    if district_id is not None:
        query = query.where(Bulletin.district_id == district_id)
    if after is not None:
        query = query.where(tuple_(Bulletin.from_on, Bulletin.id) < after)
    return (await tx.execute(query)).all()


async def find_edition(tx: Tx, actor: Actor, bulletin_id: UUID, edition: int | None, *, scope: str) -> AnyRow | None:
    """Return an edition with its bulletin, the last one for None."""
    query = (
        select(Bulletin, BulletinEdition)
        .with_only_columns(
            Bulletin.id,
            Bulletin.kind,
            Bulletin.district_id,
            Bulletin.from_on,
            Bulletin.to_on,
            BulletinEdition.edition,
            BulletinEdition.content,
            BulletinEdition.digest,
            BulletinEdition.reason,
            BulletinEdition.issuer,
            BulletinEdition.issued_at,
            Account.display_name.label("issued_by_name"),
        )
        .join_from(Bulletin, BulletinEdition, BulletinEdition.bulletin_id == Bulletin.id)
        .outerjoin(Account, Account.id == BulletinEdition.issued_by)
        .where(Bulletin.id == bulletin_id, sees_scope(actor, scope, Bulletin.district_id))
        .order_by(BulletinEdition.edition.desc())
        .limit(1)
    )
    if edition is not None:
        query = query.where(BulletinEdition.edition == edition)
    return (await tx.execute(query)).one_or_none()


async def list_readable(tx: Tx, wanted: Collection[tuple[UUID, UUID, int]]) -> Sequence[AnyRow]:
    """Return the editions that accounts may read now, of those named as (account, bulletin, edition); no contents."""
    accounts, bulletins, editions = zip(*wanted, strict=True)
    asked = (
        func.unnest(
            cast(list(accounts), ARRAY(Uuid)), cast(list(bulletins), ARRAY(Uuid)), cast(list(editions), ARRAY(Integer))
        )
        .table_valued(column("account_id", Uuid), column("bulletin_id", Uuid), column("edition", Integer))
        .render_derived(name="asked")
    )
    whole_city = and_(RoleGrant.district_id.is_(None), RoleGrant.project_id.is_(None))
    may = exists(
        select(RoleGrant.id).where(
            RoleGrant.account_id == asked.c.account_id,
            RoleGrant.revoked_at.is_(None),
            RoleGrant.role.in_(sorted(roles_with(READ))),
            or_(whole_city, RoleGrant.district_id == Bulletin.district_id),
        )
    )
    query = (
        select(
            asked.c.account_id,
            Bulletin.id,
            Bulletin.kind,
            Bulletin.from_on,
            BulletinEdition.edition,
            BulletinEdition.digest,
        )
        .join_from(asked, Bulletin, Bulletin.id == asked.c.bulletin_id)
        .join(
            BulletinEdition,
            and_(BulletinEdition.bulletin_id == Bulletin.id, BulletinEdition.edition == asked.c.edition),
        )
        .join(Account, and_(Account.id == asked.c.account_id, Account.state == "active"))
        .where(may)
    )
    return (await tx.execute(query)).all()


async def read_edition(tx: Tx, bulletin_id: UUID, edition: int) -> AnyRow:
    """Return an edition that somebody was found to see, with its content."""
    query = select(
        BulletinEdition.edition,
        BulletinEdition.content,
        BulletinEdition.digest,
        BulletinEdition.reason,
        BulletinEdition.issuer,
        BulletinEdition.issued_at,
    ).where(BulletinEdition.bulletin_id == bulletin_id, BulletinEdition.edition == edition)
    return (await tx.execute(query)).one()


async def list_editions(tx: Tx, bulletin_id: UUID) -> Sequence[AnyRow]:
    """Return the editions of a bulletin that the actor was found to see, first one first."""
    query = (
        select(
            BulletinEdition.edition,
            BulletinEdition.digest,
            BulletinEdition.reason,
            BulletinEdition.issued_at,
            Account.display_name.label("issued_by_name"),
        )
        .outerjoin(Account, Account.id == BulletinEdition.issued_by)
        .where(BulletinEdition.bulletin_id == bulletin_id)
        .order_by(BulletinEdition.edition)
    )
    return (await tx.execute(query)).all()


async def find_earlier(tx: Tx, kind: Kind, from_on: date, district_id: UUID | None) -> Earlier | None:
    """Return the last edition of a scope's bulletin of a period; None when none was published."""
    query = (
        select(Bulletin.id, BulletinEdition.edition, BulletinEdition.digest, BulletinEdition.content)
        .join(BulletinEdition, BulletinEdition.bulletin_id == Bulletin.id)
        .where(
            Bulletin.kind == kind, Bulletin.from_on == from_on, Bulletin.district_id.is_not_distinct_from(district_id)
        )
        .order_by(BulletinEdition.edition.desc())
        .limit(1)
    )
    row = (await tx.execute(query)).one_or_none()
    if row is None:
        return None
    return Earlier(bulletin_id=row.id, edition=row.edition, digest=row.digest.hex(), content=thaw(row.content))


async def list_set_scopes(tx: Tx) -> list[SetScope]:
    """Return the settings that hold, of every scope that has any."""
    query = (
        select(BulletinSetting.district_id, BulletinSetting.body, BulletinSetting.set_at)
        .ext(distinct_on(BulletinSetting.district_id))
        .order_by(BulletinSetting.district_id, BulletinSetting.id.desc())
    )
    return [
        SetScope(district_id=row.district_id, settings=read_settings(row.body), set_at=row.set_at)
        for row in await tx.execute(query)
    ]


async def find_setting(tx: Tx, district_id: UUID | None) -> AnyRow | None:
    """Return the settings that hold for a scope."""
    query = (
        select(BulletinSetting.body, BulletinSetting.set_at)
        .where(BulletinSetting.district_id.is_not_distinct_from(district_id))
        .order_by(BulletinSetting.id.desc())
        .limit(1)
    )
    return (await tx.execute(query)).one_or_none()
