"""Gives handlers the address that limits count for."""

from typing import Any

from litestar import Request
from litestar.di import Provide

from backend.identity.addresses import limited_address


def provide_address(request: Request[Any, Any, Any]) -> str | None:
    """Give the client's address as far as it is known."""
    peer = None if request.client is None else request.client.host
    return limited_address(peer, request.headers.get("x-forwarded-for"))


ADDRESS_DEPENDENCY = {"address": Provide(provide_address, sync_to_thread=False)}
