"""The invented people of the demo and the rosters that bring them in (pure).

Nobody of them exists: the names are made up, the ID numbers lie in an area code that was never assigned, and the phone
numbers all begin with 1990000.
"""

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final, Literal
from uuid import UUID, uuid5

from backend.sites.identity_documents import resident_check_character

ProjectKey = Literal["line", "tower"]

AREA_CODE: Final = "990101"
HEADER: Final = ("姓名", "证件号码", "手机号", "参建单位", "单位类型", "岗位", "席位", "标段", "进场日期")
_INSTALLATIONS: Final = UUID("6f9d2c1e-8f4b-4c1a-9a53-0d1e2f3a4b5c")


def install_id_of(who: str) -> UUID:
    """Return the installation of the app on somebody's phone: the same in every demo."""
    return uuid5(_INSTALLATIONS, who)


@dataclass(frozen=True, slots=True)
class Company:
    """An invented company; `uscc` is a unified social credit code with a correct check character."""

    name: str
    uscc: str


METRO_OWNER: Final = Company("武汉示例轨道交通建设有限公司", "91990101MA0000001Y")
TUNNELLER: Final = Company("示例隧道工程局有限公司", "91990101MA00000022")
CONSULTANT: Final = Company("示例工程咨询监理有限公司", "91990101MA00000035")
TOWER_OWNER: Final = Company("光谷示例科技园发展有限公司", "91990101MA00000048")
BUILDER: Final = Company("示例第一建设集团有限公司", "91990101MA0000005B")
LABOUR: Final = Company("示例劳务服务有限公司", "91990101MA0000006E")

OWNER, SUPERVISOR, CONTRACTOR, LABOUR_KIND = "008", "007", "009", "006"


@dataclass(frozen=True, slots=True)
class Person:
    """One invented person on one post; `born_on` and `number` make the ID number, `number` the phone number too.

    `card` is what the gates read; `phone` tells whether a phone number is filed (key personnel must have one).
    """

    name: str
    born_on: date
    number: int
    project: ProjectKey
    company: Company
    party_kind: str
    post: str
    section: str | None = None
    seats: int | None = None
    phone: bool = True

    @property
    def document(self) -> str:
        """Return the resident ID number."""
        first = f"{AREA_CODE}{self.born_on:%Y%m%d}{self.number:03d}"
        return first + resident_check_character(first)

    @property
    def phone_number(self) -> str:
        """Return the mobile number, filed or not."""
        return f"1990000{self.number:04d}"

    @property
    def card(self) -> str:
        """Return the number of the card that the gates read."""
        return f"C{990000 + self.number}"


def _line(
    name: str, born: str, number: int, company: Company, kind: str, post: str, section: str | None = None
) -> Person:
    seats = 3 if post == "safety_officer" else None
    return Person(name, date.fromisoformat(born), number, "line", company, kind, post, section, seats)


def _tower(name: str, born: str, number: int, company: Company, kind: str, post: str) -> Person:
    phone = post not in {"worker", "team_leader", "labour_officer"}
    return Person(name, date.fromisoformat(born), number, "tower", company, kind, post, phone=phone)


LINE_PEOPLE: Final = (
    _line("江知远", "1974-03-12", 101, METRO_OWNER, OWNER, "owner_project_leader"),
    _line("沈若川", "1982-07-25", 102, METRO_OWNER, OWNER, "owner_representative"),
    _line("陆怀舟", "1979-11-03", 103, TUNNELLER, CONTRACTOR, "project_manager"),
    _line("祁明朗", "1985-05-18", 104, TUNNELLER, CONTRACTOR, "technical_lead"),
    _line("方砚秋", "1988-09-09", 105, TUNNELLER, CONTRACTOR, "safety_officer", "S1"),
    _line("贺松年", "1986-01-27", 106, TUNNELLER, CONTRACTOR, "safety_officer", "S2"),
    _line("段鹤鸣", "1991-12-14", 107, TUNNELLER, CONTRACTOR, "safety_officer", "S3"),
    _line("白一舟", "1990-04-06", 108, TUNNELLER, CONTRACTOR, "quality_officer", "S2"),
    _line("童晓峰", "1993-08-30", 109, TUNNELLER, CONTRACTOR, "builder", "S1"),
    _line("管仲平", "1989-02-11", 110, TUNNELLER, CONTRACTOR, "builder", "S3"),
    _line("汤沐风", "1987-06-21", 111, TUNNELLER, CONTRACTOR, "builder", "S2"),
    _line("欧阳既明", "1971-10-05", 112, CONSULTANT, SUPERVISOR, "chief_supervisor"),
    _line("罗望舒", "1984-03-29", 113, CONSULTANT, SUPERVISOR, "specialist_supervisor", "S1"),
    _line("戚安澜", "1992-11-17", 114, CONSULTANT, SUPERVISOR, "safety_supervisor", "S2"),
    _line("韦长庚", "1995-05-02", 115, CONSULTANT, SUPERVISOR, "supervisor_assistant", "S3"),
)

