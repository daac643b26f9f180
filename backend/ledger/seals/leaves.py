"""What a leaf of the log is made of: the columns of a ledger row in a fixed order, each with its length.

A field is its length (4 bytes, signed, big-endian; -1 for NULL) and its bytes as PostgreSQL's binary format gives them:
numbers big-endian, instants as microseconds since 2000-01-01 UTC, texts in UTF-8. A row of `COPY … (FORMAT binary)` is
such a list of fields, so that nothing has to be encoded again to hash it. docs/ledger-proofs.md tells it in full.
"""

import struct
from binascii import crc_hqx
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

FORMAT: Final = "daogang.leaf/1"
EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND: Final = timedelta(microseconds=1)

Kind = Literal["punch", "ruling", "attribution", "erasure"]
Type = Literal["text", "uuid", "instant", "bool", "int", "float", "bytes", "texts"]
KINDS: Final[tuple[Kind, ...]] = ("punch", "ruling", "attribution", "erasure")


class Field(NamedTuple):
    """A column of a leaf: the name it has in proofs, its type, and where it stands in the ledger's tables."""

    name: str
    type: Type
    source: str


def _of(alias: str, columns: str, prefix: str = "") -> tuple[Field, ...]:
    fields: list[Field] = []
    for column in columns.split():
        name, _, kind = column.partition(":")
        # As PostgreSQL writes it: keys in its order, numbers as they were given. Everything else is binary.
        source = f"{alias}.{name}::text" if kind == "json" else f"{alias}.{name}"
        fields.append(Field(prefix + name, "text" if kind == "json" else _TYPES[kind], source))
    return tuple(fields)


_TYPES: Final[Mapping[str, Type]] = {
    "": "text",
    "u": "uuid",
    "t": "instant",
    "b": "bool",
    "i": "int",
    "f": "float",
    "x": "bytes",
    "a": "texts",
}

_RULING: Final = "ruling_id:u seq:i outcome reasons:json policy_version:i ruled_by:u note deadline_at:t"

FIELDS: Final[Mapping[Kind, tuple[Field, ...]]] = {
    # A punch and the ruling that was made with it are written by one statement, and are one leaf.
    "punch": (
        *_of(
            "p",
            "project_id:u received_at:t punch_id:u source source_id:u event_key person_id:u section_id:u occurred_at:t "
            "device_time time_quality direction direction_source trust method lane granted:b fence_version_id:u "
            "policy_version:i covered:b signed_distance_m:f probability:f accuracy_m:f sigma_m:f chainage_m:f "
            "offset_m:f signals:a payload_digest:x private_digest:x",
        ),
        *_of("r", _RULING, "first_ruling."),
    ),
    "ruling": _of("r", f"project_id:u ruled_at:t punch_id:u {_RULING}"),
    "attribution": _of(
        "a", "project_id:u made_at:t attribution_id:u punch_id:u person_id:u occurred_at:t made_by:u reason"
    ),
    "erasure": _of("x", "project_id:u made_at:t erasure_id:u subject subject_id:u digests:x reason made_by:u"),
}
"""The columns of each kind of leaf, in order; two fields stand before them: FORMAT and the kind."""

FROM: Final[Mapping[Kind, str]] = {
    "punch": (
        "LEFT JOIN punch p ON p.project_id = e.project_id AND p.received_at = e.entry_at AND p.punch_id = e.entry_id "
        "{window:p.received_at} "
        "LEFT JOIN ruling r ON r.project_id = e.project_id AND r.punch_id = e.entry_id AND r.ruled_at = e.entry_at "
        "AND r.seq = 1 {window:r.ruled_at}"
    ),
    "ruling": (
        "LEFT JOIN ruling r ON r.project_id = e.project_id AND r.ruled_at = e.entry_at AND r.ruling_id = e.entry_id "
        "{window:r.ruled_at}"
    ),
    "attribution": (
        "LEFT JOIN attribution a ON a.project_id = e.project_id AND a.made_at = e.entry_at "
        "AND a.attribution_id = e.entry_id {window:a.made_at}"
    ),
    "erasure": (
        "LEFT JOIN erasure x ON x.project_id = e.project_id AND x.made_at = e.entry_at "
        "AND x.erasure_id = e.entry_id {window:x.made_at}"
    ),
}
"""How a kind's rows are found from `e` (project_id, entry_at, entry_id)."""


