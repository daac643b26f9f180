"""What `daogang ledger …` does: verifies the ledger and says what it found."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg

from backend.kit.clock import SystemClock
from backend.kit.crypto import DataKeys
from backend.kit.db import start_up_options
from backend.kit.keyfiles import FileKeyRing, KeyFileError
from backend.kit.keyring import Purpose
from backend.ledger.seals.findings import Report
from backend.ledger.seals.heads import HeadMalformed
from backend.ledger.seals.public_keys import read_public_keys
from backend.ledger.seals.verification import verify_ledger
from backend.settings import Settings

HOLDS, FOUND, IMPOSSIBLE = 0, 1, 2
SHOWN = 20
# It reads all of the ledger in one snapshot; a statement may take as long as it takes.
SETTINGS = {"timezone": "UTC", "jit": "off", "statement_timeout": "0"}


def verify_command(
    settings: Settings,
    say: Callable[[str], None],
    *,
    first: int,
    past: int | None,
    heads: Sequence[Path],
    keys: Path | None,
    private: bool,
) -> int:
    """Verify, say what was found, and return the exit status: 0 all holds, 1 something does not, 2 not possible."""
    try:
        notes = [path.read_text("utf-8") for path in heads]
        trusted = None if keys is None else read_public_keys(keys.read_bytes())
        opening = DataKeys(FileKeyRing(settings.keys_dir, {Purpose.FIELD}), SystemClock().now) if private else None
    except (OSError, HeadMalformed, KeyFileError) as error:
        say(f"cannot be read: {error}")
        return IMPOSSIBLE
    began = time.perf_counter()
    with psycopg.connect(settings.database_url, options=start_up_options(settings=SETTINGS), autocommit=True) as opened:
        report = verify_ledger(opened, first=first, past=past, outside=notes, trusted=trusted, private=opening)
    _tell(report, say, time.perf_counter() - began)
    return HOLDS if report.holds else FOUND


def _tell(report: Report, say: Callable[[str], None], took_s: float) -> None:
    for finding in report.findings[:SHOWN]:
        say(finding.sentence())
    if report.found > SHOWN:
        say(f"… and {report.found - SHOWN} more")
    rate = report.entries / took_s if took_s else 0.0
    say(
        f"{report.origin or 'no log'}: leaves {report.first} to {report.past}, {report.entries} entries and "
        f"{report.heads} heads in {took_s:.1f} s ({rate:,.0f} a second); root {report.root.hex() or '-'}"
    )
    if report.private is None:
        say("private rows were not compared with what their punches committed to (--private, where the key ring is)")
    else:
        say(
            f"{report.private.compared} private rows compared, {report.private.erased} erased by record, "
            f"{report.private.unexplained} gone with a key of which no record says why"
        )
    if report.erasures is not None:
        say(
            f"{report.erasures.recorded} erasures recorded; {report.erasures.found} were found done when records began,"
            " of which nothing says who did it and why"
        )
    say("the ledger holds" if report.holds else f"{report.found} things do not hold")
