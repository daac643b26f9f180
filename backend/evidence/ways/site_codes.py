"""What a rotating site code says and when it holds (pure): a keyed tag over site, code and the number of a 30 s step.

As in RFC 6238 the step is the time since 1970 divided by 30 s. A screen has room for more than six digits: the text
carries the code's id, the step and 128 bits of HMAC-SHA256, so that it can be checked later, and nobody tries tags
until one fits.
"""

import base64
import binascii
import hmac
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

STEP: Final = timedelta(seconds=30)
AROUND: Final = 1
"""So many steps before and after the present one are taken: people take a moment, and clocks differ."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LABEL: Final = b"daogang.site-code.1\x00"
_TAG_BYTES: Final = 16
_TEXT: Final = re.compile(r"DGQ1\.([0-9A-Za-z_-]{22})\.([0-9]{1,12})\.([0-9A-Za-z_-]{22})")
LONGEST: Final = 80


@dataclass(frozen=True, slots=True)
class Scan:
    """A text that was scanned and looks like a code: which one, of which step, with which tag."""

    code_id: UUID
    step: int
    tag: bytes


def step_at(at: datetime) -> int:
    """Return the number of the step in which an instant lies."""
    return (at - _EPOCH) // STEP


def step_begins(step: int) -> datetime:
    """Return the first instant of a step."""
    return _EPOCH + step * STEP


def write_code(secret: bytes, project_id: UUID, code_id: UUID, step: int) -> str:
    """Return the text that is shown during a step."""
    tag = _tag(secret, project_id, code_id, step)
    return f"DGQ1.{_base64url(code_id.bytes)}.{step}.{_base64url(tag)}"


def read_code(text: str) -> Scan | None:
    """Return what a scanned text says, None if it is no code of ours; nothing is checked yet."""
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    try:
        code_id, tag = (base64.urlsafe_b64decode(part + "==") for part in (found[1], found[3]))
    except binascii.Error:
        return None
    scan = Scan(UUID(bytes=code_id), int(found[2]), tag)
    # One code has one spelling: the last character of base64url has bits to spare.
    return scan if text == f"DGQ1.{_base64url(code_id)}.{scan.step}.{_base64url(tag)}" else None


def is_genuine(scan: Scan, secret: bytes, project_id: UUID) -> bool:
    """Tell whether the site's screen has shown this, or will."""
    return hmac.compare_digest(scan.tag, _tag(secret, project_id, scan.code_id, scan.step))


def is_current(scan: Scan, at: datetime) -> bool:
    """Tell whether the code is taken on line at an instant: its step is the present one, or next to it."""
    return abs(scan.step - step_at(at)) <= AROUND


def shown_during(scan: Scan) -> tuple[datetime, datetime]:
    """Return between which instants the code can have been scanned: its step, and as much around as is taken on line.

    This is the bound of the time that a code witnesses which was scanned without network.
    """
    return step_begins(scan.step - AROUND), step_begins(scan.step + AROUND + 1)


def _tag(secret: bytes, project_id: UUID, code_id: UUID, step: int) -> bytes:
    message = _LABEL + project_id.bytes + code_id.bytes + step.to_bytes(8)
    return hmac.digest(secret, message, "sha256")[:_TAG_BYTES]


def _base64url(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()
