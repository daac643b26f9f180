"""Examines photos in a process of its own, with little priority and bounded memory; started by `examiner.py`.

It reads orders from its standard input and writes answers to its standard output until the input ends: also when
whoever started it was killed. It has no network, no database, no keys, and may write no file.
"""

import os
import resource
import struct
import sys
import traceback
from typing import BinaryIO

from backend.evidence.photos.examination import examine_photo
from backend.evidence.photos.examined import Examination, Refusal, Refused, encode_examination
from backend.evidence.photos.examining_limits import ANSWER, MEMORY_BYTES, NICENESS, OPEN_FILES, ORDER


def answer(content: bytes, media_type: str) -> Examination:
    """Examine a photo; what nobody foresaw in it is its own fault too (its trace goes to stderr)."""
    try:
        return examine_photo(content, media_type)
    except (MemoryError, RecursionError):
        return Refused(reason=Refusal.EXHAUSTING)
    except Exception:  # noqa: BLE001 - likewise
        traceback.print_exc(file=sys.stderr)
        return Refused(reason=Refusal.BROKEN)


def serve(orders: BinaryIO, answers: BinaryIO) -> None:
    """Answer orders until there are no more."""
    while len(head := orders.read(struct.calcsize(ORDER))) == struct.calcsize(ORDER):
        type_length, length = struct.unpack(ORDER, head)
        media_type = orders.read(type_length).decode("ascii")
        told = encode_examination(answer(orders.read(length), media_type))
        answers.write(struct.pack(ANSWER, len(told)) + told)
        answers.flush()


def main() -> None:
    """Bound the process, then serve."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))
    serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
