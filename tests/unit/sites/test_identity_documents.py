from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kit.errors import DaogangError
from backend.sites import errors
from backend.sites.identity_documents import (
    IdentityDocument,
    read_document,
    read_registration_no,
    read_title,
    read_uscc,
    resident_check_character,
    uscc_check_character,
)

TODAY = date(2026, 3, 16)
GOOD = "990101198505200019"
BIRTHS = st.dates(date(1900, 1, 1), TODAY)


def resident(birth_on: date, sequence: int = 1) -> str:
    first = f"990101{birth_on:%Y%m%d}{sequence:03d}"
    return first + resident_check_character(first)


def test_the_check_character_is_that_of_the_standard_s_example() -> None:
    # GB 11643-1999 prints 11010519491231002X as its example.
    assert resident_check_character("11010519491231002") == "X"


def test_a_resident_id_number_is_normalised() -> None:
    number = resident(date(1985, 5, 20))
    written = " " + number[:6].translate(str.maketrans("0123456789", "０１２３４５６７８９")) + " " + number[6:14] + "-"
    assert read_document("01", written + number[14:].lower(), today=TODAY) == IdentityDocument("01", number)


@given(birth_on=BIRTHS, sequence=st.integers(0, 999))
def test_every_right_number_passes(birth_on: date, sequence: int) -> None:
    number = resident(birth_on, sequence)
    assert read_document("01", number, today=TODAY).number == number


@given(birth_on=BIRTHS, place=st.integers(0, 17), step=st.integers(1, 9))
def test_one_wrong_digit_is_always_noticed(birth_on: date, place: int, step: int) -> None:
    number = resident(birth_on)
    digit = "0123456789X".index(number[place])
    wrong = number[:place] + str((digit + step) % 10) + number[place + 1 :]
    if wrong == number:
        return
    with pytest.raises(DaogangError):
        read_document("01", wrong, today=TODAY)


@given(birth_on=BIRTHS, place=st.integers(14, 16))
def test_two_swapped_neighbours_are_always_noticed(birth_on: date, place: int) -> None:
    number = resident(birth_on, 137)
    swapped = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    if swapped == number:
        return
    with pytest.raises(DaogangError):
        read_document("01", swapped, today=TODAY)


@pytest.mark.parametrize(
    ("number", "error"),
    [
        (resident(date(1985, 5, 20))[:-1], errors.IdNumberForm),
        (resident(date(1985, 5, 20)) + "0", errors.IdNumberForm),
        ("A" + resident(date(1985, 5, 20))[1:], errors.IdNumberForm),
        ("", errors.IdNumberForm),
        ("٩" * 18, errors.IdNumberForm),
        (resident(date(2026, 3, 17)), errors.IdNumberBirthDate),
        (resident(date(1899, 12, 31)), errors.IdNumberBirthDate),
        ("990101198502300014", errors.IdNumberBirthDate),
        (GOOD[:-1] + ("0" if GOOD[-1] != "0" else "1"), errors.IdNumberChecksum),
    ],
)
def test_what_is_wrong_with_a_resident_id_number_is_named(number: str, error: type[DaogangError]) -> None:
    with pytest.raises(error):
        read_document("01", number, today=TODAY)


@pytest.mark.parametrize(
    ("kind", "number", "normal"),
    [
        ("08", "e 9999-9999", "E99999999"),
        ("09", "h12345678", "H12345678"),
        ("10", "M1234567890", "M1234567890"),
        ("10", "C99999999", "C99999999"),
        ("12", "12345678", "12345678"),
        ("12", "1234567890(b)", "1234567890B"),
        ("17", "A123456(3)", "A1234563"),  # the example number of the Hong Kong government
        ("17", "AB987654(3)", "AB9876543"),
    ],
)
def test_other_documents_have_forms_of_their_own(kind: str, number: str, normal: str) -> None:
    assert read_document(kind, number, today=TODAY) == IdentityDocument(kind, normal)


@pytest.mark.parametrize(
    ("kind", "number"),
    [
        ("08", "ABCDEF"),
        ("08", "护照123456"),
        ("09", "X12345678"),
        ("10", "123"),
        ("12", "A2345678"),
        ("17", "A123456(4)"),
    ],
)
def test_what_cannot_be_such_a_document_is_refused(kind: str, number: str) -> None:
    with pytest.raises(errors.DocumentNumberMalformed):
        read_document(kind, number, today=TODAY)


@pytest.mark.parametrize("kind", ["02", "99", "", "1", "x"])
def test_other_types_are_not_taken(kind: str) -> None:
    with pytest.raises(errors.DocumentKindUnknown):
        read_document(kind, GOOD, today=TODAY)


@given(text=st.text(max_size=80), kind=st.sampled_from(["01", "08", "09", "10", "12", "17"]))
def test_any_text_is_either_a_document_or_an_error_of_ours(text: str, kind: str) -> None:
    try:
        document = read_document(kind, text, today=TODAY)
    except DaogangError:
        return
    assert read_document(kind, document.number, today=TODAY) == document


def test_a_document_does_not_print_its_number() -> None:
    assert GOOD not in repr(IdentityDocument("01", GOOD))


def test_the_credit_code_check_is_that_of_the_standard() -> None:
    # The code that explanations of GB 32100-2015 print as their example.
    assert uscc_check_character("91350100M000100Y4") == "3"
    assert read_uscc(" 91350100m000100y43 ") == "91350100M000100Y43"


@pytest.mark.parametrize("code", ["91350100M000100Y44", "91350100M000100Y4", "91350100I000100Y43", "", "９" * 18])
def test_a_wrong_credit_code_is_refused(code: str) -> None:
    with pytest.raises(errors.UsccMalformed):
        read_uscc(code)


@given(first=st.text("0123456789ABCDEFGHJKLMNPQRTUWXY", min_size=17, max_size=17), place=st.integers(0, 16))
def test_one_wrong_character_of_a_credit_code_is_noticed(first: str, place: int) -> None:
    code = first + uscc_check_character(first)
    assert read_uscc(code) == code
    other = "1" if code[place] == "0" else "0"
    with pytest.raises(errors.UsccMalformed):
        read_uscc(code[:place] + other + code[place + 1 :])


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("４２０１１１－２０２６ 0101", "420111-20260101"),
        ("wh–2026—001", "WH-2026-001"),
        ("\ufeff9901\u200b01-7", "990101-7"),
    ],
)
def test_registration_numbers_have_one_spelling(text: str, normal: str) -> None:
    assert read_registration_no(text) == normal


@pytest.mark.parametrize("text", ["", "123", "ABCDEF", "报监2026", "1" * 41, "12/34", "12\x0034"])
def test_what_is_no_registration_number_is_refused(text: str) -> None:
    with pytest.raises(errors.RegistrationNoMalformed):
        read_registration_no(text)


def test_names_have_one_spelling() -> None:
    assert read_title("  阿凡提·\u3000 ＡＢ  ", 20) == "阿凡提· AB"
    with pytest.raises(errors.TextMissing):
        read_title(" \u3000 ", 20)
    with pytest.raises(errors.TextTooLong):
        read_title("\ufdfa", 10)  # one character that unfolds into eighteen