def select_list(kind: Kind) -> str:
    """Return the columns of a SELECT whose binary rows are the kind's leaves."""
    return ", ".join((f"'{FORMAT}'::text", f"'{kind}'::text", *(field.source for field in FIELDS[kind])))


def _head(kind: Kind) -> bytes:
    return b"".join(struct.pack("!i", len(one)) + one for one in (FORMAT.encode(), kind.encode()))


HEADS: Final[Mapping[Kind, bytes]] = {kind: _head(kind) for kind in KINDS}
"""With what the bytes of each kind's leaves begin."""

ABSENT: Final[Mapping[Kind, bytes]] = {kind: HEADS[kind] + b"\xff\xff\xff\xff" * len(FIELDS[kind]) for kind in KINDS}
"""The bytes that a SELECT gives for a row that is not there."""


def split(content: bytes) -> list[bytes]:
    """Return the fields of a leaf's bytes, each with its length in front; raises ValueError for what is no leaf."""
    fields: list[bytes] = []
    place = 0
    while place < len(content):
        if place + 4 > len(content):
            msg = "a leaf ends inside a length"
            raise ValueError(msg)
        (length,) = struct.unpack_from("!i", content, place)
        end = place + 4 + max(length, 0)
        if length < -1 or end > len(content):
            msg = "a leaf ends inside a field"
            raise ValueError(msg)
        fields.append(content[place:end])
        place = end
    return fields


def kind_of(content: bytes) -> Kind:
    """Return the kind of a leaf's bytes; raises ValueError for another format or kind."""
    for kind, head in HEADS.items():
        if content.startswith(head):
            return kind
    msg = "the bytes are no leaf of this format"
    raise ValueError(msg)


def read_leaf(content: bytes) -> dict[str, Any]:
    """Return the columns of a leaf's bytes by name; raises ValueError for what is no leaf."""
    kind = kind_of(content)
    values = split(content)[2:]
    if len(values) != len(FIELDS[kind]):
        msg = f"a leaf of kind {kind} has {len(FIELDS[kind])} columns, not {len(values)}"
        raise ValueError(msg)
    return {
        field.name: None if value[:4] == b"\xff\xff\xff\xff" else _READERS[field.type](value[4:])
        for field, value in zip(FIELDS[kind], values, strict=True)
    }


def _instant(value: bytes) -> datetime:
    return EPOCH + int.from_bytes(value, "big", signed=True) * MICROSECOND


def _float(value: bytes) -> float:
    found: float = struct.unpack("!d", value)[0]
    return found


def _texts(value: bytes) -> list[str | None]:
    """Read a text[] of one dimension: dimensions, has-nulls flag, type, then length and lower bound, then fields."""
    (dimensions,) = struct.unpack_from("!i", value)
    if dimensions == 0:
        return []
    if dimensions != 1:
        msg = "a list of lists is no list of texts"
        raise ValueError(msg)
    return [None if one[:4] == b"\xff\xff\xff\xff" else one[4:].decode() for one in split(value[20:])]


_READERS: Final[Mapping[Type, Callable[[bytes], Any]]] = {
    "text": bytes.decode,
    "uuid": lambda value: UUID(bytes=value),
    "instant": _instant,
    "bool": lambda value: value != b"\x00",
    "int": lambda value: int.from_bytes(value, "big", signed=True),
    "float": _float,
    "bytes": bytes,
    "texts": _texts,
}


def marks_of(content: bytes) -> bytes:
    """Return two bytes for each column of a leaf, by which a later reader can tell *which* column was changed.

    They prove nothing, the leaf's hash does. They are CRCs of 16 bits: a change within two bytes always shows, one of
    65 536 others does not.
    """
    return b"".join(crc_hqx(field, 0xFFFF).to_bytes(2, "big") for field in split(content)[2:])


def changed_columns(kind: Kind, content: bytes, marks: bytes) -> list[str]:
    """Return the names of the columns that do not bear the marks any more, in order."""
    now = marks_of(content)
    return [
        field.name
        for place, field in enumerate(FIELDS[kind])
        if now[2 * place : 2 * place + 2] != marks[2 * place : 2 * place + 2]
    ]
