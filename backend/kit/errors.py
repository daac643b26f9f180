"""The error tree: each error a caller can meet has a stable code, an HTTP status and what to tell him."""

from collections.abc import Mapping
from typing import ClassVar


class DaogangError(Exception):
    """An error with a code `module.reason`; title and advice stand in the message catalogues under that code.

    `detail` holds values for the message's placeholders; they are also members of the problem document, so they are
    JSON values and never personal data.
    """

    code: ClassVar[str] = ""
    status: ClassVar[int] = 500
    # In the order of definition; the message test and the OpenAPI document read it.
    registry: ClassVar[dict[str, type["DaogangError"]]] = {}

    def __init__(self, **detail: object) -> None:
        """Keep `detail`."""
        super().__init__(self.code)
        self.detail = detail

    def __init_subclass__(cls) -> None:
        """Register classes that have a code of their own; two classes with one code are a mistake."""
        super().__init_subclass__()
        if "code" not in cls.__dict__:
            return
        known = DaogangError.registry.setdefault(cls.code, cls)
        if known is not cls and known.__qualname__ != cls.__qualname__:
            msg = f"{cls.code} is the code of {known.__qualname__} already"
            raise TypeError(msg)

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the response headers that belong to the error."""
        return {}


class InvalidInput(DaogangError):
    """The payload cannot be meant like this."""

    status = 422


class Unauthenticated(DaogangError):
    """Nobody, or nobody we can believe, is asking."""

    status = 401

    @property
    def headers(self) -> Mapping[str, str]:
        """Name the scheme, as RFC 9110 §11.6.1 asks of every 401."""
        return {"WWW-Authenticate": "Bearer"}


class Forbidden(DaogangError):
    """We know who asks, and he may not."""

    status = 403


class NotFound(DaogangError):
    """There is no such thing, or not for the one who asks."""

    status = 404


class Conflict(DaogangError):
    """The request fights with what is already there."""

    status = 409


class TooMany(DaogangError):
    """Too often; `retry_after_s` in the detail says when it makes sense again."""

    status = 429

    @property
    def headers(self) -> Mapping[str, str]:
        """Tell when to come back (RFC 9110 §10.2.3)."""
        return {"Retry-After": str(self.detail.get("retry_after_s", 60))}


class Unavailable(DaogangError):
    """Our fault and passing: the same request may be sent again."""

    status = 503
    retry_after_s: ClassVar[int] = 2

    @property
    def headers(self) -> Mapping[str, str]:
        """Tell when to come back (RFC 9110 §10.2.3)."""
        return {"Retry-After": str(self.retry_after_s)}


class MalformedBody(DaogangError):
    """The body is not the JSON it says it is."""

    code = "request.malformed"
    status = 400


class InvalidBody(InvalidInput):
    """The body is JSON, but not of the documented form; `errors` names the places."""

    code = "request.invalid"


class BodyTooLarge(DaogangError):
    """The body is longer than this route takes."""

    code = "request.too_large"
    status = 413


class MediaTypeUnknown(DaogangError):
    """The body is of a kind this route does not read."""

    code = "request.media_type"
    status = 415


class RouteUnknown(NotFound):
    """No such path."""

    code = "request.unknown_path"


class MethodUnknown(DaogangError):
    """The path is there, the method is not."""

    code = "request.method"
    status = 405


class TokenMissing(Unauthenticated):
    """The route needs a bearer token and none came."""

    code = "request.token_missing"


class ScopeMissing(Forbidden):
    """None of the caller's roles has the scope of this route."""

    code = "request.scope_missing"


class DatabaseAway(Unavailable):
    """The database does not answer."""

    code = "request.database_away"


class Contended(Unavailable):
    """Others hold the same rows for too long, or too much is waiting already."""

    code = "request.contended"
    retry_after_s = 1


class InternalFault(DaogangError):
    """We made a mistake; the request id finds it in the log."""

    code = "request.internal"
    status = 500
