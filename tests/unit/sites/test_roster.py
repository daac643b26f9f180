import io
import zipfile
from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from backend.kit.errors import DaogangError
from backend.sites import roster_errors, roster_files
from backend.sites.roster import Roster, read_date, read_document_kind, read_roster
from backend.sites.roster_template import csv_template, xlsx_template
from tests.support.factories import draw_id_number, draw_number, draw_phone
from tests.support.rosters import HEADER, csv_roster, roster_line, xlsx_roster

TODAY = date(2026, 3, 16)


def read(body: bytes, kind: str = "csv") -> Roster:
    return read_roster(body, "xlsx" if kind == "xlsx" else "csv", today=TODAY)


def codes(roster: Roster) -> list[tuple[int, str, str]]:
    return [(fault.line, fault.column, fault.code) for fault in roster.faults]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_every_usual_encoding_of_csv_is_read(encoding: str) -> None:
    line = roster_line(name="欧阳建国", to_on="2026/8/31", seats="２")
    roster = read(csv_roster([line], encoding=encoding))
    assert roster.faults == ()
    (row,) = roster.rows
    assert (row.line, row.name, row.company, row.party_kind, row.post) == (
        2,
        "欧阳建国",
        line["company"],
        "009",
        "project_manager",
    )
    assert (row.document.number, row.phone, row.seats) == (line["document_number"], line["phone"], 2)
    assert (row.from_on, row.to_on) == (date(2026, 2, 1), date(2026, 8, 31))


@pytest.mark.parametrize("delimiter", ["\t", ";"])
def test_tabs_and_semicolons_separate_too(delimiter: str) -> None:
    body = csv_roster([roster_line()]).decode().replace(",", delimiter).encode()
    assert len(read(body).rows) == 1


def test_the_header_is_found_under_titles_and_by_its_other_names() -> None:
    header = [f"*{name}" if name == "姓名" else name for name in HEADER]
    header[2], header[10] = "身份证号码", "进场日期(必填)"
    roster = read(csv_roster([roster_line()], header=header, above=["某工程花名册", "", "填表人：某某"]))
    assert roster.faults == ()
    assert roster.rows[0].line == 5


def test_columns_nobody_knows_are_named_and_left_out() -> None:
    body = csv_roster([roster_line()]).decode().replace("统一社会信用代码", "籍贯").encode()
    assert read(body).ignored_columns == ("籍贯",)


def test_a_missing_column_is_named() -> None:
    body = csv_roster([]).decode().replace("证件号码", "号码").replace("岗位", "职务").encode()
    with pytest.raises(roster_errors.RosterHeader) as caught:
        read(body)
    assert caught.value.detail == {"columns": "证件号码、岗位"}


def test_blank_lines_are_skipped_and_numbers_stay_those_of_the_file() -> None:
    good, bad = roster_line(), roster_line(name="")
    text = csv_roster([good]).decode() + ",,,,,,,,,,,\r\n\r\n" + csv_roster([bad]).decode().split("\r\n", 1)[1]
    roster = read(text.encode())
    assert [row.line for row in roster.rows] == [2]
    assert codes(roster) == [(5, "姓名", "sites.text_missing")]
    assert roster.lines == 2


def test_a_quoted_line_break_counts_as_a_line_of_the_file() -> None:
    text = csv_roster([roster_line(company="甲\n乙公司"), roster_line(name="")]).decode()
    assert codes(read(text.encode())) == [(4, "姓名", "sites.text_missing")]


