"""What handlers may ask for by name, and where in the application's state it lies."""

from collections.abc import AsyncGenerator
from operator import attrgetter
from typing import Any

from litestar import Request
from litestar.datastructures import State
from litestar.di import Provide

from backend.kit import messages
from backend.kit.db import Database, Tx
from backend.kit.guards import Actor


async def provide_tx(request: Request[Any, Any, State]) -> AsyncGenerator[Tx]:
    """Open the request's one transaction; it commits after the handler and before the answer."""
    if request.method != "GET":
        # A client that sends slowly must not hold a connection, let alone locks: the body comes first.
        await request.body()
    database: Database = request.app.state.database
    async with database.transaction() as tx:
        yield tx


def provide_actor(request: Request[Any, Any, Any]) -> Actor:
    """Give the one whom the guard let in."""
    return request.scope["user"]


def provide_language(request: Request[Any, Any, Any]) -> str:
    """Choose the caller's language by Accept-Language."""
    return messages.pick_language(request.headers.get("accept-language"))


def _at(place: str) -> Provide:
    """Give what lies at a place of the application's state; the handler names its type."""
    read = attrgetter(place)

    # By way of the request: a `state` of its own would be made for each request.
    def provide(request: Request[Any, Any, State]) -> Any:  # noqa: ANN401 - see above
        return read(request.app.state)

    return Provide(provide, sync_to_thread=False)


DEPENDENCIES = {
    "tx": Provide(provide_tx),
    "actor": Provide(provide_actor, sync_to_thread=False),
    "language": Provide(provide_language, sync_to_thread=False),
    "clock": _at("clock"),
    "database": _at("database"),
    "keys": _at("key_ring"),
    "settings": _at("settings"),
    "syncs": _at("syncs"),
    "anchors": _at("wiring.anchors"),
    "base_map": _at("settings.base_map"),
    "min_app_version": _at("settings.min_app_version"),
    "attestation": _at("wiring.attestation"),
    "gate_tools": _at("gate_tools"),
    "simulation_tools": _at("simulation_tools"),
    "correction_tools": _at("correction_tools"),
    "file_reader": _at("file_reader"),
    "upload_tools": _at("upload_tools"),
    "presence_tools": _at("presence_tools"),
    "liveness_tools": _at("liveness_tools"),
    "reference_tools": _at("reference_tools"),
    "missing_channels": _at("missing_channels"),
    "photo_viewing": _at("photo_viewing"),
    "live_feed": _at("live_feed"),
    "bulletin_tools": _at("bulletin_tools"),
    "pack_tools": _at("pack_tools"),
    "field_cipher": _at("wiring.identity.cipher"),
    "blind_index": _at("wiring.identity.index"),
    "identity_services": _at("wiring.identity"),
    "fold_days": _at("wiring.fold_days"),
}
