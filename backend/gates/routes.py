"""Routes of `/gates/v1` for devices: signed batches of events, heartbeats, photos, and the device's settings."""

from typing import Annotated, Any

from litestar import Request, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import PathParameter

from backend.gates import errors
from backend.gates.addresses import device_address
from backend.gates.authentication import SignedRequest
from backend.gates.device_config import tell_config
from backend.gates.heartbeats import take_heartbeat
from backend.gates.ingest import take_events
from backend.gates.photos import PHOTO_LIMIT, take_photo
from backend.gates.schemas import DeviceConfig, EventsAnswer, HeartbeatAnswer, PhotoAnswer
from backend.gates.signature import read_signature
from backend.gates.tools import GateTools
from backend.gates.wire_schema import ConfigOperation, EventsOperation, HeartbeatOperation, PhotoOperation
from backend.kit.blobs import BlobsAway

SIGNED_ERRORS = (
    errors.SignatureMissing,
    errors.KeyUnknown,
    errors.SignatureWrong,
    errors.ClockSkew,
    errors.NonceReplayed,
    errors.NetworkRefused,
    errors.DeviceBlocked,
    errors.DevicePending,
)
SIGNED = {"signed": "gate", "body": True, "raises": SIGNED_ERRORS}


@post("/events", opt=SIGNED, status_code=200, operation_class=EventsOperation, summary="Deliver a batch of events")
async def post_events(request: Request[Any, Any, Any], gate_tools: NamedDependency[GateTools]) -> EventsAnswer:
    """Record up to 500 events and answer for each of them, in order; the answer is sent after all are durable.

    A batch may be sent again as often as needed (with a fresh nonce): known events are answered with `duplicate`.
    4xx means that nothing was written; after 503 send the same batch again.
    """
    return await take_events(gate_tools, await _signed(request))


@post("/heartbeat", opt=SIGNED, status_code=200, operation_class=HeartbeatOperation, summary="Give a sign of life")
async def post_heartbeat(request: Request[Any, Any, Any], gate_tools: NamedDependency[GateTools]) -> HeartbeatAnswer:
    """Keep a heartbeat and tell the server's time, how often to call, and which event is awaited."""
    return await take_heartbeat(gate_tools, await _signed(request))


@get(
    "/config",
    opt={"signed": "gate", "raises": SIGNED_ERRORS},
    operation_class=ConfigOperation,
    summary="Fetch the device's settings",
)
async def get_config(request: Request[Any, Any, Any], gate_tools: NamedDependency[GateTools]) -> DeviceConfig:
    """Tell what the register holds of the device: to be fetched when a heartbeat told another `config_rev`."""
    return await tell_config(gate_tools, await _signed(request))


@put(
    "/photos/{digest:str}",
    opt={**SIGNED, "raises": (*SIGNED_ERRORS, errors.PhotoDigestWrong, errors.PhotoUnreadable, BlobsAway)},
    status_code=200,
    operation_class=PhotoOperation,
    request_max_body_size=PHOTO_LIMIT,
    summary="Upload a photo that an event names",
)
async def put_photo(
    request: Request[Any, Any, Any],
    digest: Annotated[str, PathParameter(pattern="^[0-9a-fA-F]{64}$", description="SHA-256 of the body")],
    gate_tools: NamedDependency[GateTools],
) -> PhotoAnswer:
    """Keep a JPEG, encrypted, under its digest: before or after the event that states it as `photo_sha256`."""
    return await take_photo(gate_tools, await _signed(request), digest)


async def _signed(request: Request[Any, Any, Any]) -> SignedRequest:
    signature = read_signature(request.headers)
    peer = None if request.client is None else request.client.host
    address = device_address(peer, request.headers.get("x-forwarded-for"))
    return SignedRequest(signature, str(request.method), str(request.scope["path"]), await request.body(), address)


def gate_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/gates/v1", route_handlers=[post_events, post_heartbeat, get_config, put_photo], tags=["Gates"])
