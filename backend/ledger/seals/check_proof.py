"""Checks proofs by public keys: python3 check_proof.py PROOF.json KEYS.json; status 0 all hold, 1 not, 2 unclear."""

import base64
import json
import struct
import sys
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

try:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
except ImportError:  # evidence packs bring a slow one
    from plain_ed25519 import Ed25519PublicKey, InvalidSignature  # pyright: ignore[reportMissingImports, reportAssignmentType] - lies beside it where it is used

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
RULING = "ruling_id:u seq:i outcome reasons policy_version:i ruled_by:u note deadline_at:t"
COLUMNS = {
    "punch": "project_id:u received_at:t punch_id:u source source_id:u event_key person_id:u section_id:u occurred_at:t"
    " device_time time_quality direction direction_source trust method lane granted:b fence_version_id:u"
    " policy_version:i covered:b signed_distance_m:f probability:f accuracy_m:f sigma_m:f chainage_m:f offset_m:f"
    " signals:a payload_digest:x private_digest:x first_ruling." + RULING.replace(" ", " first_ruling."),
    "ruling": "project_id:u ruled_at:t punch_id:u " + RULING,
    "attribution": "project_id:u made_at:t attribution_id:u punch_id:u person_id:u occurred_at:t made_by:u reason",
    "erasure": "project_id:u made_at:t erasure_id:u subject subject_id:u digests:x reason made_by:u",
}
READERS: dict[str, Callable[[bytes], Any]] = {
    "": bytes.decode,
    "u": lambda value: str(uuid.UUID(bytes=value)),
    "t": lambda value: str(EPOCH + timedelta(microseconds=int.from_bytes(value, signed=True))),
    "b": lambda value: value != b"\0",
    "i": lambda value: int.from_bytes(value, "big", signed=True),
    "f": lambda value: struct.unpack("!d", value)[0],
    "x": bytes.hex,
    "a": lambda value: [(one or b"").decode() for one in fields_of(value[20:])],
}


def fields_of(content: bytes) -> Iterator[bytes | None]:
    """Yield the fields of a leaf: each is a length of four bytes, -1 for none, and so many bytes."""
    while content:
        if (length := struct.unpack_from("!i", content)[0]) < -1 or 4 + length > len(content):
            raise ValueError("the leaf ends inside a field")
        yield None if length < 0 else content[4 : 4 + length]
        content = content[4 + max(length, 0) :]


def read_leaf(content: bytes) -> str:
    """Return what a leaf says."""
    form, kind, *values = fields_of(content)
    if form != b"daogang.leaf/1" or kind is None:
        raise ValueError("the leaf has another format")
    columns = [column.partition(":") for column in COLUMNS[kind.decode()].split()]
    told = {n: None if v is None else READERS[t](v) for (n, _, t), v in zip(columns, values, strict=True)}
    return f"{kind.decode()} {json.dumps(told, ensure_ascii=False)}"


def read_head(note: str, keys: list[dict[str, str]]) -> tuple[str, int, bytes]:
    """Return log, size and root of a head that one of the keys signed; its first four lines are what was signed."""
    text, _, signed = note.partition("\n\n")
    origin, size, root = text.split("\n")[:3]
    for key in keys:
        try:
            public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key["x"] + "=="))
            public.verify(base64.b64decode(signed.split()[-1])[4:], (text + "\n").encode())
            return origin, int(size), base64.b64decode(root)
        except InvalidSignature:
            pass
    raise ValueError("no key that you trust signed the head")


def root_of(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes | None:
    """Return the root to which a path leads from a leaf (RFC 9162, 2.1.3.2); None if it has another length."""
    place, last, found = index, size - 1, sha256(b"\0" + leaf).digest()
    for sibling in path if 0 <= index < size else []:
        right = bool(place & 1) or place == last
        found = sha256(b"\1" + (sibling + found if right else found + sibling)).digest()
        while right and not place & 1 and place:
            place, last = place >> 1, last >> 1
        place, last = (place >> 1, last >> 1) if last else (0, -1)
    return found if last == 0 and 0 <= index < size else None


if __name__ == "__main__":
    try:
        proof, known = (json.loads(Path(name).read_text("utf-8")) for name in sys.argv[1:3])
        log, leaves, root = read_head(proof["head"] or "", known["keys"])
        held = [log == known["origin"], bool(proof["entries"])]
        for one in proof["entries"]:
            leaf, path = base64.b64decode(one["leaf"]), [bytes.fromhex(part) for part in one["path"]]
            held.append(root_of(leaf, one["index"], leaves, path) == root)
            print("holds:" if held[-1] else "DOES NOT HOLD:", one["index"], read_leaf(leaf))  # noqa: T201 - its purpose
        sys.exit(0 if all(held) else 1)
    except (ValueError, KeyError, TypeError, IndexError, OSError, struct.error) as error:
        print("cannot be checked:", error)  # noqa: T201 - likewise
        sys.exit(2)
