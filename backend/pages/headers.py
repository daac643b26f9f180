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
CONTENT_POLICIES: Final = {
    "app": "; ".join(f"{name} {value}" for name, value in _SHARED.items()),
    "desk": "; ".join(f"{name} {value}" for name, value in _SHARED.items()),
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


def headers_of(app: str, built: BuiltFile) -> dict[str, str]:
    """Return the headers of a file of an app."""
    headers = {
        "Cache-Control": FOREVER if built.immutable else ASK_FIRST,
        "ETag": f'"{built.tag}"',
        "Cross-Origin-Resource-Policy": "same-origin",
    }
    if built.encodings:
        headers["Vary"] = "Accept-Encoding"
    # A service worker's own file decides what the worker may do, a page's what the page may.
    headers["Content-Security-Policy"] = CONTENT_POLICIES[app]
    if built.type.startswith("text/html"):
        headers |= {
            "Permissions-Policy": PERMISSIONS[app],
            "Cross-Origin-Opener-Policy": "same-origin",
            "Referrer-Policy": "no-referrer",
        }
    return headers
