"""Puts an evidence pack into a document of a language, and says how to check it."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from backend.attendance.rates.schemas import DayOut, ExplainedRate
from backend.attendance.reviews.queue import reason_title
from backend.kit import messages
from backend.reports.packs.content import Pack, PackEntry, Recorded
from backend.reports.rendering.document import Card, Cell, Column, Document, Section, Table, Tone
from backend.sites.model import zone_of
from backend.sites.posts import POST_KINDS

DASH: Final = "—"
_TONES: Final[Mapping[str, Tone]] = {"counted": "good", "refused": "bad", "review": "open", "pending": "open"}
_STEPS: Final = ("unzip", "run", "keys", "shows", "shows_not")


def word(language: str, name: str, /, **values: object) -> str:
    """Return a word of the packs' catalogue."""
    return messages.text(language, f"packs.{name}", values).title


def word_pack(language: str, pack: Pack, digest: str) -> Document:
    """Return the document; `digest` is the SHA-256 of the month's JSON in hexadecimal."""
    return Document(
        language=language,
        title=word(language, "title"),
        subtitle=word(language, "subtitle", year=pack.span.first.year, month=pack.span.first.month),
        stamp=[
            (word(language, "project"), pack.project.name),
            (word(language, "person"), pack.person.name),
            (word(language, "document"), pack.person.document_number),
            (word(language, "made_at"), _instant(pack, pack.made_at)),
        ],
        lead=_lead(language, pack),
        cards=_cards(language, pack),
        sections=[
            *(_days(language, rate) for rate in pack.rates),
            _entries(language, pack),
            _later(language, pack),
        ],
        notes_title=word(language, "how"),
        notes=_how(language),
        proof=_proof(language, pack, digest),
    )


def how_to_check(language: str, pack: Pack) -> str:
    """Return the text that lies beside the files."""
    lines = [
        word(language, "title"),
        f"{pack.project.name}  {pack.person.name}  {pack.span.first:%Y-%m}",
        "",
        *_how(language),
        "",
        "python3 check_pack.py KEYS.json",
        "python3 check_proof.py proof.json KEYS.json",
        "",
        *(f"{name}: {word(language, f'file_{key}')}" for name, key in _FILES),
    ]
    return "\n".join(lines) + "\n"


_FILES: Final = (
    ("evidence.pdf", "print"),
    ("person-month.json", "month"),
    ("proof.json", "proof"),
    ("head.txt", "head"),
    ("keys.json", "keys"),
    ("check_pack.py", "script"),
    ("check_proof.py", "proof_script"),
    ("plain_ed25519.py", "plain"),
)


def _how(language: str) -> list[str]:
    return [f"{number}. {word(language, f'how_{step}')}" for number, step in enumerate(_STEPS, 1)]


def _lead(language: str, pack: Pack) -> list[str]:
    said = [_joined(language, (rate.words, *rate.rules_words)) for rate in pack.rates]
    if not said:
        said.append(word(language, "no_post"))
    values = {"entries": len(pack.entries), "until": f"{pack.span.until:%Y-%m-%d}"}
    said.append(word(language, "lead_entries", **values))
    if pack.unsealed:
        said.append(word(language, "lead_unsealed", rows=pack.unsealed))
    undated = sum(entry.on is None for entry in pack.entries)
    if undated:
        said.append(word(language, "lead_undated", entries=undated))
    return said


def _cards(language: str, pack: Pack) -> list[Card]:
    return [
        Card(
            label=_post(language, rate.post_kind),
            value=DASH if rate.rate is None else f"{_tenths(rate.rate)}%",
            change=word(language, f"verdict_{rate.verdict}"),
            note=word(language, "card_note", valid=_whole(rate.valid), due=rate.due),
            tone="good" if rate.verdict == "met" else "bad" if rate.verdict == "failed" else "",
        )
        for rate in pack.rates
    ]


def _days(language: str, rate: ExplainedRate) -> Section:
    post = _post(language, rate.post_kind)
    return Section(
        title=word(language, "section_days", post=post),
        table=Table(
            word(language, "section_days", post=post),
            [
                Column(word(language, "col_day"), 1.1),
                Column(word(language, "col_due"), 1.6),
                Column(word(language, "col_punches"), 0.6, numeric=True),
                Column(word(language, "col_credit"), 0.7, numeric=True),
                Column(word(language, "col_why"), 3),
            ],
            [_day(language, day) for day in rate.days],
        ),
    )


def _day(language: str, day: DayOut) -> list[Cell]:
    if not day.passed:
        return [
            Cell(f"{day.on:%Y-%m-%d}"),
            Cell(day.due_words),
            Cell(DASH),
            Cell(DASH),
            Cell(word(language, "not_over")),
        ]
    tone: Tone = "good" if day.credit else "open" if day.likely else "bad" if day.due else "muted"
    return [
        Cell(f"{day.on:%Y-%m-%d}"),
        Cell(day.due_words, tone="" if day.due else "muted"),
        Cell(str(len(day.entries)), len(day.entries), "int"),
        Cell(_whole(day.credit), day.credit / 1000, "days", tone),
        Cell(day.credit_words, tone=tone),
    ]


