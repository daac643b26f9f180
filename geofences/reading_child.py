"""Surveys one file in a process of its own, whose memory and time end when they are used up; started by the server.

The file is the standard input, the order the only argument, the answer the standard output: a survey, or the code of
a refusal with its numbers. The process has no network, no database, no keys, and may write no file.
"""

import os
import resource
import sys
import traceback

import msgspec

from backend.kit.errors import DaogangError
from geofences.readers.errors import FileExhausting, FileUnreadable
from geofences.reading_limits import CPU_S, MEMORY_BYTES, NICENESS, Refusal
from geofences.survey import survey_file
from geofences.survey_report import Order, Survey


def answer(content: bytes, order: Order) -> Survey | Refusal:
    """Survey a file; every fault becomes a refusal, also one that no reader foresaw (its trace goes to stderr)."""
    try:
        return survey_file(content, order)
    except DaogangError as fault:
        return Refusal(fault.code, fault.detail)
    except (MemoryError, RecursionError):
        return Refusal(FileExhausting.code, {"seconds": CPU_S, "megabytes": MEMORY_BYTES // 1_000_000})
    except Exception:  # noqa: BLE001 - what a library did not foresee in a broken file is the file's fault
        traceback.print_exc(file=sys.stderr)
        return Refusal(FileUnreadable.code, {"format": order.format or "?", "where": "?", "reason": "unforeseen"})


def main() -> None:
    """Read the order, bound the process, answer."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S + 2))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    order = msgspec.json.decode(sys.argv[1].encode(), type=Order)
    told = answer(sys.stdin.buffer.read(), order)
    sys.stdout.buffer.write(msgspec.json.encode(told))


if __name__ == "__main__":
    main()
