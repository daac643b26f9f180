"""What browsers may do in each web app: content policy, permissions, caching."""

from typing import Final

from backend.pages.shelf import BuiltFile

_SHARED: Final = {
    "default-src": "'none'",
    # No inline scripts, no eval; styles are set by files and by the DOM, never by attributes in markup.
    "script-src": "'self'",
    "style-src": "'self'",
    "connect-src": "'self'",
    "font-src": "'self' data:",
    "img-src": "'self' data: blob:",
    "media-src": "'self' blob:",
    "manifest-src": "'self'",
    "worker-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
_NOBODY: Final = "microphone=(), payment=(), usb=(), bluetooth=(), serial=(), midi=(), display-capture=()"
PERMISSIONS: Final = {
    "app": (
        "geolocation=(self), camera=(self), publickey-credentials-get=(self), publickey-credentials-create=(self), "
        f"{_NOBODY}"
    ),
    "desk": f"geolocation=(self), camera=(), {_NOBODY}",
}
FOREVER: Final = "public, max-age=31536000, immutable"
ASK_FIRST: Final = "no-cache"


def content_policy(app: str, map_origins: tuple[str, ...] = ()) -> str:
    """Return what an app may load: all of it its own, and at the desk tiles of the base map from `map_origins`."""
    rules = dict(_SHARED)
    if app == "desk" and map_origins:
        rules["connect-src"] = " ".join(("'self'", *map_origins))
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def headers_of(app: str, built: BuiltFile, map_origins: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the headers of a file of an app; `map_origins` are where the base map's tiles come from."""
    headers = {
        "Cache-Control": FOREVER if built.immutable else ASK_FIRST,
        "ETag": f'"{built.tag}"',
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if built.encodings:
        headers["Vary"] = "Accept-Encoding"
    # A service worker's own file decides what the worker may do, a page's what the page may.
    headers["Content-Security-Policy"] = content_policy(app, map_origins)
    if built.type.startswith("text/html"):
        headers |= {
            "Permissions-Policy": PERMISSIONS[app],
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
        }
    return headers
