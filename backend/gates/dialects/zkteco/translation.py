"""Translates what `/iclock` terminals upload, by the table that each request names (pure)."""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from functools import reduce
from typing import Final, Literal, NamedTuple

from backend.gates.bodies import decode_text, plain_line
from backend.gates.dialects.zkteco.access import read_counters, read_fields, read_records
from backend.gates.dialects.zkteco.attendance import Row, attendance_event, read_rows
from backend.gates.dialects.zkteco.operations import read_operations
from backend.gates.dialects.zkteco.photos import read_photo
from backend.gates.dialects.zkteco.requests import Ask, firmware_of, mac_of, read_options
from backend.gates.outages.clock_faults import live_skews_s
from backend.gates.translation import Liveness, Remark, TranslatedEvent, Translation, UnreadLine

Kind = Literal[
    "attendance", "operations", "photo", "options", "passes", "transactions", "state", "counters", "table", "unknown"
]

PART_BYTES: Final = 64_000
"""A body of rows is read in parts of about so many bytes, so that memory does not grow with its length."""

SKEW_ROWS: Final = 3
"""A body with more rows than this is no live one, whatever their times are."""

_BY_TABLE: Final[dict[str, Kind]] = {
    "attlog": "attendance",
    "operlog": "operations",
    "attphoto": "photo",
    "options": "options",
    "rtlog": "passes",
    "rtstate": "state",
    "irstate": "counters",
}
_BY_WORD: Final[tuple[tuple[str, Kind], ...]] = (
    ("oplog", "operations"),
    ("user ", "operations"),
    ("fp ", "operations"),
    ("irstate=", "counters"),
    ("transaction ", "transactions"),
)
_UPLOAD: Final = re.compile(rb"(?im)^CMD=(?:upload|realupload)(?:photo)?\b")
_IN_PARTS: Final = frozenset({"attendance", "passes", "transactions"})


class Part(NamedTuple):
    """Some lines of a body, and the number of the first of them."""

    first_line: int
    content: bytes


def kind_of(ask: Ask, body: bytes) -> Kind:
    """Tell what a body holds: by the table that the request names, else by how the body begins."""
    if ask.table == "tabledata" or (not ask.table and ask.table_name):
        return "transactions" if ask.table_name.lower() == "transaction" else "table"
    named = _BY_TABLE.get(ask.table)
    return named or ("unknown" if ask.table else _kind_by_content(body))


def parts_of(kind: Kind, body: bytes) -> Iterator[Part]:
    """Cut a body of rows into parts at line ends; any other body is one part."""
    if kind not in _IN_PARTS or not body:
        yield Part(1, body)
        return
    end_of_line = b"\n" if b"\n" in body[:PART_BYTES] else b"\r"
    begin, line = 0, 1
    while begin < len(body):
        found = body.find(end_of_line, begin + PART_BYTES)
        end = len(body) if found < 0 else found + 1
        content = body[begin:end]
        yield Part(line, content)
        line += content.count(end_of_line)
        begin = end


def translate_part(kind: Kind, part: Part, zone: tzinfo, received_at: datetime) -> Translation:  # noqa: PLR0911 - kinds
    """Translate one part; its `answer` is the number of rows in it, as text."""
    if kind == "attendance":
        return _attendance(part, zone, received_at)
    if kind in {"passes", "transactions"}:
        return _records(part, zone, received_at)
    if kind == "operations":
        found = read_operations(part.content, zone)
        return Translation(remarks=found.remarks, unread=found.unread, users=found.users, answer=_count(found.count))
    if kind == "photo":
        photo = read_photo(part.content, zone)
        if isinstance(photo, str):
            return Translation(remarks=(dropped(photo, received_at),), answer=_count(1))
        return Translation(photos=(photo,), answer=_count(1))
    text = decode_text(part.content).text
    if kind == "options":
        options = read_options(text)
        return Translation(liveness=Liveness(firmware=firmware_of(options), mac=mac_of(options)), answer=_count(1))
    if kind == "counters":
        counters = read_counters(text, received_at)
        return Translation(remarks=() if counters is None else (counters,), answer=_count(1))
    if kind in {"state", "table"}:
        # States are signs of life; others hold its own people and settings, not ours to keep.
        return Translation(answer=_count(sum(1 for line in _lines(text) if line.strip())))
    unread = [UnreadLine(1, "table_unknown", plain_line(text.split("\n", 1)[0]))] if text.strip() else []
    return Translation(unread=tuple(unread), answer=_count(0))