TOWER_PEOPLE: Final = (
    _tower("严思齐", "1976-08-19", 201, TOWER_OWNER, OWNER, "owner_project_leader"),
    _tower("傅云开", "1980-12-01", 202, BUILDER, CONTRACTOR, "project_manager"),
    _tower("裴景行", "1983-02-23", 203, BUILDER, CONTRACTOR, "technical_lead"),
    _tower("柳听泉", "1990-06-15", 204, BUILDER, CONTRACTOR, "safety_officer"),
    _tower("尹逢春", "1988-10-28", 205, BUILDER, CONTRACTOR, "quality_officer"),
    _tower("顾北辰", "1994-01-08", 206, BUILDER, CONTRACTOR, "builder"),
    _tower("温以宁", "1991-07-13", 207, BUILDER, CONTRACTOR, "labour_officer"),
    _tower("章继光", "1973-04-22", 208, CONSULTANT, SUPERVISOR, "chief_supervisor"),
    _tower("薛迎霜", "1987-09-26", 209, CONSULTANT, SUPERVISOR, "specialist_supervisor"),
    _tower("丁长河", "1978-11-30", 210, LABOUR, LABOUR_KIND, "team_leader"),
    _tower("高铁柱", "1985-03-03", 211, LABOUR, LABOUR_KIND, "worker"),
    _tower("黎小满", "1992-05-21", 212, LABOUR, LABOUR_KIND, "worker"),
    _tower("万福生", "1981-08-08", 213, LABOUR, LABOUR_KIND, "worker"),
    _tower("孔令田", "1979-01-16", 214, LABOUR, LABOUR_KIND, "worker"),
    _tower("毛立秋", "1989-08-07", 215, LABOUR, LABOUR_KIND, "worker"),
    _tower("邵大江", "1984-12-24", 216, LABOUR, LABOUR_KIND, "worker"),
    _tower("史永安", "1990-02-02", 217, LABOUR, LABOUR_KIND, "worker"),
    _tower("龙在野", "1993-10-10", 218, LABOUR, LABOUR_KIND, "worker"),
    _tower("段金水", "1982-06-18", 219, LABOUR, LABOUR_KIND, "worker"),
    _tower("覃岭南", "1986-04-14", 220, LABOUR, LABOUR_KIND, "worker"),
    _tower("樊守拙", "1977-07-07", 221, LABOUR, LABOUR_KIND, "worker"),
    _tower("喻清和", "1994-03-19", 222, LABOUR, LABOUR_KIND, "worker"),
)

PEOPLE: Final = {person.name: person for person in (*LINE_PEOPLE, *TOWER_PEOPLE)}


def roster_csv(people: Iterable[Person], day: date, *, misprint: str | None = None) -> bytes:
    """Write a roster as project offices send it: CSV in UTF-8 with a byte order mark, header in Chinese.

    People came thirty days before `day`. The ID number of the person named `misprint` gets a wrong check character.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(HEADER)
    for person in people:
        document = person.document
        if person.name == misprint:
            document = document[:-1] + ("1" if document[-1] != "1" else "2")
        writer.writerow(
            (
                person.name,
                document,
                person.phone_number if person.phone else "",
                person.company.name,
                person.party_kind,
                person.post,
                person.seats or "",
                person.section or "",
                (day - timedelta(days=30)).isoformat(),
            )
        )
    return text.getvalue().encode("utf-8-sig")
