"""Makes the OpenAPI document tell the truth about errors and access, from what each route states in its `opt`."""

from threading import Lock
from typing import Any

import msgspec
from litestar import Litestar
from litestar._openapi.plugin import OpenAPIPlugin
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import (
    OpenAPI,
    OpenAPIMediaType,
    OpenAPIResponse,
    Operation,
    Reference,
    Schema,
    SecurityScheme,
)
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from backend.kit import errors
from backend.kit.component_names import clean_names
from backend.kit.errors import DaogangError
from backend.kit.problems import MEDIA_TYPE

_SCHEMAS = "#/components/schemas/"
PROBLEM_REF = Reference(ref="#/components/schemas/Problem")
SECURITY = {
    "bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT"),
    "gate": SecurityScheme(
        type="apiKey",
        name="X-Daogang-Signature",
        security_scheme_in="header",
        description="See docs/gate-api.md",
    ),
    "phone": SecurityScheme(
        type="apiKey",
        name="X-Daogang-Phone-Signature",
        security_scheme_in="header",
        description="See docs/offline-protocol.md",
    ),
}

LOCAL_TIME = r"^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?$"

PROBLEM = Schema(
    type=OpenAPIType.OBJECT,
    title="Problem",
    description="RFC 9457 problem document; the numbers of the case are further members.",
    required=["type", "title", "status", "code", "advice", "request_id"],
    properties={
        "type": Schema(type=OpenAPIType.STRING, description="urn:daogang:problem:<code>"),
        "title": Schema(type=OpenAPIType.STRING),
        "status": Schema(type=OpenAPIType.INTEGER),
        "code": Schema(type=OpenAPIType.STRING, description="stable, `module.reason`"),
        "advice": Schema(
            type=OpenAPIType.STRING,
            description="what to do next, in the caller's language",
        ),
        "request_id": Schema(type=OpenAPIType.STRING),
        "errors": Schema(
            type=OpenAPIType.ARRAY,
            items=Schema(
                type=OpenAPIType.OBJECT,
                properties={
                    "path": Schema(type=OpenAPIType.STRING),
                    "message": Schema(type=OpenAPIType.STRING),
                },
            ),
        ),
    },
)


def raised_by(handler: HTTPRouteHandler) -> list[type[DaogangError]]:
    """Return the errors a route can answer with: those it states, and those its kind brings along."""
    raised: list[type[DaogangError]] = list(handler.opt.get("raises", ()))
    if "scope" in handler.opt:
        raised += [*DaogangErrors.of_tokens, errors.ScopeMissing]
    if handler.opt.get("database", True):
        raised += [errors.DatabaseAway, errors.Contended]
    if handler.parsed_data_field is not None or handler.opt.get("body"):
        raised += [errors.MalformedBody, errors.InvalidBody, errors.BodyTooLarge]
    if any(field.name not in (handler.dependencies or ()) for field in handler.parsed_fn_signature.parameters.values()):
        raised.append(errors.InvalidBody)
    raised += [errors.RouteUnknown, errors.InternalFault]
    return list(dict.fromkeys(raised))


class DaogangErrors:
    """Errors that whole classes of routes share, filled by the application that joins the modules."""

    of_tokens: tuple[type[DaogangError], ...] = (errors.TokenMissing,)


def responses_of(raised: list[type[DaogangError]]) -> dict[str, OpenAPIResponse]:
    """Group errors by status, the codes in the description."""
    by_status: dict[int, list[str]] = {}
    for error in raised:
        by_status.setdefault(error.status, []).append(error.code)
    return {
        str(status): OpenAPIResponse(
            description="Problem: " + ", ".join(f"`{code}`" for code in dict.fromkeys(codes)),
            content={MEDIA_TYPE: OpenAPIMediaType(schema=PROBLEM_REF)},
        )
        for status, codes in sorted(by_status.items())
    }


CONFIG = OpenAPIConfig(
    title="Daogang 到岗",
    version="0.1.0",
    description="Attendance check-in for construction sites: phones and gates write one ledger.",
    render_plugins=[JsonRenderPlugin()],  # never asked to render; without one Litestar takes the older way
    create_examples=False,
)


