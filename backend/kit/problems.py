"""Everything that goes wrong leaves as `application/problem+json` (RFC 9457), with a code and no internals."""

from typing import Any

import msgspec
import psycopg
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.types import ExceptionHandlersMap
from sqlalchemy.exc import DataError

from backend.kit import errors, messages
from backend.kit.errors import (
    DaogangError,
    InternalFault,
    InvalidBody,
    MalformedBody,
    RouteUnknown,
)

MEDIA_TYPE = "application/problem+json"
log = structlog.get_logger()

BY_STATUS: dict[int, type[DaogangError]] = {
    400: MalformedBody,
    404: RouteUnknown,
    405: errors.MethodUnknown,
    413: errors.BodyTooLarge,
    415: errors.MediaTypeUnknown,
}


class FieldFault(msgspec.Struct, frozen=True):
    """A place in the payload and what is wrong there."""

    path: str
    message: str


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """RFC 9457 problem document; further members carry the numbers of the case."""

    type: str
    title: str
    status: int
    code: str
    advice: str = ""
    request_id: str = ""
    errors: list[FieldFault] = []


def problem_members(error: DaogangError, language: str, request_id: str) -> dict[str, Any]:
    """Return the members of the problem document of an error."""
    message = messages.text(language, error.code, error.detail)
    return {
        **error.detail,
        "type": f"urn:daogang:problem:{error.code}",
        "title": message.title,
        "status": error.status,
        "code": error.code,
        "advice": message.advice,
        "request_id": request_id,
    }


def respond(request: Request[Any, Any, Any], error: DaogangError) -> Response[dict[str, Any]]:
    """Answer with an error in the caller's language."""
    language = messages.pick_language(request.headers.get("accept-language"))
    request_id = str(request.scope.get("request_id", ""))
    return Response(
        problem_members(error, language, request_id),
        status_code=error.status,
        media_type=MEDIA_TYPE,
        headers={**error.headers, "Content-Language": language},
    )


def answer_error(request: Request[Any, Any, Any], error: DaogangError) -> Response[dict[str, Any]]:
    """Answer with one of our own errors."""
    if error.status >= 500:  # noqa: PLR2004 - HTTP's server errors
        log.warning("request.failed", code=error.code, cause=type(error.__cause__).__name__)
    return respond(request, error)


def answer_http(request: Request[Any, Any, Any], error: HTTPException) -> Response[dict[str, Any]]:
    """Answer with the framework's own refusals in our form, without their text, which may quote the path."""
    if isinstance(error, ValidationException):
        extra = error.extra if isinstance(error.extra, list) else []
        faults = [
            {"path": str(item.get("key", "$")), "message": str(item.get("message", ""))}
            for item in extra
            if isinstance(item, dict)
        ]
        return respond(request, InvalidBody(errors=faults))
    known = BY_STATUS.get(error.status_code)
    if known is None:
        log.error("request.unexpected_http_error", status=error.status_code, exc_info=error)
        return respond(request, InternalFault())
    response = respond(request, known())
    if allow := (error.headers or {}).get("allow") or (error.headers or {}).get("Allow"):
        response.headers["Allow"] = allow
    return response


def answer_fault(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """Answer a mistake of ours: the log gets the trace, the caller the request id."""
    log.error("request.fault", exc_info=error)
    return respond(request, InternalFault())


def answer_data_error(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """Answer text with a NUL character, which JSON and URLs can hold and PostgreSQL cannot, as the bad input it is."""
    if "NUL" in str(error) or "\\u0000" in str(error):
        return respond(request, InvalidBody(errors=[{"path": "$", "message": "text must not hold a NUL character"}]))
    return answer_fault(request, error)


def answer_group(request: Request[Any, Any, Any], error: ExceptionGroup[Exception]) -> Response[dict[str, Any]]:
    """Answer what a dependency made of an error that was thrown into it: the framework wraps what differs from it.

    So comes DatabaseAway or Contended when a statement of the handler fails inside the request's transaction.
    """
    inner = error.exceptions[0]
    if len(error.exceptions) == 1 and isinstance(inner, DaogangError):
        return answer_error(request, inner)
    return answer_fault(request, error)


EXCEPTION_HANDLERS: ExceptionHandlersMap = {
    DaogangError: answer_error,
    ExceptionGroup: answer_group,
    DataError: answer_data_error,
    psycopg.DataError: answer_data_error,
    HTTPException: answer_http,
    Exception: answer_fault,
}
