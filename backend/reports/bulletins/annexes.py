"""Puts a bulletin's annexes into words: failing and open projects, outages and make-ups, data quality (pure)."""

from collections.abc import Sequence

from backend.reports.bulletins.content import Content, Days, DistrictLine, ProjectLine, Share
from backend.reports.bulletins.spoken import (
    count_cell,
    days,
    days_cell,
    joined,
    rate,
    rate_cell,
    shortfall,
    text_cell,
    word,
)
from backend.reports.rendering.document import Cell, Column, Section, Table, Tone


def sections(language: str, content: Content, most_lines: int | None) -> list[Section]:
    """Return the four annexes; each list names at most `most_lines` projects, None all of them."""
    return [
        _projects(language, "failing", content.failing, most_lines),
        _projects(language, "open", content.open, most_lines),
        _outages(language, content),
        _quality(language, content),
    ]


def made_up(share: Share) -> Days:
    """Return the valid days that come from make-ups."""
    difference = round(share.valid - share.without_make_ups, 3)
    return int(difference) if difference == int(difference) else difference


def hours(seconds: int) -> str:
    """Write seconds as hours with one decimal."""
    return f"{seconds / 3600:,.1f}"


def _projects(language: str, standing: str, lines: Sequence[ProjectLine], most_lines: int | None) -> Section:
    title = word(language, f"section_{standing}")
    if not lines:
        return Section(title=title, paragraphs=[word(language, f"none_{standing}")])
    shown = lines if most_lines is None else lines[:most_lines]
    paragraphs = [word(language, "open_means")] if standing == "open" else []
    if len(shown) < len(lines):
        paragraphs.append(word(language, "more_lines", count=len(lines) - len(shown)))
    columns = [
        Column(word(language, "col_registration_no"), 1.5),
        Column(word(language, "col_project"), 2.4),
        Column(word(language, "col_district"), 1.0),
        Column(word(language, "col_contractor"), 2.3),
        Column(word(language, "col_supervisor"), 2.3),
        Column(word(language, "col_rate"), 0.9, numeric=True),
        Column(word(language, "col_shortfalls"), 3.2),
    ]
    tone: Tone = "bad" if standing == "failing" else "open"
    rows = [
        [
            Cell(line.registration_no),
            Cell(line.name),
            Cell(line.district_name),
            text_cell(line.contractor),
            text_cell(line.supervisor),
            rate_cell(language, line.all_posts.rate),
            Cell(joined(language, [shortfall(language, one) for one in line.shortfalls], strong=True), tone=tone),
        ]
        for line in shown
    ]
    return Section(title=title, paragraphs=paragraphs, table=Table(word(language, f"sheet_{standing}"), columns, rows))


def _outages(language: str, content: Content) -> Section:
    share, outages = content.totals.all_posts, content.outages
    text = word(
        language,
        "outages_text",
        outages=outages.outages,
        projects=outages.projects,
        hours=hours(outages.lasted_s),
        made_up=days(made_up(share)),
        rate=rate(language, share.rate),
        without=rate(language, share.rate_without_make_ups),
    )
    columns = [
        Column(word(language, "col_district"), 1.6),
        Column(word(language, "col_outages"), 1, numeric=True),
        Column(word(language, "col_outage_projects"), 1, numeric=True),
        Column(word(language, "col_outage_hours"), 1, numeric=True),
        Column(word(language, "col_made_up"), 1, numeric=True),
        Column(word(language, "col_rate"), 1, numeric=True),
        Column(word(language, "col_without"), 1, numeric=True),
    ]
    rows = [
        [
            Cell(line.name),
            count_cell(line.outages.outages),
            count_cell(line.outages.projects),
            Cell(hours(line.outages.lasted_s), round(line.outages.lasted_s / 3600, 1), "days"),
            days_cell(made_up(line.figures.all_posts)),
            rate_cell(language, line.figures.all_posts.rate),
            rate_cell(language, line.figures.all_posts.rate_without_make_ups),
        ]
        for line in _own(content)
    ]
    table = Table(word(language, "sheet_outages"), columns, rows)
    return Section(title=word(language, "section_outages"), paragraphs=[text], table=table)


def _quality(language: str, content: Content) -> Section:
    quality = content.quality
    text = word(
        language,
        "quality_text",
        in_review=quality.in_review,
        quarantined=quality.quarantined,
        unsent=quality.unsent,
        mute=quality.gates_mute,
        gates=quality.gates,
        silent=quality.silent_projects,
    )
    columns = [
        Column(word(language, "col_district"), 1.6),
        Column(word(language, "col_in_review"), 1, numeric=True),
        Column(word(language, "col_quarantined"), 1, numeric=True),
        Column(word(language, "col_unsent"), 1, numeric=True),
        Column(word(language, "col_gates"), 1, numeric=True),
        Column(word(language, "col_mute"), 1, numeric=True),
        Column(word(language, "col_silent"), 1, numeric=True),
        Column(word(language, "col_open_days"), 1, numeric=True),
        Column(word(language, "col_at_most"), 1, numeric=True),
    ]
    rows = [
        [
            Cell(line.name),
            count_cell(line.quality.in_review, "open"),
            count_cell(line.quality.quarantined, "open"),
            count_cell(line.quality.unsent, "open"),
            count_cell(line.quality.gates),
            count_cell(line.quality.gates_mute, "bad"),
            count_cell(line.quality.silent_projects, "bad"),
            days_cell(line.quality.open_days),
            rate_cell(language, line.figures.all_posts.rate_at_most),
        ]
        for line in _own(content)
    ]
    table = Table(word(language, "sheet_quality"), columns, rows)
    return Section(title=word(language, "section_quality"), paragraphs=[text], table=table)


def _own(content: Content) -> list[DistrictLine]:
    if content.scope is None:
        return sorted(content.districts, key=lambda line: line.code)
    return [line for line in content.districts if line.district_id == content.scope.district_id]