def answer_of(kind: Kind, ask: Ask, count: int) -> bytes:
    """Return the acknowledgement of a body with `count` rows."""
    if kind in {"table", "transactions"} and ask.table_name:
        # Whatever else is said here, the terminal repeats the table for ever.
        return f"{ask.table_name}={count if ask.count is None else ask.count}".encode()
    return f"OK: {count}".encode() if kind in {"attendance", "operations"} else b"OK"


def translate(ask: Ask, body: bytes, zone: tzinfo, received_at: datetime) -> Translation:
    """Translate a whole body at once, with the answer that the terminal gets."""
    kind = kind_of(ask, body)
    whole = reduce(joined, (translate_part(kind, part, zone, received_at) for part in parts_of(kind, body)))
    return Translation(
        events=whole.events,
        remarks=whole.remarks,
        unread=whole.unread,
        photos=whole.photos,
        users=whole.users,
        liveness=whole.liveness,
        answer=answer_of(kind, ask, int(whole.answer)),
    )


def joined(one: Translation, other: Translation) -> Translation:
    """Return two parts of one body as one, their rows counted together."""
    return Translation(
        events=one.events + other.events,
        remarks=one.remarks + other.remarks,
        unread=one.unread + other.unread,
        photos=one.photos + other.photos,
        answer=_count(int(one.answer) + int(other.answer)),
    )


def dropped(code: str, received_at: datetime, *, size: int | None = None) -> Remark:
    """Return the remark that something was acknowledged and not kept."""
    key = f"drop|{code}|{received_at.isoformat()}"
    return Remark(kind="dropped", code=code, key=key, at=received_at, detail={} if size is None else {"bytes": size})


def _kind_by_content(body: bytes) -> Kind:
    if _UPLOAD.search(body[:2000]) is not None:
        return "photo"
    head = body[:2000].decode("utf-8", errors="replace").lstrip()
    first = head.split("\n", 1)[0]
    named = first.lower().replace(" ", "").strip()
    if named.startswith("table="):
        return _BY_TABLE.get(named.removeprefix("table="), "unknown")
    by_word: Kind | None = next((kind for word, kind in _BY_WORD if first.lower().startswith(word)), None)
    if by_word is not None:
        return by_word
    fields = read_fields(first)
    if "event" in fields and "time" in fields:
        return "passes"
    return "state" if "sensor" in fields or "relay" in fields else "attendance"


def _attendance(part: Part, zone: tzinfo, received_at: datetime) -> Translation:
    read = list(read_rows(_lines(decode_text(part.content).text), zone, first_line=part.first_line))
    events = tuple(attendance_event(row, received_at) for row in read if isinstance(row, Row))
    return Translation(
        events=events,
        unread=tuple(row for row in read if isinstance(row, UnreadLine)),
        liveness=_skews(events, received_at),
        answer=_count(len(read)),
    )


def _records(part: Part, zone: tzinfo, received_at: datetime) -> Translation:
    found = read_records(_lines(decode_text(part.content).text), zone, received_at, first_line=part.first_line)
    return Translation(
        events=found.events,
        remarks=found.remarks,
        unread=found.unread,
        liveness=_skews(found.events, received_at) if found.count <= SKEW_ROWS else Liveness(),
        answer=_count(found.count),
    )


def _skews(events: Sequence[TranslatedEvent], received_at: datetime) -> Liveness:
    if len(events) > SKEW_ROWS:
        return Liveness()
    live = [event.at for event in events if event.live]
    if live:
        return Liveness(skews_s=tuple(live_skews_s(live, received_at)))
    return Liveness(doubtful_skews_s=tuple(live_skews_s((event.at for event in events), received_at)))


def _lines(text: str) -> list[str]:
    """Split at line feeds and carriage returns alone: other signs may be part of a name."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _count(rows: int) -> bytes:
    return str(rows).encode()
