from datetime import UTC, date, datetime, timedelta, timezone
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kit.ids import id_instant, new_id
from backend.ledger.append import DayFolder
from backend.ledger.model import UNDATED, Receipt, dedupe_bucket


@pytest.mark.parametrize(
    ("own_time", "bucket"),
    [
        (datetime(2026, 3, 16, 1, 30, tzinfo=UTC), date(2026, 3, 1)),
        # The month is that of the instant in UTC, whatever zone it was written in.
        (datetime(2026, 4, 1, 7, 59, tzinfo=timezone(timedelta(hours=8))), date(2026, 3, 1)),
        (datetime(2026, 4, 1, 8, 0, tzinfo=timezone(timedelta(hours=8))), date(2026, 4, 1)),
        (datetime(2020, 1, 1, tzinfo=UTC), date(2020, 1, 1)),
        (datetime(2019, 12, 31, 23, 59, 59, tzinfo=UTC), UNDATED),
        (datetime(2039, 12, 31, 23, 59, 59, tzinfo=UTC), date(2039, 12, 1)),
        (datetime(2040, 1, 1, tzinfo=UTC), UNDATED),
        (datetime(1970, 1, 1, tzinfo=UTC), UNDATED),
        (datetime(9999, 12, 31, tzinfo=UTC), UNDATED),
    ],
)
def test_an_event_s_own_time_names_its_bucket(own_time: datetime, bucket: date) -> None:
    assert dedupe_bucket(own_time) == bucket


@given(
    at=st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1)),  # noqa: DTZ001 - hypothesis wants naive bounds
    hours=st.integers(-12, 14),
)
def test_the_bucket_depends_on_the_instant_alone(at: datetime, hours: int) -> None:
    instant = at.replace(tzinfo=UTC)
    elsewhere = instant.astimezone(timezone(timedelta(hours=hours)))
    assert dedupe_bucket(elsewhere) == dedupe_bucket(instant)
    assert dedupe_bucket(instant).day == 1


def test_repetitions_of_an_id_look_in_one_bucket() -> None:
    """Whenever a retry comes, the month is that of the id, which the phone made at the tap."""
    event_id = new_id(datetime(2026, 3, 31, 23, 59, 59, 999_000, tzinfo=UTC))
    assert dedupe_bucket(id_instant(event_id)) == date(2026, 3, 1)


def test_a_receipt_survives_its_storage() -> None:
    at = datetime(2026, 3, 16, 1, 30, 0, 123456, tzinfo=UTC)
    receipt = Receipt(
        punch_id=UUID(int=1),
        project_id=UUID(int=2),
        received_at=at,
        occurred_at=at,
        outcome="counted",
        reasons=({"code": "decision.inside_fence", "accuracy_m": 8, "chainage_m": 12.3},),
    )
    assert msgspec.json.decode(msgspec.json.encode(receipt), type=Receipt) == receipt


def test_attendance_is_a_day_folder() -> None:
    from backend.attendance.person_days import send_fold

    assert isinstance(send_fold, DayFolder)