@pytest.mark.parametrize(
    ("cells", "column", "code"),
    [
        ({"name": ""}, "姓名", "sites.text_missing"),
        ({"name": "长" * 101}, "姓名", "sites.text_too_long"),
        ({"document_type": "驾驶证"}, "证件类型", "sites.document_kind_unknown"),
        ({"document_number": ""}, "证件号码", "sites.text_missing"),
        ({"document_number": "990101198505200010"}, "证件号码", "sites.id_number_checksum"),
        ({"document_number": draw_id_number(date(2026, 3, 17))}, "证件号码", "sites.id_number_birth_date"),
        ({"document_number": "12345"}, "证件号码", "sites.id_number_form"),
        ({"document_type": "护照"}, "证件号码", "sites.document_number"),
        ({"phone": "12345678901"}, "手机号", "identity.phone_number_malformed"),
        ({"phone": ""}, "手机号", "sites.key_person_needs_phone"),
        ({"company": ""}, "参建单位", "sites.text_missing"),
        ({"uscc": "91350100M000100Y44"}, "统一社会信用代码", "sites.uscc"),
        ({"party_kind": "某单位"}, "单位类型", "sites.party_kind_unknown"),
        ({"post": "宇航员"}, "岗位", "sites.post_kind_unknown"),
        ({"party_kind": "监理单位"}, "岗位", "sites.post_party_mismatch"),
        ({"seats": "0"}, "席位", "sites.roster_seats"),
        ({"seats": "两个"}, "席位", "sites.roster_seats"),
        ({"section": "标" * 41}, "标段", "sites.text_too_long"),
        ({"from_on": "明天"}, "进场日期", "sites.roster_date"),
        ({"from_on": "2026-02-30"}, "进场日期", "sites.roster_date"),
        ({"to_on": "2026-01-31"}, "退场日期", "sites.dates_reversed"),
    ],
)
def test_a_fault_names_line_column_and_code(cells: dict[str, str], column: str, code: str) -> None:
    cells = {"document_number": "990101198505200010"} | cells if code == "sites.id_number_checksum" else cells
    if code == "sites.document_number":
        cells = cells | {"document_number": "ABCDEFG"}
    roster = read(csv_roster([roster_line(), roster_line(**cells)]))
    assert codes(roster) == [(3, column, code)]
    assert [row.line for row in roster.rows] == [2]


def test_all_faults_of_a_line_are_told_at_once() -> None:
    roster = read(csv_roster([roster_line(name="", phone="1", from_on="x", post="?", seats="-1")]))
    assert [fault.column for fault in roster.faults] == ["姓名", "手机号", "岗位", "席位", "进场日期"]
    assert roster.rows == ()


def test_workers_need_no_phone() -> None:
    assert read(csv_roster([roster_line(post="工人", party_kind="劳务分包", phone="")])).faults == ()


def test_faults_between_lines_name_the_earlier_line() -> None:
    one = roster_line()
    repeated = one | {"from_on": "2026-03-01"}
    other_name = one | {"name": "另一人", "post": "技术负责人"}
    other_phone = roster_line(phone=one["phone"])
    roster = read(csv_roster([one, repeated, other_name, other_phone]))
    assert codes(roster) == [
        (3, "进场日期", "sites.roster_line_repeated"),
        (4, "姓名", "sites.roster_name_differs"),
        (5, "手机号", "sites.roster_phone_shared"),
    ]
    assert {fault.detail["line"] for fault in roster.faults} == {2}
    assert [row.line for row in roster.rows] == [2]


def test_one_document_has_one_phone_number_and_one_number_one_document() -> None:
    one = roster_line(phone="19900000001")
    elsewhere = one | {"post": "技术负责人", "phone": "19900000002"}
    silent = one | {"post": "质量员", "phone": "", "party_kind": "劳务分包"} | {"post": "班组长"}
    shared = roster_line(phone="+86 199 0000 0001")
    roster = read(csv_roster([one, elsewhere, silent, shared]))
    assert codes(roster) == [
        (3, "手机号", "sites.roster_phone_differs"),
        (5, "手机号", "sites.roster_phone_shared"),
    ]
    assert {fault.detail["line"] for fault in roster.faults} == {2}
    assert [row.line for row in roster.rows] == [2, 4]


