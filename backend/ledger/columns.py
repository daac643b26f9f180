"""Entries as parameters of the append: JSON objects for a few, one array for each column for many."""

import re
from collections.abc import Sequence
from typing import Any, Final, LiteralString, cast

import msgspec

from backend.ledger.model import Entry

COLUMNS: Final[dict[str, str]] = {
    "project_id": "uuid",
    "punch_id": "uuid",
    "received_at": "timestamptz",
    "source": "text",
    "source_id": "uuid",
    "event_key": "text",
    "bucket": "date",
    "person_id": "uuid",
    "section_id": "uuid",
    "occurred_at": "timestamptz",
    "device_time": "text",
    "time_quality": "text",
    "direction": "text",
    "direction_source": "text",
    "trust": "text",
    "method": "text",
    "lane": "text",
    "granted": "boolean",
    "fence_version_id": "uuid",
    "policy_version": "integer",
    "covered": "boolean",
    "signed_distance_m": "float8",
    "probability": "float8",
    "accuracy_m": "float8",
    "sigma_m": "float8",
    "chainage_m": "float8",
    "offset_m": "float8",
    "signals": "text[]",
    "payload_digest": "text",
    "private_digest": "text",
    "key_id": "uuid",
    "sealed": "text",
    "ruling_id": "uuid",
    "outcome": "text",
    "reasons": "jsonb",
    "deadline_at": "timestamptz",
    "proof_id": "uuid",
    "receipt": "jsonb",
}
"""Fields of Entry, and the types of the columns that they become."""

# An array of arrays would have to be rectangular, and JSON is escaped twice: these travel as texts.
_AS_TEXT: Final = {name for name, kind in COLUMNS.items() if kind in {"text[]", "jsonb"}}

_DECLARED: Final = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
_READ: Final = ", ".join(f"{name}::{kind}" if name in _AS_TEXT else name for name, kind in COLUMNS.items())
_ARRAYS: Final = ", ".join(f"%s::text::{'text' if name in _AS_TEXT else kind}[]" for name, kind in COLUMNS.items())

# Nothing but the names and types above goes into them.
FROM_OBJECTS: Final = cast(
    "LiteralString",
    f"SELECT * FROM json_to_recordset(%s::text::json) AS e ({_DECLARED})",  # noqa: S608 - ours alone
)
FROM_ARRAYS: Final = cast(
    "LiteralString",
    f"SELECT {_READ} FROM unnest({_ARRAYS}) AS e ({', '.join(COLUMNS)})",  # noqa: S608 - likewise
)

_encoder = msgspec.json.Encoder()
# JSON's escapes of a quotation mark and a backslash are those of PostgreSQL's arrays; its others are not.
_FOREIGN_ESCAPE: Final = re.compile(rb'(?<!\\)(?:\\\\)*\\[^"\\]')


def as_objects(entries: Sequence[Entry]) -> tuple[str]:
    """Return the parameter of FROM_OBJECTS: cheap to make and to send for a few entries, dear to read for many."""
    return (_encoder.encode(entries).decode(),)


def as_arrays(entries: Sequence[Entry]) -> tuple[str, ...] | None:
    """Return the parameters of FROM_ARRAYS, which PostgreSQL reads in half the time; None if JSON cannot spell them."""
    arrays: list[str] = []
    for name in COLUMNS:
        values: list[Any] = [getattr(entry, name) for entry in entries]
        if name == "signals":  # plain words
            values = ["{" + ",".join(words) + "}" for words in values]
        elif name in _AS_TEXT:
            values = [_encoder.encode(value).decode() for value in values]
        encoded = _encoder.encode(values)
        if b"\\" in encoded and _FOREIGN_ESCAPE.search(encoded):
            return None
        arrays.append("{" + encoded[1:-1].decode() + "}")
    return tuple(arrays)