class ApiDocument:
    """The OpenAPI document of one application, built when it is first asked for: most servers never are."""

    def __init__(self, app: Litestar) -> None:
        """Take the application, which has all its routes."""
        self._app = app
        self._lock = Lock()
        self._text: bytes | None = None

    def text(self) -> bytes:
        """Return the document as sorted, indented JSON; the first call takes a few tenths of a second."""
        with self._lock:
            if self._text is None:
                plugin = _LitestarDocument(self._app)
                complete_openapi(self._app, plugin.provide_openapi())
                schema = _renamed(plugin.provide_openapi_schema())
                self._text = msgspec.json.format(msgspec.json.encode(schema, order="sorted"), indent=1)
            return self._text


def _renamed(document: dict[str, Any]) -> dict[str, Any]:
    """Give the document's components clean names, where they are defined and wherever they are referred to."""
    schemas: dict[str, Any] = document["components"]["schemas"]
    names = clean_names(schemas)
    document["components"]["schemas"] = {names.get(name, name): schema for name, schema in schemas.items()}
    references = {f"{_SCHEMAS}{name}": f"{_SCHEMAS}{clean}" for name, clean in names.items()}

    def refer(part: Any) -> Any:  # noqa: ANN401 - JSON
        if isinstance(part, dict):
            return {key: refer(value) for key, value in part.items()}
        if isinstance(part, list):
            return [refer(value) for value in part]
        return references.get(part, part) if isinstance(part, str) else part

    return refer(document)


class _LitestarDocument(OpenAPIPlugin):
    """Litestar's builder of the document, without the routes that it brings along."""

    def __init__(self, app: Litestar) -> None:
        super().__init__(app)
        self._openapi_config = CONFIG
        for route in app.routes:
            self.receive_route(route)


def complete_openapi(app: Litestar, document: OpenAPI) -> None:
    """Write security, error responses and the problem schema into the application's document."""
    components = document.components
    components.security_schemes = dict(SECURITY)
    for schema in components.schemas.values():
        _correct(schema)
    components.schemas["Problem"] = PROBLEM
    for route in app.routes:
        for method, (handler, _) in getattr(route, "route_handler_map", {}).items():
            item = (document.paths or {}).get(getattr(route, "path_format", ""))
            operation: Operation | None = getattr(item, str(method).lower(), None)
            if operation is not None and isinstance(handler, HTTPRouteHandler):
                _complete(operation, handler)


def _correct(schema: object) -> None:
    """Document local times as what they are (Litestar calls them durations), and a number once (an integer is one)."""
    if not isinstance(schema, Schema):
        return
    if schema.format == OpenAPIFormat.DURATION:
        schema.format, schema.pattern, schema.description = None, LOCAL_TIME, schema.description or "local time of day"
    kinds = list(schema.one_of or ())
    if any(isinstance(one, Schema) and one.type == OpenAPIType.NUMBER for one in kinds):
        schema.one_of = [one for one in kinds if not (isinstance(one, Schema) and one.type == OpenAPIType.INTEGER)]
    parts = [*(schema.properties or {}).values(), *(schema.one_of or ()), *(schema.any_of or ())]
    for part in [*parts, schema.items, schema.additional_properties]:
        _correct(part)


def _complete(operation: Operation, handler: HTTPRouteHandler) -> None:
    access: dict[str, Any] = handler.opt
    kept = {
        status: response for status, response in (operation.responses or {}).items() if status.startswith(("2", "3"))
    }
    for status, response in kept.items():
        if isinstance(response, OpenAPIResponse) and (status == "204" or handler.http_methods == {"HEAD"}):
            response.content = None  # Litestar documents what the handler returns, which is a response without a body
    operation.responses = {**kept, **responses_of(raised_by(handler))}
    if "scope" in access:
        operation.security = [{"bearer": []}]
        if other := access.get("or_signed"):
            operation.security.append({str(other): []})
        operation.description = f"{operation.description or ''}\n\nScope: `{access['scope']}`.".strip()
    elif access.get("signed"):
        operation.security = [{str(access["signed"]): []}]
    else:
        operation.security = []
