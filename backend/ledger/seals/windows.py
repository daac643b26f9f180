"""Finds the ledger's rows of log entries, looking only at the partitions in which they can be."""

from datetime import datetime

from psycopg.sql import SQL

from backend.ledger.seals.leaves import FROM, Kind


def joins_within(kind: Kind, first: datetime, last: datetime) -> SQL:
    """Return how a kind's rows are found from `e`, limited to entries recorded between two instants, both included."""
    joins = FROM[kind]
    for column in ("p.received_at", "r.ruled_at", "a.made_at", "x.made_at"):
        bound = f"AND {column} BETWEEN '{first.isoformat()}' AND '{last.isoformat()}'"
        joins = joins.replace(f"{{window:{column}}}", bound)
    return SQL(joins)  # pyright: ignore[reportArgumentType] - ours and two instants
