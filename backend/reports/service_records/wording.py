"""Puts a service record into a document of a language, whose tables are the sheets of a workbook (pure)."""

from collections.abc import Iterator
from datetime import date
from typing import Final

from backend.kit import messages
from backend.reports.rendering.document import Cell, Column, Document, Section, Table
from backend.reports.service_records.content import MONTHS, MonthOfDuty, PersonRecord, PostRecord, ServiceRecord
from backend.sites.posts import POST_KINDS

DASH: Final = "—"
_PER_CENT: Final = 10


def word(language: str, name: str, /, **values: object) -> str:
    """Return a word of the records' catalogue."""
    return messages.text(language, f"records.{name}", values).title


def word_record(language: str, record: ServiceRecord) -> Document:
    """Return the document: the year at a glance, its months, stays, leave, make-ups and rulings."""
    until = DASH if record.until is None else f"{record.until:%Y-%m-%d}"
    tables = [
        _year(language, record),
        _months(language, record),
        _held(language, record),
        _leaves(language, record),
        _decisions(language, record),
    ]
    return Document(
        language=language,
        title=word(language, "title"),
        subtitle=word(language, "year", year=record.year),
        stamp=[
            (word(language, "project"), record.project_name),
            (word(language, "registration_no"), record.registration_no),
            (word(language, "until"), until),
        ],
        sections=[Section(title=table.name, table=table) for table in tables],
        notes_title=word(language, "notes"),
        notes=[word(language, "note_rates"), word(language, "note_rulings")],
    )


def _year(language: str, record: ServiceRecord) -> Table:
    columns = [
        *_who(language),
        *(Column(word(language, "month", month=month), 0.7, numeric=True) for month in MONTHS),
        *_sums(language),
    ]
    rows: list[list[Cell]] = []
    for person, post in _posts(record):
        by_month = {one.month: one for one in post.months}
        rates = [_rate(by_month[month].rate) if month in by_month else _none() for month in MONTHS]
        rows.append([*_named(language, person, post), *rates, *_summed(post)])
    return Table(word(language, "sheet_year"), columns, rows)


def _months(language: str, record: ServiceRecord) -> Table:
    columns = [
        *_who(language),
        Column(word(language, "col_month"), 0.8, numeric=True),
        *_sums(language),
        *(Column(word(language, f"col_{name}"), 0.8, numeric=True) for name in ("leave", "stop", "make_up")),
        Column(word(language, "col_verdict"), 1.2),
    ]
    rows = [
        [*_named(language, person, post), _count(one.month), *_summed(one), *_rest(language, one)]
        for person, post in _posts(record)
        for one in post.months
    ]
    return Table(word(language, "sheet_months"), columns, rows)


def _rest(language: str, one: MonthOfDuty) -> list[Cell]:
    verdict = Cell(word(language, f"verdict_{one.verdict}"), tone="bad" if one.verdict == "failed" else "")
    return [_count(one.leave_days), _count(one.stop_days), _count(one.make_up_days), verdict]


def _held(language: str, record: ServiceRecord) -> Table:
    columns = [*_who(language), *(Column(word(language, f"col_{name}"), 1) for name in ("from", "to", "exit"))]
    rows = [
        [
            *_named(language, person, post),
            _day(one.from_on),
            _day(one.to_on),
            Cell(word(language, "yes" if one.exit_confirmed else "no")),
        ]
        for person, post in _posts(record)
        for one in post.held
    ]
    return Table(word(language, "sheet_held"), columns, rows)


def _leaves(language: str, record: ServiceRecord) -> Table:
    columns = [Column(word(language, f"col_{name}"), 1) for name in ("person", "from", "to")]
    rows = [
        [Cell(person.person_name), _day(one.first_on), _day(one.last_on)]
        for person in record.people
        for one in person.leaves
    ]
    return Table(word(language, "sheet_leaves"), columns, rows)


def _decisions(language: str, record: ServiceRecord) -> Table:
    names = ("made_up", "made_up_review", "made_up_refused", "ruled_counted", "ruled_refused")
    columns = [
        Column(word(language, "col_person"), 1),
        *(Column(word(language, f"col_{name}"), 1, numeric=True) for name in names),
    ]
    rows: list[list[Cell]] = []
    for person in record.people:
        made, ruled = person.make_ups, person.rulings
        numbers = (made.counted, made.review, made.refused, ruled.counted, ruled.refused)
        rows.append([Cell(person.person_name), *(_count(number) for number in numbers)])
    return Table(word(language, "sheet_decisions"), columns, rows)


def _posts(record: ServiceRecord) -> Iterator[tuple[PersonRecord, PostRecord]]:
    return ((person, post) for person in record.people for post in person.posts)


def _who(language: str) -> list[Column]:
    return [
        Column(word(language, f"col_{name}"), weight) for name, weight in (("person", 1), ("post", 1.3), ("company", 2))
    ]


def _named(language: str, person: PersonRecord, post: PostRecord) -> list[Cell]:
    known = POST_KINDS[post.post_kind]
    return [Cell(person.person_name), Cell(known.zh if language == "zh-CN" else known.en), Cell(post.company_name)]


def _sums(language: str) -> list[Column]:
    return [Column(word(language, f"col_{name}"), 0.9, numeric=True) for name in ("due", "valid", "rate", "own_rate")]


def _summed(one: MonthOfDuty | PostRecord) -> list[Cell]:
    valid = Cell(f"{one.valid / 1000:g}", one.valid / 1000, "days")
    return [_count(one.due), valid, _rate(one.rate), _rate(one.own_rate)]


def _rate(permille: int | None) -> Cell:
    if permille is None:
        return _none()
    return Cell(f"{permille // 10}.{permille % 10}", permille * _PER_CENT, "rate")


def _count(number: int) -> Cell:
    return Cell(str(number), number, "int")


def _day(on: date | None) -> Cell:
    return _none() if on is None else Cell(f"{on:%Y-%m-%d}")


def _none() -> Cell:
    return Cell(DASH, tone="muted")
