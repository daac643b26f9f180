"""Renders one document in a process of its own, with bounded memory; started by `renderer.py`.

It reads an order from its standard input and writes the file to its standard output. It has no network, no database, no
keys; what it takes of memory goes back with it.
"""

import os
import resource
import sys

import msgspec

from backend.reports.rendering.limits import MEMORY_BYTES, NICENESS, Order


def render(order: Order) -> bytes:
    """Return the file that an order asks for; each form loads what it needs and nothing else."""
    if order.form == "pdf":
        from backend.reports.rendering.prints import write_print  # noqa: PLC0415 - loads fonts and their library

        return write_print(order.document, order.page)
    if order.form == "xlsx":
        from backend.reports.rendering.workbook import write_workbook  # noqa: PLC0415 - likewise

        return write_workbook(order.document, order.summary)
    from backend.reports.rendering.page import write_page  # noqa: PLC0415 - likewise

    return write_page(order.document)


def main() -> None:
    """Bound the process, then render."""
    os.nice(NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    sys.stdout.buffer.write(render(msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Order)))


if __name__ == "__main__":
    main()
