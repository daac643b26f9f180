"""Opens what terminals send, packed or not, within fixed bounds, and cuts out what must not be kept (pure)."""

import re
import tarfile
import zipfile
import zlib
from io import BytesIO
from typing import Final, NamedTuple

UNPACKED_LIMIT: Final = 8 * 1024 * 1024
"""Bytes that a packed body may unfold to."""

MEMBERS_LIMIT: Final = 50
"""Files that an archive may hold."""

CUT: Final = b"[cut]"

TEMPLATE_NAMES: Final = frozenset(
    {"FP", "FACE", "BIOPHOTO", "BIODATA", "USERPIC", "FVEIN", "FINGERTMP", "PALM", "TEMPLATEV10", "FACEV7"}
)
"""The words with which records of templates and pictures begin; their value may go on in the next lines."""

RECORD_NAMES: Final = TEMPLATE_NAMES | {"OPLOG", "USER", "IDCARD", "ERRORLOG"}
"""The words with which records of the attendance protocol begin."""

_LINE_LIMIT: Final = 4000

_GZIP, _ZIP = b"\x1f\x8b", b"PK\x03\x04"
# `Content-Encoding: deflate`: the usual window with each of its levels. No text begins like that.
_ZLIB: Final = (b"\x78\x01", b"\x78\x5e", b"\x78\x9c", b"\x78\xda")
_TAR_MARK: Final = slice(257, 262)

# Fingerprints, faces, photos, passwords: by the names that terminals give them, up to the end of the value.
_SECRET_NAMES: Final = rb"tmp|template|templatedata|content|photo|pic|image|passwd|password|pushcommkey|authkey|commkey"
_SECRET: Final = re.compile(rb"\b(" + _SECRET_NAMES + rb")=[^\t\r\n&,]*", re.IGNORECASE)
_TEMPLATE_RECORD: Final = re.compile(rb"(?im)^(" + "|".join(sorted(TEMPLATE_NAMES)).encode() + rb")\b")
# Nothing that people or devices are called is this long; templates and pictures are.
_LONG_RUN: Final = re.compile(rb"[A-Za-z0-9+/=_-]{300,}")


class BodyUnusable(Exception):
    """A packed body that cannot be opened, or would unfold to more than the bound; `reason` is a code."""

    def __init__(self, reason: str) -> None:
        """Keep `reason`."""
        super().__init__(reason)
        self.reason = reason


class DecodedText(NamedTuple):
    """A text, and whether some of its bytes were no text and were replaced."""

    text: str
    replaced: bool


def unpack(body: bytes, *, limit: int = UNPACKED_LIMIT) -> bytes:
    """Return a body as it was before it was packed (gzip, zlib, tar in either, tar, zip), told by its first bytes.

    Files of an archive follow one another, each ended by a line feed; so do several gzip members of one body. Raises
    BodyUnusable for what is damaged or unfolds to more than `limit` bytes; never more than that is held.
    """
    if body.startswith((_GZIP, *_ZLIB)):
        body = _inflate(body, limit)
    elif body.startswith(_ZIP):
        return _unzip(body, limit)
    return _untar(body) if body[_TAR_MARK] == b"ustar" else body


def decode_text(raw: bytes) -> DecodedText:
    """Decode UTF-8, else GB18030, else UTF-8 with what is neither replaced.

    In this order: nearly every text in UTF-8 is some text in GB18030 too, hardly ever the other way round.
    """
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    for encoding in ("utf-8", "gb18030"):
        try:
            return DecodedText(raw.decode(encoding), replaced=False)
        except UnicodeDecodeError:
            continue
    return DecodedText(raw.decode("utf-8", errors="replace"), replaced=True)


def without_secrets(raw: bytes) -> bytes:
    """Return a body without templates, photos and passwords; what is cut is marked."""
    kept = _cut_templates(raw)
    kept = _SECRET.sub(lambda found: found[1] + b"=" + CUT, kept)
    return _LONG_RUN.sub(CUT, kept)


def plain_line(text: str, limit: int = 300) -> str:
    """Return a line as it may be kept and shown: without secrets and control characters, and not long."""
    kept = without_secrets(text[:_LINE_LIMIT].encode("utf-8", errors="replace")).decode("utf-8", errors="replace")
    plain = "".join(sign if sign.isprintable() or sign == "\t" else "�" for sign in kept)
    return plain[:limit]


def _cut_templates(raw: bytes) -> bytes:
    """Cut records of templates with the lines that they go on in."""
    if _TEMPLATE_RECORD.search(raw) is None:
        return raw
    kept: list[bytes] = []
    inside = False
    for line in raw.splitlines(keepends=True):
        name = line.split(None, 1)[0].split(b"=")[0].upper().decode("ascii", "replace") if line.strip() else ""
        if name in TEMPLATE_NAMES:
            inside = True
            kept.append(name.encode() + b" " + CUT + b"\n")
        elif not inside or name in RECORD_NAMES:
            inside = False
            kept.append(line)
    return b"".join(kept)


def _inflate(body: bytes, limit: int) -> bytes:
    found = bytearray()
    for _ in range(MEMBERS_LIMIT):
        # 32: gzip or zlib, by the first bytes.
        machine = zlib.decompressobj(wbits=32 + zlib.MAX_WBITS)
        try:
            found += machine.decompress(body, limit + 1 - len(found))
        except zlib.error as error:
            raise BodyUnusable("packing_damaged") from error
        if len(found) > limit or machine.unconsumed_tail:
            raise BodyUnusable("unpacked_too_large")
        if not machine.eof:
            raise BodyUnusable("packing_damaged")
        # Another member may follow; anything else is padding.
        body = machine.unused_data
        if not body.startswith(_GZIP):
            return bytes(found)
    raise BodyUnusable("too_many_files")


def _untar(body: bytes) -> bytes:
    parts: list[bytes] = []
    try:
        # The archive lies unpacked in memory already: its files together are no larger.
        with tarfile.open(fileobj=BytesIO(body), mode="r:") as archive:
            for number, member in enumerate(archive):
                if number >= MEMBERS_LIMIT:
                    raise BodyUnusable("too_many_files")
                file = archive.extractfile(member) if member.isreg() and not member.issparse() else None
                if file is not None:
                    parts.append(file.read())
    except (tarfile.TarError, EOFError, OSError, ValueError, OverflowError, RecursionError) as error:
        raise BodyUnusable("packing_damaged") from error
    return _joined(parts)


def _unzip(body: bytes, limit: int) -> bytes:
    parts: list[bytes] = []
    left = limit
    try:
        with zipfile.ZipFile(BytesIO(body)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) > MEMBERS_LIMIT:
                raise BodyUnusable("too_many_files")
            for member in members:
                with archive.open(member) as file:
                    # What the directory says of sizes is the sender's word.
                    part = file.read(left + 1)
                left -= len(part)
                if left < 0:
                    raise BodyUnusable("unpacked_too_large")
                parts.append(part)
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise BodyUnusable("packing_damaged") from error
    return _joined(parts)


def _joined(parts: list[bytes]) -> bytes:
    return b"".join(part if part.endswith(b"\n") else part + b"\n" for part in parts)
