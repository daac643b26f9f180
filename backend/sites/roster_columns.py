"""The columns of a roster under the names that people give them, and the line that holds those names (pure)."""

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from backend.sites import roster_errors
from backend.sites.roster_files import Line

# Names of the columns as people write them; the first is what the template shows.
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "name": ("姓名", "name"),
        "document_type": ("证件类型", "document type", "id type"),
        "document_number": ("证件号码", "身份证号", "身份证号码", "证件号", "document number", "id number"),
        "phone": ("手机号", "手机号码", "联系电话", "电话", "phone", "mobile"),
        "company": ("参建单位", "单位名称", "所属单位", "单位", "company"),
        "uscc": ("统一社会信用代码", "信用代码", "uscc"),
        "party_kind": ("单位类型", "参建单位类型", "party kind"),
        "post": ("岗位", "岗位类型", "岗位名称", "post"),
        "seats": ("席位", "席位数", "seats"),
        "section": ("标段", "标段编号", "section"),
        "from_on": ("进场日期", "进场时间", "from", "from_on"),
        "to_on": ("退场日期", "退场时间", "to", "to_on"),
    }
)
REQUIRED: Final = ("name", "document_number", "company", "party_kind", "post", "from_on")
HEADER_LINES: Final = 10

_HEADERS: Final = MappingProxyType({name.lower(): key for key, names in COLUMNS.items() for name in names})


def find_header(lines: list[Line]) -> tuple[int, Mapping[str, int], tuple[str, ...]]:
    """Return the place of the header, where each column is in it, and the headers that nobody knows.

    Raises RosterHeader, naming the required columns that are missing.
    """
    best: dict[str, int] = {}
    for place, line in enumerate(lines[:HEADER_LINES]):
        columns: dict[str, int] = {}
        ignored: list[str] = []
        for index, cell in enumerate(line.cells):
            # A star or a note in brackets beside the name ("*姓名", "进场日期(必填)") is decoration.
            plain = " ".join(re.sub(r"[(（].*|\*", "", cell.text, flags=re.DOTALL).lower().split())
            key = _HEADERS.get(plain if plain.isascii() else plain.replace(" ", ""))
            if key is None:
                if cell.text:
                    ignored.append(cell.text[:40])
            else:
                columns.setdefault(key, index)
        if all(key in columns for key in REQUIRED):
            return place, columns, tuple(ignored)
        if len(columns) > len(best):
            best = columns
    raise roster_errors.RosterHeader(columns="、".join(COLUMNS[key][0] for key in REQUIRED if key not in best))
