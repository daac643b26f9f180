"""The months of the ledger meet without gap or overlap, whoever made them and in whatever time zone he lives."""

from datetime import date

import psycopg
import pytest


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York"])
def test_months_made_in_another_zone_are_those_of_utc(fresh_database: str, zone: str) -> None:
    with psycopg.connect(fresh_database, options=f"-c timezone={zone}", autocommit=True) as connection:
        made = connection.execute("SELECT ensure_partition('punch', %s)", (date(2049, 5, 1),)).fetchone()
    with psycopg.connect(fresh_database, options="-c timezone=UTC", autocommit=True) as connection:
        bounds = connection.execute(
            "SELECT pg_get_expr(relpartbound, oid) FROM pg_class WHERE relname = %s", made
        ).fetchone()
    assert bounds == ("FOR VALUES FROM ('2049-05-01 00:00:00+00') TO ('2049-06-01 00:00:00+00')",)
