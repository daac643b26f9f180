"""Routes about channels: how each is, and the key that browsers subscribe with."""

from uuid import UUID

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.alerts.channels.standing import read_standings
from backend.alerts.channels.told import ToldOut, list_told
from backend.alerts.channels.vapid import vapid_public_key
from backend.alerts.errors import AlertUnknown
from backend.alerts.recipients import HANDLE, READ
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.keyring import KeyRing
from backend.kit.wire import Instant, Wire


class ChannelOut(Wire, frozen=True, kw_only=True):
    """How a channel is; `missing` names the setting without which it sends nothing."""

    name: str
    configured: bool
    missing: str | None
    waiting: int
    delivered_at: Instant | None
    failing_since: Instant | None
    reason: str | None


class ChannelsOut(Wire, frozen=True):
    """All channels."""

    items: list[ChannelOut]


class WebPushKey(Wire, frozen=True):
    """What a browser is given as `applicationServerKey`, and the id that it names with its subscription."""

    key_id: str
    public_key: str


@get("/admin/v1/alert-channels", opt={"scope": READ}, summary="How the channels of alerts are")
async def list_channels(
    tx: NamedDependency[Tx], missing_channels: NamedDependency[dict[str, str | None]]
) -> ChannelsOut:
    """List every channel; one that is not configured says so, since its alerts lie in the inbox alone."""
    return ChannelsOut(
        items=[
            ChannelOut(
                name=one.name.value,
                configured=missing_channels[one.name.value] is None,
                missing=missing_channels[one.name.value],
                waiting=one.waiting,
                delivered_at=one.delivered_at,
                failing_since=one.failing_since,
                reason=one.reason,
            )
            for one in await read_standings(tx)
        ]
    )


@get(
    "/admin/v1/alerts/{group_id:uuid}/told",
    opt={"scope": HANDLE, "raises": (AlertUnknown,)},
    summary="Who was told of an entry of the inbox",
)
async def list_who_was_told(
    group_id: FromPath[UUID], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> list[ToldOut]:
    """List who was told of what the caller may handle, who has read it, and what became of each message."""
    return await list_told(tx, actor, group_id)


@get(
    "/.well-known/web-push.json",
    opt={"public": True, "database": False},
    summary="Public key of push messages to browsers",
    sync_to_thread=False,
)
def show_web_push_key(keys: NamedDependency[KeyRing]) -> Response[WebPushKey]:
    """Subscribe with this key (RFC 8292); after a rotation, older subscriptions go on under theirs."""
    key_id, public_key = vapid_public_key(keys)
    answer = WebPushKey(key_id=key_id, public_key=public_key)
    return Response(answer, headers={"Cache-Control": "public, max-age=300"})


def channels_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/", route_handlers=[list_channels, list_who_was_told, show_web_push_key], tags=["Alerts"])