def test_the_first_number_of_a_document_counts_also_when_it_comes_on_a_later_line() -> None:
    silent = roster_line(post="班组长", phone="")
    first = silent | {"phone": "19900000001", "post": "技术负责人"}
    second = silent | {"phone": "19900000002", "post": "质量员"}
    assert codes(read(csv_roster([silent, first, second]))) == [(4, "手机号", "sites.roster_phone_differs")]


def test_a_faulty_line_speaks_for_nobody() -> None:
    """With `partial` it is left out, so it must neither taint later lines nor take a number."""
    one = roster_line(phone="19900000001")
    faulty = one | {"name": "另一人", "phone": "19900000002", "post": "技术负责人"}
    other = roster_line(phone="19900000002", post="质量员")
    assert codes(read(csv_roster([one, faulty, other]))) == [
        (3, "姓名", "sites.roster_name_differs"),
        (3, "手机号", "sites.roster_phone_differs"),
    ]


def test_the_same_person_may_return_and_may_hold_two_posts() -> None:
    one = roster_line(to_on="2026-02-10")
    back = one | {"from_on": "2026-02-11", "to_on": ""}
    second = one | {"post": "技术负责人"}
    assert read(csv_roster([one, back, second])).faults == ()


def test_seats_of_one_post_must_agree() -> None:
    company = "试验公司"
    lines = [roster_line(post="安全员", seats=seats, company=company) for seats in ("2", "", "3")]
    assert codes(read(csv_roster(lines))) == [(4, "席位", "sites.roster_seats_differ")]


def test_a_workbook_is_read_with_dates_and_numbers() -> None:
    line: dict[str, Any] = dict(roster_line())
    line |= {"phone": int(line["phone"]), "from_on": datetime(2026, 2, 1), "to_on": date(2026, 5, 1), "seats": 2.0}  # noqa: DTZ001 - workbooks know no zones
    roster = read(xlsx_roster([line]), "xlsx")
    assert roster.faults == ()
    (row,) = roster.rows
    assert (row.line, row.phone, row.seats) == (2, str(line["phone"]), 2)
    assert (row.from_on, row.to_on) == (date(2026, 2, 1), date(2026, 5, 1))


def test_an_id_number_kept_as_a_figure_has_lost_its_digits() -> None:
    line: dict[str, Any] = dict(roster_line()) | {"document_number": float(draw_number()[:17] + "0")}
    assert codes(read(xlsx_roster([line]), "xlsx")) == [(2, "证件号码", "sites.roster_digits_lost")]


def test_a_formula_is_a_fault_and_is_not_evaluated() -> None:
    line = roster_line(name='=HYPERLINK("http://127.0.0.1","张三")')
    assert codes(read(xlsx_roster([line]), "xlsx")) == [(2, "姓名", "sites.roster_cell_formula")]


def test_a_wrong_size_in_the_workbook_hides_no_rows() -> None:
    whole = xlsx_roster([roster_line() for _ in range(3)])
    assert len(read(_rewritten(whole, b'<dimension ref="A1:L4"', b'<dimension ref="A1:A1"'), "xlsx").rows) == 3


def _rewritten(body: bytes, old: bytes, new: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as source, zipfile.ZipFile(out, "w") as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == "xl/worksheets/sheet1.xml":
                assert old in content
                content = content.replace(old, new)
            target.writestr(entry, content)
    return out.getvalue()


@pytest.mark.parametrize("body", [b"", b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512, b"hello"])
def test_what_is_no_workbook_is_told_so(body: bytes) -> None:
    with pytest.raises(roster_errors.RosterUnreadable):
        read(body, "xlsx")


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"\0" * 40_000_000)
    assert len(out.getvalue()) < 100_000
    with pytest.raises(roster_errors.RosterTooLarge):
        read(out.getvalue(), "xlsx")


