"""Whose a phone is: one phone for each person, one person for each phone, and a new one waits to be confirmed.

A policy may allow more of either. What a log-in takes from another phone or another person ends there at once, sessions
too; queues that were made before are still taken, judged by whose the phone was then.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, TypeAlias, cast
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, select, update

from backend.identity.tables import Phone, PhoneBinding, RefreshToken, SessionFamily
from backend.kit.db import Tx
from backend.kit.ids import new_id

Awaits = Literal["replacement", "taken_over", "dormant"]
EndReason = Literal["replaced", "taken_over", "locked", "number_changed"]


@dataclass(frozen=True, slots=True)
class PhoneLimits:
    """How many phones a person may have, how many people may use a phone, after how long a new one opens nothing.

    Carriers give a number that is not used to somebody else, after 90 days at the earliest.
    """

    phones_per_person: int = 1
    people_per_phone: int = 1
    dormant_after: timedelta = timedelta(days=60)


LimitsOf: TypeAlias = Callable[[Tx, UUID | None, datetime], Awaitable[PhoneLimits]]
"""Who knows the limits of a person: what his sites' policies allow, which this module cannot see."""


@dataclass(frozen=True, slots=True)
class Binding:
    """An open binding; `awaits` is set until somebody has confirmed it."""

    id: UUID
    awaits: Awaits | None

    @property
    def is_held(self) -> bool:
        """Whether it opens nothing until it is confirmed: the number may be somebody else's by now."""
        return self.awaits == "dormant"


async def open_binding(
    tx: Tx, account_id: UUID, phone_id: UUID, install_id: UUID, limits: PhoneLimits, now: datetime
) -> Binding:
    """Return the phone's open binding, or bind it and end what that takes away from others.

    Nobody else may bind phones of the account meanwhile: its row is locked.
    """
    known = (
        await tx.execute(
            select(PhoneBinding.id, PhoneBinding.awaits, PhoneBinding.confirmed_at).where(
                PhoneBinding.phone_id == phone_id, PhoneBinding.ended_at.is_(None)
            )
        )
    ).one_or_none()
    if known is not None:
        return Binding(known[0], None if known[2] is not None else cast("Awaits | None", known[1]))
    awaits = await _judge_new(tx, account_id, phone_id, install_id, limits, now)
    if awaits != "dormant":
        await _make_room(tx, account_id, phone_id, install_id, limits, now)
    binding_id = new_id(now)
    await tx.execute(insert(PhoneBinding).values(id=binding_id, phone_id=phone_id, bound_at=now, awaits=awaits))
    return Binding(binding_id, awaits)


async def _judge_new(
    tx: Tx, account_id: UUID, phone_id: UUID, install_id: UUID, limits: PhoneLimits, now: datetime
) -> Awaits | None:
    """Say what a new binding has to wait for: nothing where it is the first phone, or one that came back."""
    earlier = (
        await tx.execute(
            select(PhoneBinding.phone_id, PhoneBinding.end_reason, PhoneBinding.awaits, PhoneBinding.confirmed_at)
            .join(Phone, Phone.id == PhoneBinding.phone_id)
            .where(Phone.account_id == account_id)
            .order_by(PhoneBinding.bound_at.desc(), PhoneBinding.id.desc())
        )
    ).all()
    if len(await _others_on(tx, account_id, install_id)) >= limits.people_per_phone:
        return "taken_over"
    # A number that an admin gave to the account names the right person again.
    if not earlier or earlier[0][1] == "number_changed":
        return None
    own = next((one for one in earlier if one[0] == phone_id), None)
    if own is not None and own[1] == "replaced" and (own[2] is None or own[3] is not None):
        return None
    if own is None and await _last_seen(tx, account_id) < now - limits.dormant_after:
        return "dormant"
    is_open = [one for one in earlier if one[1] is None]
    return None if is_open and len(is_open) < limits.phones_per_person else "replacement"


async def _make_room(
    tx: Tx, account_id: UUID, phone_id: UUID, install_id: UUID, limits: PhoneLimits, now: datetime
) -> None:
    own = await tx.scalars(
        select(PhoneBinding.phone_id)
        .join(Phone, Phone.id == PhoneBinding.phone_id)
        .where(Phone.account_id == account_id, Phone.id != phone_id, PhoneBinding.ended_at.is_(None))
        .order_by(PhoneBinding.bound_at.desc())
        .offset(limits.phones_per_person - 1)
    )
    await end_bindings(tx, list(own), "replaced", now)
    others = await _others_on(tx, account_id, install_id)
    await end_bindings(tx, others[: max(0, len(others) - limits.people_per_phone + 1)], "taken_over", now)


async def _others_on(tx: Tx, account_id: UUID, install_id: UUID) -> list[UUID]:
    """Return other people's phones with the same installation, longest bound first."""
    found = await tx.scalars(
        select(Phone.id)
        .join(PhoneBinding, PhoneBinding.phone_id == Phone.id)
        .where(Phone.install_id == install_id, Phone.account_id != account_id, PhoneBinding.ended_at.is_(None))
        .order_by(PhoneBinding.bound_at)
    )
    return list(found)


async def _last_seen(tx: Tx, account_id: UUID) -> datetime:
    family = select(func.max(SessionFamily.created_at)).where(SessionFamily.account_id == account_id)
    token = (
        select(func.max(RefreshToken.issued_at))
        .join(SessionFamily, SessionFamily.id == RefreshToken.family_id)
        .where(SessionFamily.account_id == account_id)
    )
    bound = (
        select(func.max(PhoneBinding.bound_at))
        .join(Phone, Phone.id == PhoneBinding.phone_id)
        .where(Phone.account_id == account_id)
    )
    latest = func.greatest(family.scalar_subquery(), token.scalar_subquery(), bound.scalar_subquery())
    return (await tx.execute(select(latest))).scalar_one()


async def end_bindings(tx: Tx, phone_ids: Sequence[UUID], reason: EndReason, now: datetime) -> int:
    """End the open bindings of phones and their sessions; return how many phones that were."""
    if not phone_ids:
        return 0
    return await _end(tx, PhoneBinding.phone_id.in_(phone_ids), reason, now)


async def end_bindings_of(tx: Tx, account_id: UUID, reason: EndReason, now: datetime) -> int:
    """End all open bindings of an account likewise."""
    mine = select(Phone.id).where(Phone.account_id == account_id)
    return await _end(tx, PhoneBinding.phone_id.in_(mine), reason, now)


async def _end(tx: Tx, condition: ColumnElement[bool], reason: EndReason, now: datetime) -> int:
    ended = list(
        await tx.scalars(
            update(PhoneBinding)
            .where(condition, PhoneBinding.ended_at.is_(None))
            .values(ended_at=func.greatest(now, PhoneBinding.bound_at), end_reason=reason)
            .returning(PhoneBinding.phone_id)
        )
    )
    await tx.execute(update(Phone).where(Phone.id.in_(ended)).values(revoked_at=now))
    await tx.execute(
        update(SessionFamily)
        .where(SessionFamily.phone_id.in_(ended), SessionFamily.revoked_at.is_(None))
        .values(revoked_at=now, revoke_reason=f"phone_{reason}")
    )
    return len(ended)
