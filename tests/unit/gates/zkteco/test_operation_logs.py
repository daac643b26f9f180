"""OPERLOG: tampering, names, and templates that must not get any further."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.gates.dialects.zkteco.operations import read_operations

SHANGHAI = ZoneInfo("Asia/Shanghai")
MIXED = (
    b"OPLOG 4\t14\t2026-09-28 08:01:02\t0\t0\t0\t0\r\n"
    b"USER PIN=1007\tName=\xe5\xbc\xa0\xe4\xb8\x89\tPri=0\tPasswd=123\tCard=[0000000000]\tGrp=1\r\n"
    b"FP PIN=1007\tFID=0\tSize=1240\tValid=1\tTMP=TVNTUjIxAAAD\r\nyzk\tOPAQ==\r\nmore of it\r\n"
    b"OPLOG 21\t0\t2026-09-28 08:05:00\t0\t0\t0\t0\r\n"
    b"OPLOG 22\t0\t2026-09-28 08:06:00\r\n"
    b"OPLOG 23 0 2026-09-28 08:07:00 0 0 0 0\r\n"
)


def test_tampering_is_told_with_its_instant() -> None:
    found = read_operations(MIXED, SHANGHAI)
    tampering = [(one.code, one.at) for one in found.remarks if one.kind == "tamper"]
    assert tampering == [
        ("clock_set", datetime(2026, 9, 28, 0, 5, tzinfo=UTC)),
        ("factory_reset", datetime(2026, 9, 28, 0, 6, tzinfo=UTC)),
        ("records_deleted", datetime(2026, 9, 28, 0, 7, tzinfo=UTC)),
    ]
    assert [one.code for one in found.remarks if one.kind == "audit"] == ["menu_entered"]
    assert (found.count, found.cut, found.unread) == (6, 1, ())


def test_a_template_s_further_lines_are_no_records() -> None:
    found = read_operations(MIXED, SHANGHAI)
    assert "yzk" not in repr(found)
    assert "TVNT" not in repr(found)


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_name_is_the_same_in_both_encodings(encoding: str) -> None:
    body = "USER PIN=1007\tName=张三\tPri=0\tPasswd=\tCard=[0000000000]\tGrp=1\tTZ=0000000100000000\tVerify=0\n"
    (user,) = read_operations(body.encode(encoding), SHANGHAI).users
    assert (user.number, user.name, user.replaced) == ("1007", "张三", False)


def test_a_broken_name_is_replaced_and_flagged() -> None:
    (user,) = read_operations(b"USER PIN=1007\tName=\xd5\xc5\xff\xff\tPri=0", SHANGHAI).users
    assert user.replaced
    assert "�" in user.name


def test_lines_of_several_encodings_stand_together() -> None:
    body = "USER PIN=1\tName=张三\n".encode() + "USER PIN=2\tName=李四\n".encode("gb18030")
    assert [user.name for user in read_operations(body, SHANGHAI).users] == ["张三", "李四"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"OPLOG 21\t0\t2026-99-28 08:05:00\t0", "no_time"),
        (b"OPLOG 21", "not_a_record"),
        (b"OPLOG x\t0\t2026-09-28 08:05:00", "not_a_record"),
        (b"WHAT IS THIS", "not_a_record"),
    ],
)
def test_what_cannot_be_read_is_told(line: bytes, reason: str) -> None:
    found = read_operations(b"\n" + line + b"\n", SHANGHAI)
    assert [(one.number, one.reason) for one in found.unread] == [(2, reason)]


@given(st.binary(max_size=500), st.sampled_from([b"OPLOG ", b"USER PIN=", b"FP PIN=1\tTMP=", b""]))
def test_no_bytes_break_it(body: bytes, head: bytes) -> None:
    found = read_operations(head + body, SHANGHAI)
    assert all(len(remark.key) <= 200 for remark in found.remarks)
