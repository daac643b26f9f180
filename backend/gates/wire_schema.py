"""Documents the signed requests, whose bodies the framework never decodes, in the OpenAPI document."""

from dataclasses import dataclass
from typing import Any

import msgspec
from litestar.openapi.spec import OpenAPIMediaType, Operation, Parameter, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType

from backend.gates.events import BATCH_LIMIT, GateEvent
from backend.gates.schemas import Heartbeat
from backend.gates.signature import KEY_HEADER, NONCE_HEADER, SIGNATURE_HEADER, TIMESTAMP_HEADER

_HEADERS = (
    (KEY_HEADER, "^[0-9a-f]{32}$", "id of the key"),
    (TIMESTAMP_HEADER, "^[0-9]{1,12}$", "Unix seconds, at most 300 away from the server's clock"),
    (NONCE_HEADER, "^[0-9A-Za-z_-]{16,64}$", "another one for every sending"),
    (SIGNATURE_HEADER, "^[0-9a-f]{64}$", "HMAC-SHA256 over method, path, timestamp, nonce and body digest"),
)


def _inlined(schema: Any, definitions: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(schema, dict):
        if "$ref" in schema:
            return _inlined(definitions[schema["$ref"].rpartition("/")[2]], definitions)
        return {key: _inlined(value, definitions) for key, value in schema.items() if key != "title"}
    return [_inlined(value, definitions) for value in schema] if isinstance(schema, list) else schema


def _schema_of(kind: type[Any]) -> dict[str, Any]:
    (schema,), definitions = msgspec.json.schema_components((kind,))
    return _inlined(schema, definitions)


def _batch_schema() -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["clock_now", "items"],
        "additionalProperties": False,
        "properties": {
            "clock_now": {"type": "string", "format": "date-time"},
            "items": {
                "type": "array",
                "minItems": 1,
                "maxItems": BATCH_LIMIT,
                "description": "Each item is read by itself: one that is no event is answered with `rejected`.",
                "items": {"anyOf": [_schema_of(GateEvent), {"description": "answered with `rejected`"}]},
            },
        },
    }


def _body(schema: dict[str, Any]) -> RequestBody:
    # The framework's schema class cannot say all that msgspec's can; the document is plain JSON in the end.
    media = OpenAPIMediaType(schema=schema)  # pyright: ignore[reportArgumentType] - a schema by name serves too
    return RequestBody(content={"application/json": media}, required=True)


def _signature_parameters() -> list[Any]:
    return [
        Parameter(
            name=name,
            param_in="header",
            required=True,
            description=description,
            schema=Schema(type=OpenAPIType.STRING, pattern=pattern),
        )
        for name, pattern, description in _HEADERS
    ]


@dataclass
class EventsOperation(Operation):
    """The operation that takes batches."""

    def __post_init__(self) -> None:
        """Add body and headers."""
        self.request_body = _body(_batch_schema())
        self.parameters = _signature_parameters()


@dataclass
class HeartbeatOperation(Operation):
    """The operation that takes heartbeats."""

    def __post_init__(self) -> None:
        """Add body and headers."""
        self.request_body = _body(_schema_of(Heartbeat))
        self.parameters = _signature_parameters()


@dataclass
class ConfigOperation(Operation):
    """The operation that tells settings."""

    def __post_init__(self) -> None:
        """Add headers; the digest that is signed is that of no bytes."""
        self.parameters = _signature_parameters()


@dataclass
class PhotoOperation(Operation):
    """The operation that takes photos."""

    def __post_init__(self) -> None:
        """Add body and headers."""
        file = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        self.request_body = RequestBody(content={"image/jpeg": OpenAPIMediaType(schema=file)}, required=True)
        self.parameters = [*(self.parameters or []), *_signature_parameters()]
