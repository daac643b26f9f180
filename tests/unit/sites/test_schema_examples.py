from datetime import date
from typing import Any, get_args

from backend.identity.phone_numbers import read_phone_number
from backend.sites import schemas
from backend.sites.identity_documents import read_document, read_registration_no, read_uscc


def examples(kind: Any) -> list[str]:
    found: list[str] = get_args(kind)[1].examples
    assert found
    return found


def test_the_api_document_s_examples_are_right_numbers() -> None:
    for text in examples(schemas.DocumentNumber):
        assert read_document("01", text, today=date(2026, 3, 16)).number == text
    for text in examples(schemas.UsccText):
        assert read_uscc(text) == text
    for text in examples(schemas.RegistrationNo):
        assert read_registration_no(text) == text
    for text in examples(schemas.PhoneText):
        assert read_phone_number(text) == text
