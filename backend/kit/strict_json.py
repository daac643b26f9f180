"""Makes Litestar decode every JSON body strictly, by the type its handler declares."""

from typing import Any, NoReturn

import msgspec
from litestar._openapi.schema_generation import SchemaCreator
from litestar.dto import AbstractDTO
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition

from backend.kit.wire import decode

_DECODER = "strict_json_decoder"


class StrictJSON(AbstractDTO[Any]):
    """Makes Litestar decode bodies with `decode`: its own way coerces, and the last of two equal keys wins."""

    _decoders: dict[str, msgspec.json.Decoder[Any]] = {}  # noqa: RUF012 - shared on purpose, by handler id

    @classmethod
    def is_supported_model_type_field(cls, field_definition: FieldDefinition) -> bool:
        """Take every body except raw bytes."""
        return field_definition.annotation is not bytes

    @classmethod
    def create_for_field_definition(
        cls, field_definition: FieldDefinition, handler_id: str, backend_cls: object = None
    ) -> None:
        """Build the handler's decoder once."""
        del backend_cls
        cls._decoders[handler_id] = msgspec.json.Decoder(field_definition.annotation, strict=True)

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: SchemaCreator
    ) -> Reference | Schema:
        """Document the annotated type itself."""
        del handler_id
        return schema_creator.for_field_definition(field_definition)

    def decode_bytes(self, value: bytes) -> Any:  # noqa: ANN401 - the type that the handler declares
        """Decode a body for this handler."""
        handler = self.asgi_connection.route_handler
        # Litestar puts the id together anew each time it is asked for.
        decoder = handler.opt.get(_DECODER)
        if decoder is None:
            decoder = handler.opt[_DECODER] = self._decoders[handler.handler_id]
        return decode(value, decoder)

    def decode_builtins(self, value: dict[str, Any]) -> NoReturn:
        """Never called: only JSON bodies have this DTO."""
        raise NotImplementedError

    def data_to_encodable_type(self, data: object) -> NoReturn:
        """Never called: answers are encoded by msgspec."""
        raise NotImplementedError

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> NoReturn:
        """Never called: there are no transfer models."""
        raise NotImplementedError

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        """Never called: there are no transfer models."""
        del field_definition
        return False
