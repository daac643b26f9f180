"""Documents the signed call, whose body the framework never decodes, in the OpenAPI document."""

from dataclasses import dataclass
from typing import Any

import msgspec
from litestar.openapi.spec import OpenAPIMediaType, Operation, Parameter, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType

from mobile_api.offline.items import HIGHEST, SentItem
from mobile_api.offline.schemas import ANCHOR_LIMIT, BATCH_LIMIT

KEY_HEADER = "X-Daogang-Phone-Key"
SIGNATURE_HEADER = "X-Daogang-Phone-Signature"

_HEADERS = (
    (KEY_HEADER, "^[0-9A-Za-z_-]{43}$", "thumbprint of the phone's key"),
    (SIGNATURE_HEADER, "^[0-9A-Za-z_-]{1,100}$", "ECDSA P-256 over the body, see docs/offline-protocol.md"),
)


def _schema() -> dict[str, Any]:
    (_,), definitions = msgspec.json.schema_components((SentItem,))
    item = {key: value for key, value in definitions["SentItem"].items() if key != "title"}
    return {
        "type": "object",
        "required": ["sent_at", "mono_ms", "boot", "items"],
        "additionalProperties": False,
        "properties": {
            "sent_at": {"type": "integer", "minimum": 0, "maximum": 4_102_444_800_000},
            "mono_ms": {"type": "integer", "minimum": 0, "maximum": HIGHEST},
            "boot": {"type": "string", "format": "uuid"},
            "anchors": {
                "type": "array",
                "maxItems": ANCHOR_LIMIT,
                "items": {"type": "string", "maxLength": 1000},
            },
            "items": {
                "type": "array",
                "maxItems": BATCH_LIMIT,
                "description": "Each item is read by itself: one that is none is answered with `rejected`.",
                "items": {"anyOf": [item, {"description": "answered with `rejected`"}]},
            },
        },
    }


@dataclass
class SyncOperation(Operation):
    """The operation that takes queues."""

    def __post_init__(self) -> None:
        """Add body and headers."""
        # The framework's schema class cannot say all that msgspec's can; the document is plain JSON in the end.
        media = OpenAPIMediaType(schema=_schema())  # pyright: ignore[reportArgumentType] - likewise
        self.request_body = RequestBody(content={"application/json": media}, required=True)
        self.parameters = [
            Parameter(
                name=name,
                param_in="header",
                required=True,
                description=description,
                schema=Schema(type=OpenAPIType.STRING, pattern=pattern),
            )
            for name, pattern, description in _HEADERS
        ]
