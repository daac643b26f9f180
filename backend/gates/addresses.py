"""Tells from which network address a device's request came (pure)."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

_LONGEST_HEADER: Final = 1000

Address = IPv4Address | IPv6Address


def device_address(peer: str | None, forwarded_for: str | None) -> str | None:
    """Return the address that a device's networks are held against, or None when nobody knows it.

    A public peer is the device itself. A private or loopback peer may be a reverse proxy: then the last public hop of
    `X-Forwarded-For` counts, or else its last hop, which the nearest proxy wrote; without that header the peer counts.
    Unlike `backend.identity.addresses` this keeps private addresses, since sites may have a network of their own.
    """
    found = _address(peer or "")
    if found is not None and found.is_global:
        return str(found)
    hops = [hop for hop in map(_address, (forwarded_for or "")[-_LONGEST_HEADER:].split(",")) if hop is not None]
    public = [hop for hop in hops if hop.is_global]
    last = next(iter([*public[-1:], *hops[-1:]]), found)
    return None if last is None else str(last)


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        # A zone belongs to an interface of ours, and the database knows none.
        address = IPv6Address(int(address))
        return address.ipv4_mapped or address
    return address