def test_entities_in_a_workbook_are_not_expanded() -> None:
    bomb = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]>'
    body = _rewritten(xlsx_roster([roster_line()]), b"<worksheet", bomb + b"<worksheet")
    with pytest.raises(roster_errors.RosterUnreadable):
        read(body, "xlsx")


def test_a_row_that_gives_itself_an_endless_number_ends_the_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    body = _rewritten(xlsx_roster([roster_line()]), b"</sheetData>", b'<row r="4000000000000"></row></sheetData>')
    monkeypatch.setattr(roster_files, "LAST_SHEET_LINE", 10_000)
    with pytest.raises(roster_errors.RosterUnreadable):
        read(body, "xlsx")


def test_files_and_rosters_have_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(roster_errors.RosterTooLarge):
        read(b"x" * (roster_files.MAX_BYTES + 1))
    monkeypatch.setattr(roster_files, "MAX_LINES", 5)
    for body, kind in (
        (csv_roster([roster_line() for _ in range(6)]), "csv"),
        (xlsx_roster([roster_line() for _ in range(6)]), "xlsx"),
    ):
        with pytest.raises(roster_errors.RosterTooLong):
            read(body, kind)


def test_text_in_no_known_encoding_is_told_so() -> None:
    with pytest.raises(roster_errors.RosterEncoding):
        read(b"\xff\xff\x80\x80,\xfe")


@given(body=st.binary(max_size=400), kind=st.sampled_from(["csv", "xlsx"]))
def test_any_bytes_are_a_roster_or_an_error_of_ours(body: bytes, kind: str) -> None:
    with pytest.raises(DaogangError):
        read(body, kind)


@given(cells=st.dictionaries(st.sampled_from(list(roster_line())), st.text(max_size=30)))
def test_any_cell_is_a_value_or_a_fault(cells: dict[str, str]) -> None:
    roster = read(csv_roster([roster_line(**cells)], encoding="utf-8-sig")) if _writable(cells) else None
    if roster is not None:
        assert len(roster.rows) + len({fault.line for fault in roster.faults}) == roster.lines


def _writable(cells: dict[str, str]) -> bool:
    text = "".join(cells.values())
    return "\x00" not in text and not any("\ud800" <= char <= "\udfff" for char in text)


@pytest.mark.parametrize(
    "text", ["2026-01-02", "2026/1/2", "2026.01.02", "2026年1月2日", "20260102", "2026-01-02 00:00:00"]
)
def test_dates_are_read_as_people_write_them(text: str) -> None:
    assert read_date(text) == date(2026, 1, 2)


@pytest.mark.parametrize("text", ["", "2026-13-01", "02/01/2026", "46054", "2026-1-2 13:00", "二〇二六年一月二日"])
def test_other_texts_are_no_dates(text: str) -> None:
    with pytest.raises(roster_errors.CellDate):
        read_date(text)


def test_document_types_are_read_by_name_and_code() -> None:
    assert [read_document_kind(text) for text in ("", "身份证", "1", "08", "护照")] == ["01", "01", "01", "08", "08"]


def test_the_templates_are_rosters() -> None:
    assert read(csv_template()) == Roster((), (), 0, ())
    assert read(xlsx_template(), "xlsx") == Roster((), (), 0, ())
    book = load_workbook(io.BytesIO(xlsx_template()))
    assert book["花名册"].column_dimensions["C"].number_format == "@"
    assert len(book["花名册"].data_validations.dataValidation) == 2


def test_a_filled_template_is_read() -> None:
    book = load_workbook(io.BytesIO(xlsx_template()))
    number, phone = draw_number(), draw_phone()
    book["花名册"].append(
        ["王强", None, number, phone, "试验公司", None, "监理单位", "总监理工程师", None, None, "2026-02-01"]
    )
    out = io.BytesIO()
    book.save(out)
    (row,) = read(out.getvalue(), "xlsx").rows
    assert (row.post, row.document.number, row.phone) == ("chief_supervisor", number, phone)
