"""SMS codes: six digits, five minutes, five attempts, and no difference for numbers nobody has."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from backend.identity.sms_codes import (
    CodeVerdict,
    IssuedCode,
    SmsPolicy,
    draw_code,
    hash_code,
    judge_code,
    wait_before_resend,
)
from backend.kit.crypto import BlindIndex
from backend.kit.keyring import MemoryKeyRing

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
INDEX = BlindIndex(MemoryKeyRing(AT), lambda: AT)
POLICY = SmsPolicy()
ISSUED = IssuedCode(UUID(int=1), hash_code(INDEX, UUID(int=1), "012345"), AT + POLICY.valid_for, attempts=0, used=False)


def judged(issued: IssuedCode | None, code: str = "012345", after: timedelta = timedelta(0)) -> CodeVerdict:
    return judge_code(issued, code, index=INDEX, policy=POLICY, now=AT + after)


def test_codes_are_six_digits_and_vary() -> None:
    codes = {draw_code() for _ in range(50)}
    assert len(codes) > 40
    assert all(len(code) == 6 and code.isdecimal() for code in codes)


def test_the_stored_digest_belongs_to_one_row_and_one_key() -> None:
    other = BlindIndex(MemoryKeyRing(AT), lambda: AT)
    digests = {
        hash_code(INDEX, UUID(int=1), "012345"),
        hash_code(INDEX, UUID(int=2), "012345"),
        hash_code(other, UUID(int=1), "012345"),
        hash_code(INDEX, UUID(int=1), "012346"),
    }
    assert len(digests) == 4


def test_the_right_code_in_time_is_right() -> None:
    assert judged(ISSUED) is CodeVerdict.RIGHT
    assert judged(ISSUED, after=timedelta(minutes=5, microseconds=-1)) is CodeVerdict.RIGHT


@pytest.mark.parametrize("code", ["012346", "", "12345", "0123456", "０１２３４５", "\ud800"])
def test_any_other_text_is_wrong(code: str) -> None:
    assert judged(ISSUED, code) is CodeVerdict.WRONG


def test_used_late_or_missing_codes_are_wrong_even_when_they_match() -> None:
    assert judged(replace(ISSUED, used=True)) is CodeVerdict.WRONG
    assert judged(ISSUED, after=timedelta(minutes=5)) is CodeVerdict.WRONG
    assert judged(None) is CodeVerdict.WRONG


def test_after_five_attempts_even_the_right_code_is_void() -> None:
    assert judged(replace(ISSUED, attempts=4)) is CodeVerdict.RIGHT
    assert judged(replace(ISSUED, attempts=5)) is CodeVerdict.EXHAUSTED


def test_no_second_code_within_a_minute() -> None:
    def wait(after: timedelta) -> int:
        return wait_before_resend(AT, policy=POLICY, now=AT + after)

    assert wait_before_resend(None, policy=POLICY, now=AT) == 0
    assert wait(timedelta(0)) == 60
    assert wait(timedelta(seconds=59, milliseconds=500)) == 1
    assert wait(timedelta(seconds=60)) == 0
