"""Reads the attendance protocol's OPERLOG: what was done at the terminal, and whom it knows (pure)."""

import re
from collections.abc import Iterable
from datetime import tzinfo
from typing import Final

from msgspec import Struct

from backend.gates.bodies import RECORD_NAMES, TEMPLATE_NAMES, decode_text, plain_line
from backend.gates.device_time import read_device_time
from backend.gates.translation import Remark, TerminalUser, UnreadLine

TAMPERING: Final = {"21": "clock_set", "22": "factory_reset", "23": "records_deleted"}
"""Operations after which a terminal's records of that day deserve a second look."""

_AUDITED: Final = {"0": "powered_on", "3": "alarm", "4": "menu_entered", "5": "setting_changed"}
_CODE: Final = re.compile(r"\d{1,4}")
_WORD: Final = re.compile(r"[0-9A-Za-z_.:-]{0,32}")


class Operations(Struct, frozen=True):
    """What an OPERLOG body holds; `cut` counts the records of templates, of which nothing else is kept."""

    remarks: tuple[Remark, ...]
    users: tuple[TerminalUser, ...]
    unread: tuple[UnreadLine, ...]
    count: int
    cut: int


def read_operations(body: bytes, zone: tzinfo) -> Operations:
    """Read a body line by line; each line is decoded by itself, since one terminal mixes encodings."""
    remarks: list[Remark] = []
    users: list[TerminalUser] = []
    unread: list[UnreadLine] = []
    count = cut = 0
    inside_template = False
    for number, raw in enumerate(body.split(b"\n"), 1):
        decoded = decode_text(raw.strip(b"\r"))
        name, _, rest = (
            decoded.text.partition(" ") if decoded.text[:6] != "OPLOG\t" else ("OPLOG", "", decoded.text[6:])
        )
        name = name.upper()
        if name not in RECORD_NAMES:
            # A template may hold line breaks: what follows it belongs to it.
            if not inside_template and decoded.text.strip():
                unread.append(UnreadLine(number, "not_a_record", plain_line(decoded.text)))
            continue
        count += 1
        inside_template = name in TEMPLATE_NAMES
        if inside_template:
            cut += 1
        elif name == "OPLOG":
            read = _read_operation(rest, zone)
            if isinstance(read, str):
                unread.append(UnreadLine(number, read, plain_line(decoded.text)))
            else:
                remarks.extend(read)
        elif name == "USER":
            users.extend(_read_user(rest, replaced=decoded.replaced))
    return Operations(tuple(remarks), tuple(users), tuple(unread), count, cut)


def _read_operation(rest: str, zone: tzinfo) -> Iterable[Remark] | str:
    columns = [column.strip() for column in (rest.split("\t") if "\t" in rest else _spaced(rest))]
    if len(columns) < 3 or _CODE.fullmatch(columns[0]) is None:  # noqa: PLR2004 - code, operator, time
        return "not_a_record"
    code, operator = columns[0], columns[1] if _WORD.fullmatch(columns[1]) else ""
    time = read_device_time(columns[2], zone)
    if time is None:
        return "no_time"
    told = TAMPERING.get(code) or _AUDITED.get(code)
    if told is None:
        return ()
    objects = [value if _WORD.fullmatch(value) else "" for value in columns[3:7]]
    remark = Remark(
        kind="tamper" if code in TAMPERING else "audit",
        code=told,
        key=f"op|{code}|{time.text}|{'|'.join(objects)}"[:200],
        at=time.at,
        detail={"operation": int(code), "operator": operator, "device_time": time.text, "objects": objects},
    )
    return (remark,)


def _spaced(rest: str) -> list[str]:
    parts = rest.split()
    return [*parts[:2], " ".join(parts[2:4]), *parts[4:]]


def _read_user(rest: str, *, replaced: bool) -> Iterable[TerminalUser]:
    parts = (part.partition("=") for part in rest.split("\t"))
    fields = {key.strip().upper(): value.strip() for key, _, value in parts}
    number, name = fields.get("PIN", ""), fields.get("NAME", "")
    if number:
        yield TerminalUser(number[:64], "".join(sign for sign in name if sign.isprintable())[:100], replaced)
