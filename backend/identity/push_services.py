"""Says to which hosts Web Push may be sent: browsers name the address, which must not lead into our network (pure)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

DEFAULT_HOSTS: Final = (
    "fcm.googleapis.com",
    "updates.push.services.mozilla.com",
    "*.push.apple.com",
    "*.notify.windows.com",
)
"""The push services of the browsers that are in use; `*.` stands for any name below."""
LONGEST: Final = 2048
_POINT_BYTES: Final = 65
_AUTH_BYTES: Final = 16
_UNCOMPRESSED: Final = 4


def is_allowed(endpoint: str, hosts: Sequence[str]) -> bool:
    """Tell whether an endpoint is one of a known push service.

    HTTPS on its usual port only, no user, no address in digits, one of `hosts`. An entry of `hosts` that has a scheme
    is an origin that is taken as it is: private relays, named by the operator.
    """
    if len(endpoint) > LONGEST or not endpoint.isascii() or any(one <= " " or one == "\\" for one in endpoint):
        return False
    try:
        url = urlsplit(endpoint)
        port, host = url.port, url.hostname
    except ValueError:
        return False
    if not host or url.username is not None or url.password is not None or url.fragment:
        return False
    if f"{url.scheme}://{url.netloc}" in hosts:
        return True
    if url.scheme != "https" or port not in {None, 443}:
        return False
    return any(
        host.endswith(allowed[1:]) and len(host) > len(allowed) - 1 if allowed.startswith("*.") else host == allowed
        for allowed in hosts
        if "://" not in allowed
    )


def are_keys(p256dh: str, auth: str) -> bool:
    """Tell whether a subscription's keys can be: an uncompressed point of P-256 and sixteen bytes, base64url."""
    point, secret = _decoded(p256dh), _decoded(auth)
    return (
        point is not None
        and len(point) == _POINT_BYTES
        and point[0] == _UNCOMPRESSED
        and secret is not None
        and len(secret) == _AUTH_BYTES
    )


def _decoded(text: str) -> bytes | None:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
