"""Routes of `/gates/v1` for devices: signed batches of events and heartbeats."""

from typing import Any

from litestar import Request, Router, post
from litestar.di import NamedDependency

from backend.gates import errors
from backend.gates.addresses import device_address
from backend.gates.authentication import SignedRequest
from backend.gates.heartbeats import take_heartbeat
from backend.gates.ingest import take_events
from backend.gates.schemas import EventsAnswer, HeartbeatAnswer
from backend.gates.signature import read_signature
from backend.gates.tools import GateTools
from backend.gates.wire_schema import EventsOperation, HeartbeatOperation

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


async def _signed(request: Request[Any, Any, Any]) -> SignedRequest:
    signature = read_signature(request.headers)
    peer = None if request.client is None else request.client.host
    address = device_address(peer, request.headers.get("x-forwarded-for"))
    return SignedRequest(signature, str(request.method), str(request.scope["path"]), await request.body(), address)


def gate_router() -> Router:
    """Join the routes of this file."""
    return Router(path="/gates/v1", route_handlers=[post_events, post_heartbeat], tags=["Gates"])
