"""Migrations 0050 to 0053 with rows: check-ins go on beside them, and what was gone is written down once."""

from uuid import uuid4

import psycopg
from alembic import command

from backend.migrate import alembic_config

KINDS = {"ck_ledger_outbox_kind", "ck_seal_leaf_kind", "ck_request_step_kind", "ck_request_step_shortened"}
GONE = "INSERT INTO data_key VALUES (%s, '2026-03-01', %s, NULL, '2026-03-01', '2026-03-20')"
BY_RECORD = (
    "INSERT INTO erasure VALUES (%(project)s, '2026-03-20', %(erasure)s, 'private_rows', %(key)s, '', 'term is over')",
    (
        "INSERT INTO ledger_outbox (project_id, kind, entry_id, recorded_at)"
        " VALUES (%(project)s, 'erasure', %(erasure)s, '2026-03-20')"
    ),
)
# What check-ins and whoever looks hold until they are done.
IN_USE = "LOCK TABLE ledger_outbox, seal_leaf, request_step, data_key, photo_file, liveness_frame IN ROW EXCLUSIVE MODE"


def validated(url: str) -> set[str]:
    with psycopg.connect(url) as connection:
        query = "SELECT conname FROM pg_constraint WHERE convalidated AND conname = ANY (%s)"
        return {name for (name,) in connection.execute(query, ([*KINDS, "ck_erasure_found"],)).fetchall()}


def recorded(url: str) -> list[tuple[object, ...]]:
    """Return subject's id and reason of each erasure that the log will take."""
    query = (
        "SELECT x.subject_id, x.reason FROM ledger_outbox o LEFT JOIN erasure x ON x.erasure_id = o.entry_id"
        " AND x.made_at = o.recorded_at AND x.project_id = o.project_id WHERE o.kind = 'erasure' ORDER BY o.id"
    )
    with psycopg.connect(url) as connection:
        return connection.execute(query.encode()).fetchall()


def test_what_was_gone_is_written_down_once_and_tables_in_use_are_no_obstacle(fresh_database: str) -> None:
    config = alembic_config(fresh_database)
    command.downgrade(config, "0049")
    found, by_record = uuid4(), uuid4()
    with psycopg.connect(fresh_database) as connection:
        connection.execute(GONE, (uuid4(), found))
    command.upgrade(config, "0051")
    assert validated(fresh_database) == set(), "0050 and 0051 read no table while they keep others out"
    with psycopg.connect(fresh_database) as others:
        others.execute(IN_USE)
        command.upgrade(config, "head")
        others.rollback()
    assert validated(fresh_database) == KINDS
    assert recorded(fresh_database) == [(found, "found_erased")]

    with psycopg.connect(fresh_database) as connection:
        project_id, erasure_id = uuid4(), uuid4()
        for statement in BY_RECORD:
            connection.execute(statement.encode(), {"project": project_id, "erasure": erasure_id, "key": by_record})
        connection.execute(GONE, (project_id, by_record))
    command.downgrade(config, "0052")
    command.upgrade(config, "head")
    assert recorded(fresh_database) == [(found, "found_erased"), (by_record, "term is over")]
