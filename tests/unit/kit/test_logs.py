"""What a log line tells of an exception."""

import psycopg
from sqlalchemy.exc import IntegrityError

from backend.kit.logs import render_exception

DETAIL = "new row violates check constraint\nDETAIL:  Failing row contains (7, 王强)."


def rendered(error: BaseException) -> str:
    return render_exception((type(error), error, error.__traceback__))


def test_the_values_of_a_row_stay_out_of_the_log() -> None:
    try:
        try:
            raise psycopg.errors.CheckViolation(DETAIL)
        except psycopg.Error as error:
            raise IntegrityError("INSERT", {}, error) from error
    except IntegrityError as error:
        text = rendered(error)
    assert "王强" not in text
    assert text.count("SQLSTATE 23514") == 2
    assert text.index("CheckViolation") < text.index("led to:") < text.index("IntegrityError")
    assert "test_the_values_of_a_row" in text


def test_other_errors_say_what_they_have_to_say() -> None:
    assert rendered(ValueError("no such month")) == "builtins.ValueError: no such month"
