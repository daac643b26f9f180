"""Windows of counters and what a counter's name gives away."""

from datetime import UTC, datetime, timedelta

from backend.identity.rates import Bucket, subject_digest
from backend.kit.crypto import BlindIndex
from backend.kit.keyring import MemoryKeyRing

HOUR = Bucket("code-phone", timedelta(hours=1), 6)
AT = datetime(2026, 3, 2, 8, 59, 30, tzinfo=UTC)


def test_windows_start_on_whole_multiples_and_tell_when_to_return() -> None:
    assert HOUR.start(AT) == datetime(2026, 3, 2, 8, tzinfo=UTC)
    assert HOUR.start(HOUR.start(AT)) == HOUR.start(AT)
    assert HOUR.start(AT + timedelta(seconds=HOUR.retry_after_s(AT))) > HOUR.start(AT)
    assert HOUR.retry_after_s(AT) == 31


def test_a_counter_s_name_hides_its_subject_and_separates_buckets() -> None:
    index = BlindIndex(MemoryKeyRing(AT), lambda: AT)
    other = Bucket("code-address", timedelta(hours=1), 6)
    names = {
        subject_digest(index, HOUR, "19900000001"),
        subject_digest(index, HOUR, "19900000002"),
        subject_digest(index, other, "19900000001"),
    }
    assert len({name.split(":")[1] for name in names}) == 2
    assert len(names) == 3
    assert not any("1990000000" in name for name in names)
    assert subject_digest(index, HOUR, "\ud800")
