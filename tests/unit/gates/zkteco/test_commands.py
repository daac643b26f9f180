"""What terminals can be told, and how their answers are read."""

from datetime import UTC, datetime, timedelta, timezone
from typing import cast, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gates.commands.model import (
    DELIVERIES,
    LONGEST_PERIOD,
    OF_PERIODS,
    REPEAT_AFTER,
    Command,
    CommandKind,
    CommandResult,
    command_id,
    has_its_period,
    number_of,
    state_of,
    wording,
)
from backend.gates.dialects.zkteco.answers import write_command
from backend.gates.dialects.zkteco.results import read_results

FROM = datetime(2026, 3, 15, 16, tzinfo=UTC)
TO = FROM + timedelta(days=1)
CHINA = timezone(timedelta(hours=8))
SAID = {
    "info": "INFO",
    "log": "LOG",
    "query_attlog": "DATA QUERY ATTLOG StartTime=2026-03-16 00:00:00\tEndTime=2026-03-16 23:59:59",
    "verify_sum_attlog": "VERIFY SUM ATTLOG StartTime=2026-03-16 00:00:00\tEndTime=2026-03-16 23:59:59",
}


def a_command(kind: CommandKind) -> Command:
    """Return a command with the period that its kind needs."""
    period = (FROM, TO) if kind in OF_PERIODS else (None, None)
    return Command(number=7, kind=kind, from_at=period[0], to_at=period[1])


def test_there_are_four_commands_and_nothing_else_can_be_written() -> None:
    kinds = get_args(CommandKind)
    assert {kind: wording(a_command(kind), CHINA) for kind in kinds} == SAID
    assert write_command(a_command("info"), CHINA) == b"C:q7:INFO\n"


@pytest.mark.parametrize("kind", ["SHELL", "PutFile", "AC_UNLOCK", "CLEAR LOG", "CHECK", "info\nC:9:REBOOT", ""])
def test_a_kind_that_is_none_of_the_four_has_no_words(kind: str) -> None:
    with pytest.raises((KeyError, ValueError)):
        write_command(Command(number=1, kind=cast("CommandKind", kind)), CHINA)


def test_periods_belong_to_their_kinds_and_have_bounds() -> None:
    for kind in get_args(CommandKind):
        assert has_its_period(kind, FROM, TO) is (kind in OF_PERIODS)
        assert has_its_period(kind, None, None) is (kind not in OF_PERIODS)
        assert not has_its_period(kind, FROM, None)
    assert has_its_period("query_attlog", FROM, FROM + LONGEST_PERIOD)
    assert not has_its_period("query_attlog", FROM, FROM + LONGEST_PERIOD + timedelta(seconds=1))
    assert not has_its_period("query_attlog", TO, FROM)
    with pytest.raises(ValueError, match="query_attlog"):
        wording(Command(number=1, kind="query_attlog"), CHINA)


@given(st.integers(1, 999_999_999))
def test_ids_come_back_and_are_short(number: int) -> None:
    assert number_of(command_id(number)) == number
    assert len(command_id(number)) <= 16
    assert command_id(number).isalnum()


@given(st.text(max_size=30))
def test_ids_of_others_are_none_of_ours(written: str) -> None:
    number = number_of(written)
    assert number is None or written.lstrip("q").lstrip("0") in {str(number), ""}


def test_answers_are_read_as_terminals_write_them() -> None:
    body = (
        b"ID=info8487&Return=0&CMD=DATA\nID=q1&Return=0&CMD=INFO\r\n~SerialNumber=A1\nFWVersion=Ver 8.0.4\n"
        b"TransactionCount=1234\nID=q2&SN=A1&Return=-1002&CMD=LOG\n"
        b"ID=q3&Return=0&CMD=VERIFY SUM&StartTime=2026-03-16 00:00:00&EndTime=2026-03-16 23:59:59&AttlogSum=77\n"
        b"id=q4&return=0&cmd=VERIFY SUM&AttlogCount=5\nID=q5&Return=x\nroot:x:0:0\n"
    )
    answers, told = read_results(body)
    assert answers == (
        CommandResult(1, 0),
        CommandResult(2, -1002),
        CommandResult(3, 0, 77),
        CommandResult(4, 0, 5),
    )
    assert (told.reported_count, told.firmware) == (1234, "Ver 8.0.4")


def test_what_follows_another_answer_tells_nothing_of_the_device() -> None:
    _, told = read_results(b"ID=q1&Return=0&CMD=SHELL\nTransactionCount=9\nID=x1&Return=0&CMD=INFO\nFWVersion=Z\n")
    assert (told.reported_count, told.firmware) == (None, None)


@given(st.binary(max_size=2000))
def test_any_answer_is_read(body: bytes) -> None:
    for answer in read_results(body).answers:
        assert 0 <= answer.number < 10**9


def test_what_became_of_a_command() -> None:
    now, later = FROM, TO
    last = {"expires_at": later, "now": now}
    assert state_of(sent=0, last_sent_at=None, code=None, **last) == "waiting"
    assert state_of(sent=1, last_sent_at=now, code=None, **last) == "sent"
    assert state_of(sent=1, last_sent_at=now, code=0, **last) == "done"
    assert state_of(sent=1, last_sent_at=now, code=-1002, **last) == "failed"
    assert state_of(sent=1, last_sent_at=now, code=None, expires_at=now, now=now) == "unanswered"
    assert state_of(sent=DELIVERIES, last_sent_at=now, code=None, **last) == "sent"
    assert state_of(sent=DELIVERIES, last_sent_at=now - REPEAT_AFTER, code=None, **last) == "unanswered"