def _entries(language: str, pack: Pack) -> Section:
    title = word(language, "section_entries")
    if not pack.entries:
        return Section(title=title, paragraphs=[word(language, "no_entries")])
    columns = [
        Column(word(language, "col_at"), 1.5),
        Column(word(language, "col_received"), 1.5),
        Column(word(language, "col_source"), 0.8),
        Column(word(language, "col_direction"), 0.6),
        Column(word(language, "col_outcome"), 0.8),
        Column(word(language, "col_reasons"), 2.2),
        Column(word(language, "col_leaf"), 0.9, numeric=True),
    ]
    return Section(title=title, table=Table(title, columns, [_entry(language, pack, one) for one in pack.entries]))


def _entry(language: str, pack: Pack, entry: PackEntry) -> list[Cell]:
    columns = entry.punch.columns
    at = word(language, "undated") if entry.counts_at is None else _instant(pack, entry.counts_at)
    return [
        Cell(at, tone="open" if entry.counts_at is None else ""),
        Cell(_instant(pack, columns["received_at"])),
        Cell(word(language, f"source_{columns['source']}")),
        Cell(word(language, f"direction_{columns['direction']}")),
        Cell(word(language, f"outcome_{entry.outcome}"), tone=_TONES.get(entry.outcome, "")),
        Cell(_reasons(language, entry.rulings[-1].columns["reasons"])),
        _leaf(language, entry.punch),
    ]


def _later(language: str, pack: Pack) -> Section:
    """Return what was decided and found out after the punches came in."""
    title = word(language, "section_later")
    rows = [
        row
        for entry in pack.entries
        for row in (
            *(_ruling(language, pack, entry, one) for one in entry.rulings[1:]),
            *(_attribution(language, pack, entry, one) for one in entry.attributions),
        )
    ]
    if not rows:
        return Section(title=title, paragraphs=[word(language, "nothing_later")])
    columns = [
        Column(word(language, "col_decided_at"), 1.5),
        Column(word(language, "col_of"), 1.5),
        Column(word(language, "col_what"), 1),
        Column(word(language, "col_by"), 0.8),
        Column(word(language, "col_note"), 2.4),
        Column(word(language, "col_leaf"), 0.9, numeric=True),
    ]
    return Section(title=title, table=Table(title, columns, rows))


def _ruling(language: str, pack: Pack, entry: PackEntry, one: Recorded) -> list[Cell]:
    columns = one.columns
    outcome: str = columns["outcome"]
    return [
        Cell(_instant(pack, columns["ruled_at"])),
        Cell(_instant(pack, entry.punch.columns["received_at"])),
        Cell(word(language, f"outcome_{outcome}"), tone=_TONES.get(outcome, "")),
        _by(language, columns["ruled_by"]),
        Cell(columns["note"] or _reasons(language, columns["reasons"])),
        _leaf(language, one),
    ]


def _attribution(language: str, pack: Pack, entry: PackEntry, one: Recorded) -> list[Cell]:
    columns = one.columns
    at: datetime | None = columns["occurred_at"]
    what = word(language, "bound") if at is None else word(language, "dated", at=_instant(pack, at))
    return [
        Cell(_instant(pack, columns["made_at"])),
        Cell(_instant(pack, entry.punch.columns["received_at"])),
        Cell(what),
        _by(language, columns["made_by"]),
        Cell(columns["reason"]),
        _leaf(language, one),
    ]


def _by(language: str, account_id: UUID | None) -> Cell:
    return Cell(word(language, "by_policy" if account_id is None else "by_person"))


def _leaf(language: str, record: Recorded) -> Cell:
    if record.leaf is None:
        return Cell(word(language, "unsealed"), tone="open")
    return Cell(str(record.leaf), record.leaf, "int")


def _reasons(language: str, reasons: Iterable[Mapping[str, Any]]) -> str:
    return _joined(language, [reason_title(language, one) for one in reasons]) or DASH


def _proof(language: str, pack: Pack, digest: str) -> list[tuple[str, str]]:
    lines = [(word(language, "digest"), digest)]
    if pack.log is None:
        return [*lines, (word(language, "head"), word(language, "head_none"))]
    return [
        *lines,
        (
            word(language, "head"),
            word(language, "head_value", size=pack.log.size, at=_instant(pack, pack.log.signed_at)),
        ),
        (word(language, "root"), pack.log.root),
    ]


def _instant(pack: Pack, at: datetime) -> str:
    return f"{at.astimezone(zone_of(pack.project.time_zone)):%Y-%m-%d %H:%M:%S}"


def _post(language: str, kind: str) -> str:
    known = POST_KINDS[kind]
    return known.zh if language == "zh-CN" else known.en


def _joined(language: str, parts: Iterable[str]) -> str:
    return ("；" if language == "zh-CN" else "; ").join(parts)


def _tenths(permille: int) -> str:
    return f"{permille // 10}.{permille % 10}"


def _whole(thousandths: int) -> str:
    return f"{thousandths / 1000:g}"
