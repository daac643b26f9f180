"""Puts a bulletin's content into a document of a language: title, lead, figures, ranking, annexes, notes (pure).

The layout is that of the bulletins that cities publish: totals first, then the ranking of the districts with who is at
its top and bottom, then what was found wanting, then what the figures rest on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from backend.reports.bulletins import annexes
from backend.reports.bulletins.content import RANKED_POSTS, Content, DistrictLine
from backend.reports.bulletins.spoken import (
    count_cell,
    days,
    instant,
    joined,
    period,
    points,
    points_cell,
    rate,
    rate_cell,
    text_cell,
    word,
)
from backend.reports.rendering.document import Bars, Card, Cell, Column, Document, Section, Stacks, Table, Tone

LINES_IN_PRINT: Final = 60
"""Projects that a page or a print lists; a workbook lists all of them."""
_RATE_COLUMN: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """What is said of a bulletin beside its content; `edition` None is a draft."""

    edition: int | None
    issued_at: datetime | None
    digest: str
    issuer: str | None = None
    reason: str | None = None


def word_bulletin(language: str, content: Content, published: Published, *, most_lines: int | None) -> Document:
    """Return the document; annexes list at most `most_lines` projects, None all of them."""
    scope = word(language, "of_city") if content.scope is None else content.scope.name
    title = word(language, f"title_{content.kind}")
    if content.scope is not None:
        title = f"{scope}{title}" if language == "zh-CN" else f"{title}, {scope}"
    return Document(
        language=language,
        title=title,
        subtitle=period(language, content.kind, content.from_on, content.to_on),
        stamp=_stamp(language, content, published),
        lead=_lead(language, content, scope, published),
        cards=_cards(language, content),
        sections=[
            Section(
                title=word(language, "section_ranking"),
                charts=_charts(language, content),
                table=_ranking(language, content),
            ),
            *annexes.sections(language, content, most_lines),
        ],
        notes_title=word(language, "notes"),
        notes=_notes(language, content),
        proof=_proof(language, content, published),
    )


def _stamp(language: str, content: Content, published: Published) -> list[tuple[str, str]]:
    edition = word(language, "draft")
    if published.edition is not None:
        edition = word(language, "edition_value", edition=published.edition)
    stamp = [(word(language, "edition"), edition)]
    if published.issuer:
        stamp.insert(0, (word(language, "issuer"), published.issuer))
    if published.issued_at is not None:
        stamp.append((word(language, "issued_at"), instant(published.issued_at)))
    return [*stamp, (word(language, "computed_at"), instant(content.computed_at))]


def _lead(language: str, content: Content, scope: str, published: Published) -> list[str]:
    totals = content.totals
    posts = {kind: rate(language, totals.posts[kind].rate) for kind in RANKED_POSTS}
    all_posts = totals.all_posts
    first = word(
        language,
        "lead",
        scope=scope,
        projects=totals.projects,
        holders=totals.holders,
        rate=rate(language, all_posts.rate),
        **posts,
    )
    standing = word(
        language,
        "lead_standing",
        met=totals.met,
        failing=totals.failing,
        open=totals.open,
        not_due=totals.not_due,
    )
    lines = [f"{first}{_space(language)}{standing}"]
    if published.reason is not None:
        lines.insert(0, word(language, "lead_again", edition=published.edition, reason=published.reason))
    if all_posts.valid != all_posts.without_make_ups:
        made_up = days(annexes.made_up(all_posts))
        lines.append(
            word(language, "lead_make_ups", made_up=made_up, rate=rate(language, all_posts.rate_without_make_ups))
        )
    if all_posts.open:
        still = days(all_posts.open)
        lines.append(word(language, "lead_open", days=still, rate=rate(language, all_posts.rate_at_most)))
    named = {line.district_id: line for line in content.districts}
    top, bottom = ([named[key] for key in keys] for keys in (content.top, content.bottom))
    if content.city is not None and content.scope is not None:
        own = named[content.scope.district_id]
        place = word(language, "rank_none")
        if own.rank is not None:
            ranked = sum(line.rank is not None for line in content.districts)
            place = word(language, "rank_value", rank=own.rank, of=ranked)
        lines.append(word(language, "lead_city", rate=rate(language, content.city.all_posts.rate), rank=place))
    if top:
        lines.append(word(language, "lead_top", names=_names(language, top)))
    if bottom:
        lines.append(word(language, "lead_bottom", names=_names(language, bottom)))
    return lines


def _names(language: str, lines: Sequence[DistrictLine]) -> str:
    space = " " if language == "en" else ""
    named = [f"{line.name}{space}({rate(language, line.figures.all_posts.rate)})" for line in lines]
    if language == "zh-CN":
        named = [name.replace("(", "（").replace(")", "）") for name in named]
    return joined(language, named)


def _cards(language: str, content: Content) -> list[Card]:
    cards: list[Card] = []
    change = content.change
    for name in ("all_posts", *RANKED_POSTS):
        share = content.totals.all_posts if name == "all_posts" else content.totals.posts[name]
        moved = None
        if change is not None:
            moved = change.all_posts if name == "all_posts" else change.posts[name]
        tone: Tone = "" if not moved else "good" if moved > 0 else "bad"
        cards.append(
            Card(
                label=word(language, f"card_{name}"),
                value=rate(language, share.rate),
                change=word(language, "change_none")
                if moved is None
                else word(language, "change", points=points(moved)),
                note=word(language, "card_days", valid=days(share.valid), due=days(share.due)),
                tone=tone,
            )
        )
    return cards


def _charts(language: str, content: Content) -> list[Bars | Stacks]:
    names = [line.name for line in content.districts]
    table = word(language, "sheet_ranking")
    shares = [line.figures.all_posts for line in content.districts]
    counted: list[tuple[str, Tone, Sequence[int]]] = [
        (word(language, "col_met"), "good", [line.figures.met for line in content.districts]),
        (word(language, "col_open"), "open", [line.figures.open for line in content.districts]),
        (word(language, "col_failing"), "bad", [line.figures.failing for line in content.districts]),
        (word(language, "col_not_due"), "muted", [line.figures.not_due for line in content.districts]),
    ]
    return [
        Bars(
            title=word(language, "chart_rates"),
            still=word(language, "chart_still"),
            categories=names,
            rates=[share.rate for share in shares],
            at_most=[share.rate_at_most for share in shares],
            table=table,
            column=_RATE_COLUMN,
        ),
        Stacks(
            title=word(language, "chart_standing"),
            categories=names,
            parts=counted,
            table=table,
            columns=(9, 11, 10, 12),
        ),
    ]


def _ranking(language: str, content: Content) -> Table:
    columns = [
        Column(word(language, "col_rank"), 0.7, numeric=True),
        Column(word(language, "col_district"), 1.6),
        Column(word(language, "col_projects"), 0.9, numeric=True),
        Column(word(language, "col_rate"), 1.1, numeric=True),
        Column(word(language, "col_change"), 1.1, numeric=True),
        Column(word(language, "col_project_manager"), 1.1, numeric=True),
        Column(word(language, "col_chief_supervisor"), 1.1, numeric=True),
        Column(word(language, "col_safety_officer"), 1.1, numeric=True),
        Column(word(language, "col_without"), 1.1, numeric=True),
        Column(word(language, "col_met"), 0.8, numeric=True),
        Column(word(language, "col_failing"), 0.9, numeric=True),
        Column(word(language, "col_open"), 0.8, numeric=True),
        Column(word(language, "col_not_due"), 0.9, numeric=True),
    ]
    marked = {
        place
        for place, line in enumerate(content.districts)
        if content.scope is not None and line.district_id == content.scope.district_id
    }
    rows = [_ranked(language, line, _tone(content, line)) for line in content.districts]
    return Table(word(language, "sheet_ranking"), columns, rows, frozenset(marked))


def _ranked(language: str, line: DistrictLine, tone: Tone) -> list[Cell]:
    figures = line.figures
    return [
        text_cell(None) if line.rank is None else count_cell(line.rank, tone),
        Cell(line.name, tone=tone),
        count_cell(figures.projects),
        rate_cell(language, figures.all_posts.rate, tone),
        points_cell(None if line.change is None else line.change.all_posts),
        *(rate_cell(language, figures.posts[kind].rate) for kind in RANKED_POSTS),
        rate_cell(language, figures.all_posts.rate_without_make_ups),
        count_cell(figures.met),
        count_cell(figures.failing, "bad"),
        count_cell(figures.open, "open"),
        count_cell(figures.not_due, "muted"),
    ]


def _tone(content: Content, line: DistrictLine) -> Tone:
    if line.district_id in content.top:
        return "good"
    return "bad" if line.district_id in content.bottom else ""


def _notes(language: str, content: Content) -> list[str]:
    rules = [
        word(
            language,
            "rule",
            name=one.name or word(language, "rule_of_platform"),
            version=one.version,
            projects=one.projects,
        )
        for one in content.rule_sets
    ]
    notes = [word(language, f"note_{name}") for name in ("rate", "open", "ties")]
    if rules:
        notes.append(word(language, "note_rules", rules=joined(language, rules)))
    if content.before is not None:
        before = content.before
        notes.append(word(language, "note_before", from_on=before.from_on, to_on=before.to_on, edition=before.edition))
    return notes


def _proof(language: str, content: Content, published: Published) -> list[tuple[str, str]]:
    ledger = content.ledger
    if ledger.log_size is None:
        held = word(language, "ledger_unsealed", entry=ledger.entry)
    else:
        held = word(language, "ledger_value", entry=ledger.entry, size=ledger.log_size, root=ledger.root_hash)
    return [(word(language, "digest"), published.digest), (word(language, "ledger"), held)]


def _space(language: str) -> str:
    return "" if language == "zh-CN" else " "
