"""Tells which network address a request counts for when attempts are limited (pure)."""

from __future__ import annotations

from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final

_IPV6_SUBSCRIBER_BITS: Final = 64
_LONGEST_HEADER: Final = 1000


def limited_address(peer: str | None, forwarded_for: str | None) -> str | None:
    """Return the address that limits apply to, or None when no client's address is known.

    A peer with a public address is the client itself. A private or loopback peer is a reverse proxy or
    somebody on the machine: then the last public address of `X-Forwarded-For` counts, which the nearest
    proxy wrote; what a client puts in front of it changes nothing. One subscriber of IPv6 has a whole /64.
    """
    found = _public(peer or "")
    if found is None and _is_private(peer):
        hops = (forwarded_for or "")[-_LONGEST_HEADER:].split(",")
        found = next(filter(None, (_public(hop) for hop in reversed(hops))), None)
    return found


def _is_private(peer: str | None) -> bool:
    if peer is None:  # a Unix socket: only a proxy on this machine connects to one
        return True
    try:
        return not ip_address(peer).is_global
    except ValueError:
        return False


def _public(text: str) -> str | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is not None:
            return str(address.ipv4_mapped) if address.ipv4_mapped.is_global else None
        return str(IPv6Network((address, _IPV6_SUBSCRIBER_BITS), strict=False)) if address.is_global else None
    return str(address) if address.is_global else None
