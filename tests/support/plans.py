"""What PostgreSQL does for a statement of the hot path: pages touched and tables read from end to end."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import ClientCursor

TYPES: dict[type, str] = {UUID: "uuid", datetime: "timestamptz", date: "date", str: "text", int: "integer"}
NAMED = re.compile(r"%\((\w+)\)s")
Values = Mapping[str, Any] | Sequence[Any]


@dataclass(frozen=True)
class Cost:
    """Pages touched by a statement, and the tables that it read from end to end."""

    pages: int
    scanned: tuple[str, ...]


def prepared(name: str, statement: str, values: Values) -> tuple[str, list[Any]]:
    """Return the PREPARE of a psycopg statement and its values in order, typed as the driver sends them."""
    if isinstance(values, Mapping):
        names = list(dict.fromkeys(NAMED.findall(statement)))
        ordered = [values[one] for one in names]
        text = NAMED.sub(lambda match: f"${names.index(match[1]) + 1}", statement)
    else:
        ordered, parts = list(values), statement.split("%s")
        text = "".join(f"{part}${number}" for number, part in enumerate(parts[:-1], 1)) + parts[-1]
    types = ", ".join(TYPES.get(type(value), "unknown") for value in ordered)
    return f"PREPARE {name} ({types}) AS {text}", ordered


def measure(connection: psycopg.Connection, statement: str, values: Values, mode: str) -> Cost:
    """Run a statement under EXPLAIN in the open transaction, with a generic or a custom plan (`mode`)."""
    connection.execute(f"SET LOCAL plan_cache_mode = force_{mode}_plan".encode())
    text, ordered = prepared("measured", statement, values)
    connection.execute(text.encode())
    marks = ", ".join(["%s"] * len(ordered))
    row = (
        ClientCursor(connection)
        .execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE measured ({marks})".encode(), ordered)
        .fetchone()
    )
    connection.execute("DEALLOCATE measured")
    assert row is not None
    plan: dict[str, Any] = row[0][0]["Plan"]
    nodes = list(walk(plan))
    # Data-modifying CTEs that nothing reads run after the plan proper and are not in its sum.
    parts = [plan, *(node for node in nodes if str(node.get("Subplan Name", "")).startswith("CTE"))]
    pages = sum(int(part["Shared Hit Blocks"]) + int(part["Shared Read Blocks"]) for part in parts)
    return Cost(pages, tuple(str(node["Relation Name"]) for node in nodes if node["Node Type"] == "Seq Scan"))


def walk(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a plan's nodes."""
    yield plan
    for part in plan.get("Plans", []):
        yield from walk(part)
