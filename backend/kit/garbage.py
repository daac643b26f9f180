"""Sets Python's garbage collector up for processes that run for long."""

import gc
from typing import Final

COLLECT_AFTER: Final = (10_000, 20, 20)
"""The collector's thresholds: requests leave few cycles behind, and each collection looks at all that is young."""


def collect_less() -> None:
    """Have the collector look for cycles less often than Python's own thresholds would."""
    gc.set_threshold(*COLLECT_AFTER)


def keep_what_is_there() -> None:
    """Clean up once, then leave what is there out of every later collection: it stays for good."""
    gc.collect()
    gc.freeze()
