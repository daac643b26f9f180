"""Alerts as channels are given them."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from backend.alerts.channels.model import Address, AddressKind, Message

NOW = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)
TAG = "01a1fc7d-5f51-71cb-a3b4-3539f122512d"


def make(kind: AddressKind, parts: dict[str, str], address_id: UUID | None = None, *, repeat: bool = False) -> Message:
    """Make a message to an address of a kind; `body` among the parts is the message's."""
    body = parts.get("body", "安全员 09:00 前未到岗")
    return Message(
        delivery_id=uuid4(),
        address=Address(id=address_id or uuid4(), kind=kind, parts=parts),
        tag=TAG,
        title="关键岗位无人",
        body=body,
        urgent=True,
        path=f"/alerts/{TAG}",
        language="zh-CN",
        expires_at=NOW + timedelta(hours=2),
        repeat=repeat,
    )
