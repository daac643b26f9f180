"""The form of request and answer bodies, and their strict decoding."""

from datetime import datetime
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from litestar.dto import AbstractDTO
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition
from msgspec import Meta, Struct

from backend.kit.errors import BodyTooLarge, InvalidBody, MalformedBody

Item = TypeVar("Item")

Instant = Annotated[datetime, Meta(tz=True, description="RFC 3339 instant with offset")]
Lon = Annotated[float, Meta(ge=-180, le=180, description="degrees east")]
Lat = Annotated[float, Meta(ge=-90, le=90, description="degrees north")]
Name = Annotated[str, Meta(min_length=1, max_length=100)]
Title = Annotated[str, Meta(min_length=1, max_length=200)]
Note = Annotated[str, Meta(min_length=1, max_length=1000)]
Limit = Annotated[int, Meta(ge=1, le=200)]


class Wire(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of every body: an unknown field is a mistake, not a wish."""


class Page(Struct, Generic[Item], frozen=True, kw_only=True):
    """One page of a list; `next` is the `after` of the following one, null on the last."""

    items: list[Item]
    next: str | None = None


def decode(body: bytes, decoder: msgspec.json.Decoder[Item], limit: int = 1_000_000) -> Item:
    """Decode strictly: `"1.5"` is not a number, NaN is not JSON.

    Raises BodyTooLarge, MalformedBody or InvalidBody (naming the place).
    """
    if len(body) > limit:
        raise BodyTooLarge(limit_bytes=limit)
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `")
        raise InvalidBody(errors=[{"path": path.rstrip("`") or "$", "message": message}]) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MalformedBody(reason=str(error)) from error


class StrictJSON(AbstractDTO[Any]):
    """Makes Litestar decode bodies with `decode`: its own way coerces, and the last of two equal keys wins."""

    _decoders: dict[str, msgspec.json.Decoder[Any]] = {}  # noqa: RUF012 - shared on purpose, by handler id

    @classmethod
    def is_supported_model_type_field(cls, field_definition: FieldDefinition) -> bool:
        """Take every body except raw bytes."""
        return field_definition.annotation is not bytes

    @classmethod
    def create_for_field_definition(
        cls, field_definition: FieldDefinition, handler_id: str, backend_cls: Any = None
    ) -> None:
        """Build the handler's decoder once."""
        del backend_cls
        cls._decoders[handler_id] = msgspec.json.Decoder(field_definition.annotation, strict=True)

    @classmethod
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: Any
    ) -> Reference | Schema:
        """Document the annotated type itself."""
        del handler_id
        return schema_creator.for_field_definition(field_definition)

    def decode_bytes(self, value: bytes) -> Any:
        """Decode a body for this handler."""
        return decode(value, self._decoders[self.asgi_connection.route_handler.handler_id])

    def decode_builtins(self, value: dict[str, Any]) -> Any:
        """Never called: only JSON bodies have this DTO."""
        raise NotImplementedError

    def data_to_encodable_type(self, data: Any) -> Any:
        """Never called: answers are encoded by msgspec."""
        raise NotImplementedError

    @classmethod
    def generate_field_definitions(cls, model_type: type[Any]) -> Any:
        """Never called: there are no transfer models."""
        raise NotImplementedError

    @classmethod
    def detect_nested_field(cls, field_definition: FieldDefinition) -> bool:
        """Never called: there are no transfer models."""
        del field_definition
        return False


def absent(value: object) -> bool:
    """Tell whether an optional field of a PATCH body was left out."""
    return value is msgspec.UNSET


__all__ = [
    "Instant",
    "Lat",
    "Limit",
    "Lon",
    "Name",
    "Note",
    "Page",
    "StrictJSON",
    "Title",
    "Wire",
    "absent",
    "decode",
]
