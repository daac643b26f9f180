"""Writes the audit log: one row per administrative act, in the transaction of the act."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import insert

from backend.identity.masking import mask_document_number, mask_phone_number
from backend.identity.tables import AuditEvent
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.ids import new_id

_PHONE: Final = re.compile(r"(?:\+86|86)?1[3-9][0-9]{9}")
_RESIDENT_ID: Final = re.compile(r"[0-9]{17}[0-9Xx]")


async def record_act(
    tx: Tx,
    actor: Actor | None,
    action: str,
    object_type: str,
    object_id: UUID | str,
    detail: Mapping[str, Any] | None = None,
    *,
    clock: Clock,
    project_id: UUID | None = None,
) -> UUID:
    """Append one act and return its id.

    `actor` None means the installation itself (first account, jobs). `action` is `object.past_participle`
    such as `account.disabled`. `detail` holds ids, counts and codes as JSON values; a value that looks
    like a phone or ID number is masked before it is written, since nothing here can ever be erased.
    """
    now = clock.now()
    event_id = new_id(now)
    await tx.execute(
        insert(AuditEvent).values(
            id=event_id,
            at=now,
            actor_id=None if actor is None else actor.account_id,
            action=action,
            object_type=object_type,
            object_id=str(object_id),
            project_id=project_id,
            detail=_without_numbers(dict(detail or {})),
            request_id=structlog.contextvars.get_contextvars().get("request_id"),
        )
    )
    return event_id


def _without_numbers(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, str):
        if _PHONE.fullmatch(value):
            return mask_phone_number(value[-11:])
        return mask_document_number(value) if _RESIDENT_ID.fullmatch(value) else value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, dict):
        return {key: _without_numbers(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_numbers(item) for item in value]
    return value
