import struct
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.ledger.seals import leaves
from backend.ledger.seals.leaves import FIELDS, HEADS, KINDS, Kind
from backend.ledger.tables import Attribution, Erasure, Punch, Ruling

CONTENTS = {
    "text": st.text(max_size=20).map(str.encode),
    "uuid": st.binary(min_size=16, max_size=16),
    "instant": st.integers(-(2**40), 2**50).map(lambda value: value.to_bytes(8, "big", signed=True)),
    "bool": st.sampled_from([b"\x00", b"\x01"]),
    "int": st.integers(-(2**31), 2**31 - 1).map(lambda value: value.to_bytes(4, "big", signed=True)),
    "float": st.floats(allow_nan=False).map(lambda value: struct.pack("!d", value)),
    "bytes": st.binary(max_size=40),
    "texts": st.just(struct.pack("!iii", 0, 0, 25)),
}


def field_of(value: bytes | None) -> bytes:
    return b"\xff\xff\xff\xff" if value is None else struct.pack("!i", len(value)) + value


@st.composite
def rows(draw: st.DrawFn) -> tuple[Kind, list[bytes]]:
    kind = draw(st.sampled_from(KINDS))
    return kind, [field_of(draw(st.none() | CONTENTS[field.type])) for field in FIELDS[kind]]


@given(rows())
def test_a_leaf_is_split_and_read_as_it_was_put_together(row: tuple[Kind, list[bytes]]) -> None:
    kind, fields = row
    content = HEADS[kind] + b"".join(fields)
    assert leaves.split(content)[2:] == fields
    assert leaves.kind_of(content) == kind
    assert list(leaves.read_leaf(content)) == [field.name for field in FIELDS[kind]]


@given(rows(), st.data())
def test_the_column_that_was_changed_is_named(row: tuple[Kind, list[bytes]], data: st.DataObject) -> None:
    kind, fields = row
    marks = leaves.marks_of(HEADS[kind] + b"".join(fields))
    place = data.draw(st.integers(0, len(fields) - 1))
    # NULL becomes a text, everything else NULL; no two of the texts above share their mark with NULL.
    changed = field_of(b"changed") if fields[place] == field_of(None) else field_of(None)
    content = HEADS[kind] + b"".join([*fields[:place], changed, *fields[place + 1 :]])
    bears = leaves.marks_of(content)[2 * place : 2 * place + 2] == marks[2 * place : 2 * place + 2]
    assert leaves.changed_columns(kind, content, marks) == ([] if bears else [FIELDS[kind][place].name])


def test_values_are_read_by_their_types() -> None:
    project, ruling = UUID(int=1), UUID(int=2)
    at = (datetime(2026, 3, 16, 1, 30, 0, 5, tzinfo=UTC) - leaves.EPOCH) // leaves.MICROSECOND
    values = [
        project.bytes,
        at.to_bytes(8, "big"),
        project.bytes,
        ruling.bytes,
        (2).to_bytes(4, "big"),
        "计入".encode(),
    ]
    fields = [*values, b'[{"code": "x"}]', (7).to_bytes(4, "big"), None, None, None]
    found = leaves.read_leaf(HEADS["ruling"] + b"".join(map(field_of, fields)))
    assert found == {
        "project_id": project,
        "ruled_at": datetime(2026, 3, 16, 1, 30, 0, 5, tzinfo=UTC),
        "punch_id": project,
        "ruling_id": ruling,
        "seq": 2,
        "outcome": "计入",
        "reasons": '[{"code": "x"}]',
        "policy_version": 7,
        "ruled_by": None,
        "note": None,
        "deadline_at": None,
    }


def test_lists_of_texts_are_read() -> None:
    place = [field.name for field in FIELDS["punch"]].index("signals")
    several = struct.pack("!iiiii", 1, 0, 25, 2, 1) + field_of(b"a") + field_of("重复".encode())
    for value, expected in ((several, ["a", "重复"]), (struct.pack("!iii", 0, 0, 25), [])):
        fields: list[bytes | None] = [None] * len(FIELDS["punch"])
        fields[place] = value
        assert leaves.read_leaf(HEADS["punch"] + b"".join(map(field_of, fields)))["signals"] == expected


@pytest.mark.parametrize(
    "content", [b"", b"\x00", HEADS["ruling"][:-1], HEADS["ruling"], HEADS["ruling"] + b"\x00\x00"]
)
def test_what_is_no_leaf_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match="leaf"):
        leaves.read_leaf(content)


def test_a_row_that_is_not_there_is_told_apart() -> None:
    for kind in KINDS:
        assert set(leaves.read_leaf(leaves.ABSENT[kind]).values()) == {None}


def test_every_column_of_the_ledger_is_in_its_leaf() -> None:
    """A new column needs a new format of leaves; until then this fails."""
    for kind, table in zip(KINDS, (Punch, Ruling, Attribution, Erasure), strict=True):
        alias = "x" if kind == "erasure" else kind[0]
        sources = {field.source.removesuffix("::text") for field in FIELDS[kind]}
        assert sources >= {f"{alias}.{column.name}" for column in table.__table__.columns}
    first = {field.source.removesuffix("::text") for field in FIELDS["punch"] if field.source.startswith("r.")}
    every = {f"r.{column.name}" for column in Ruling.__table__.columns}
    assert every - first == {"r.project_id", "r.punch_id", "r.ruled_at"}, "which the punch's own columns tell"
