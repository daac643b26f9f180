"""Keeps what passed the gate on disk until the server has it: SQLite, one row per event, numbered without gaps."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

KEPT: Final = 10_000
"""Delivered events that stay, so that what the server lost can be sent again."""

_TABLES = """
CREATE TABLE IF NOT EXISTS event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  body TEXT NOT NULL,
  occurred_at TEXT NOT NULL,
  state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'delivered', 'refused')),
  answer TEXT
);
CREATE INDEX IF NOT EXISTS event_waiting ON event (seq) WHERE state = 'waiting';
CREATE TABLE IF NOT EXISTS photo (sha256 TEXT PRIMARY KEY, content BLOB NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a device still has to deliver."""

    events: int
    oldest_at: str | None
    stored: int


class Queue:
    """The events and photos of one device in one file; each change is on disk when its method returns."""

    def __init__(self, path: Path | str) -> None:
        """Open or make the file; `:memory:` keeps nothing."""
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_TABLES)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def add(self, event: Mapping[str, Any], occurred_at: datetime) -> int:
        """Record an event as it happened (without `seq` and id, which are given here); returns its number."""
        body = {"device_event_id": str(uuid4()), **event, "occurred_at": occurred_at.isoformat()}
        added = self._db.execute(
            "INSERT INTO event (body, occurred_at) VALUES (?, ?)", (json.dumps(body), body["occurred_at"])
        )
        return int(added.lastrowid or 0)

    def batch(self, limit: int) -> list[dict[str, Any]]:
        """Return the oldest events that wait, at most `limit`, as items of a batch."""
        rows = self._db.execute(
            "SELECT seq, body FROM event WHERE state = 'waiting' ORDER BY seq LIMIT ?", (limit,)
        ).fetchall()
        return [{**json.loads(body), "seq": seq} for seq, body in rows]

    def settle(self, items: Sequence[Mapping[str, Any]], results: Sequence[Mapping[str, Any]]) -> None:
        """Note the results of a batch, in its order: whatever the status, none of them is sent again."""
        rows = [
            (
                "refused" if result["status"] in {"rejected", "conflict"} else "delivered",
                json.dumps(result),
                item["seq"],
            )
            for item, result in zip(items, results, strict=True)
        ]
        self._write("UPDATE event SET state = ?, answer = ? WHERE seq = ?", rows)
        self._db.execute(
            "DELETE FROM event WHERE state = 'delivered' AND seq <= (SELECT max(seq) FROM event) - ?", (KEPT,)
        )

    def refuse(self, item: Mapping[str, Any], why: str) -> None:
        """Set an event aside that the server does not take even alone; it stays in the file, with the reason."""
        self._write("UPDATE event SET state = 'refused', answer = ? WHERE seq = ?", [(why, item["seq"])])

    def expect(self, next_expected: int) -> int:
        """Let delivered events wait again that the server says it has not; returns how many.

        The server awaits the lowest number that never arrived. When that was delivered already, the server lost it, and
        perhaps more behind it; sending known ones again does no harm.
        """
        lost = self._db.execute("SELECT state FROM event WHERE seq = ?", (next_expected,)).fetchone()
        if lost is None or lost[0] != "delivered":
            return 0
        again = self._db.execute(
            "UPDATE event SET state = 'waiting' WHERE state = 'delivered' AND seq >= ?", (next_expected,)
        )
        return again.rowcount

    def waiting(self) -> Waiting:
        """Return what is still to be delivered, and how much the file holds."""
        count, oldest = self._db.execute(
            "SELECT count(*), min(occurred_at) FROM event WHERE state = 'waiting'"
        ).fetchone()
        (stored,) = self._db.execute("SELECT count(*) FROM event").fetchone()
        return Waiting(count, oldest, stored)

    def refused(self) -> list[tuple[int, str]]:
        """Return the numbers of events that were set aside, with the server's words."""
        return self._db.execute("SELECT seq, answer FROM event WHERE state = 'refused' ORDER BY seq").fetchall()

    def add_photo(self, digest: str, content: bytes) -> None:
        """Keep a photo until it is delivered."""
        self._write("INSERT OR IGNORE INTO photo (sha256, content) VALUES (?, ?)", [(digest, content)])

    def photo(self) -> tuple[str, bytes] | None:
        """Return a photo that waits."""
        return self._db.execute("SELECT sha256, content FROM photo LIMIT 1").fetchone()

    def drop_photo(self, digest: str) -> None:
        """Forget a photo that was delivered, or that is refused."""
        self._write("DELETE FROM photo WHERE sha256 = ?", [(digest,)])

    def _write(self, statement: str, rows: Sequence[tuple[object, ...]]) -> None:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            self._db.executemany(statement, rows)
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")
