"""Payloads that others published, where they lie beside this checkout; the same behaviours are tested with our own."""

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from backend.gates.dialects.hikvision.translation import translate as translate_alert
from backend.gates.dialects.zkteco.photos import photo_head
from backend.gates.dialects.zkteco.requests import count_of_info, read_ask
from backend.gates.dialects.zkteco.translation import translate
from backend.gates.translation import Translation

SAMPLES = Path(__file__).resolve().parents[4] / "shared/data/gates"
SHANGHAI = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 9, 28, 4, 0, tzinfo=UTC)

pytestmark = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the published payloads are not beside this checkout")


def sample(name: str, **query: str) -> Translation:
    return translate(read_ask(list(query.items())), (SAMPLES / name).read_bytes(), SHANGHAI, NOW)


def test_captured_passes() -> None:
    found = sample("adms/attendance.body", table="ATTLOG")
    assert [(event.number, event.device_time) for event in found.events] == [
        ("1", "2024-07-28 01:25:24"),
        ("1", "2024-07-28 10:41:21"),
        ("4", "2024-07-28 10:41:31"),
    ]
    assert (found.unread, found.answer) == ((), b"OK: 3")


def test_rows_of_sixteen_columns() -> None:
    found = sample("adms/attlog_320_16col.body", table="ATTLOG")
    assert [event.device_time[11:] for event in found.events] == ["12:08:21", "13:18:22"]
    assert [event.at.hour for event in found.events] == [4, 5]


def test_a_row_s_own_offset() -> None:
    body = (SAMPLES / "adms/attlog_v58_offset_gps.body").read_bytes()
    (event,) = translate(read_ask([("table", "ATTLOG")]), body, ZoneInfo("UTC"), NOW).events
    assert event.at == datetime(2026, 9, 27, 23, 58, 1, tzinfo=UTC)


def test_a_name_in_gb18030() -> None:
    (user,) = sample("adms/operlog_user_gb18030.body", table="OPERLOG").users
    assert (user.number, user.name, user.replaced) == ("1007", "张三", False)


def test_a_photo() -> None:
    (photo,) = sample("adms/attphoto_300B_dummy.body", table="ATTPHOTO").photos
    assert (photo.number, photo.device_time, photo.size) == ("1007", "2026-09-28 11:40:45", 4)
    assert photo_head((SAMPLES / "adms/attphoto_300B_dummy.body").read_bytes()).endswith(b"uploadphoto")


def test_tables_of_controllers() -> None:
    (remark,) = sample("adms/acc_rtlog_spec.body", table="rtlog").remarks
    assert (remark.kind, remark.code) == ("audit", "event_27")
    assert sample("adms/acc_rtstate.body", table="rtstate").remarks == ()
    (counters,) = sample("adms/acc_irstate_turnstile.body").remarks
    assert (counters.kind, counters.detail["incount"]) == ("telemetry", 2)
    table = sample("adms/acc_tabledata_user.body", table="tabledata", tablename="user", count="2")
    assert (table.events, table.answer) == ((), b"user=2")


def test_a_poll_s_own_count() -> None:
    line = (SAMPLES / "adms/getrequest_info.request.txt").read_text()
    assert count_of_info(line.partition("INFO=")[2].replace("%20", " ")) == 0


def test_alerts() -> None:
    body = (SAMPLES / "hik/event_log_with_picture.mime").read_bytes()
    found = translate_alert({"content-type": "multipart/form-data; boundary=MIME_boundary"}, body, SHANGHAI, NOW)
    (event,) = found.translation.events
    assert (event.number, event.granted, event.wire_direction) == ("EMP-142", True, "in")
    assert event.at == datetime(2026, 4, 15, 6, 17, 32, tzinfo=UTC)
    assert [photo.size for photo in found.translation.photos] == [4]
    assert translate_alert({}, (SAMPLES / "hik/heartbeat.json").read_bytes(), SHANGHAI, NOW).life_sign
    other = translate_alert({}, (SAMPLES / "hik/xml_pir.xml").read_bytes(), SHANGHAI, NOW)
    assert [line.text for line in other.translation.unread] == ["eventType=PIR"]
