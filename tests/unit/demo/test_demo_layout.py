"""Tables line up in a terminal, where a Chinese character takes two cells."""

import pytest

from backend.demo.layout import lay_out, padded, width_of


@pytest.mark.parametrize(
    ("text", "cells"),
    [("", 0), ("abc", 3), ("项目经理", 8), ("K20+050", 7), ("在岗，3 人", 10), ("é", 1), ("e\u0301", 1)],
)
def test_width(text: str, cells: int) -> None:
    assert width_of(text) == cells


def test_padding_goes_to_the_asked_side() -> None:
    assert padded("岗位", 6) == "岗位  "
    assert padded("12", 4, ">") == "  12"
    assert padded("项目经理", 4) == "项目经理"


def test_columns_line_up() -> None:
    lines = lay_out(["来源", "sent"], [("手机", 41), ("闸机 no. 2", 8)], "<>")
    assert lines == [
        "来源        sent",
        "----------  ----",
        "手机          41",
        "闸机 no. 2     8",
    ]
    assert len({width_of(line) for line in lines}) == 1
