"""Reads what terminals answer to commands under `/iclock/devicecmd` (pure).

`ID=q7&Return=0&CMD=INFO`, several of them on lines of their own; INFO's is followed by lines `Name=value`, that of
VERIFY SUM carries `AttlogSum` (older firmwares: `AttlogCount`).
"""

import re
from typing import Final, NamedTuple

from backend.gates.bodies import decode_text
from backend.gates.commands.model import CommandResult, number_of
from backend.gates.dialects.zkteco.requests import firmware_of, read_options
from backend.gates.translation import Liveness

LINES_LIMIT: Final = 2000
READ_BYTES: Final = 200_000

_CODE: Final = re.compile(r"-?\d{1,9}")
_COUNT: Final = re.compile(r"\d{1,9}")


class Results(NamedTuple):
    """Answers to commands of ours, and what an INFO among them tells of the device."""

    answers: tuple[CommandResult, ...]
    told: Liveness


def read_results(body: bytes) -> Results:
    """Read a body; lines that belong to no command of ours count for nothing."""
    text = decode_text(body[:READ_BYTES]).text
    answers: list[CommandResult] = []
    options: list[str] = []
    of_ours = False
    for line in re.split(r"[\r\n]+", text)[:LINES_LIMIT]:
        fields = _fields(line)
        if "id" in fields:
            number = number_of(fields["id"])
            of_ours = number is not None and fields.get("cmd", "").upper() == "INFO"
            code = fields.get("return", "")
            if number is not None and _CODE.fullmatch(code):
                answers.append(CommandResult(number, int(code), _count(fields)))
        elif of_ours:
            options.append(line)
    found = read_options("\n".join(options))
    stored = found.get("transactioncount", "")
    return Results(
        tuple(answers),
        Liveness(
            reported_count=int(stored) if _COUNT.fullmatch(stored) else None,
            firmware=firmware_of(found),
        ),
    )


def _fields(line: str) -> dict[str, str]:
    if not re.match(r"\s*ID=", line, re.IGNORECASE):
        return {}
    pairs = (part.partition("=") for part in re.split(r"[&\t]", line[:2000]))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _count(fields: dict[str, str]) -> int | None:
    for name in ("attlogsum", "attlogcount"):
        value = fields.get(name, "")
        if _COUNT.fullmatch(value):
            return int(value)
    return None
