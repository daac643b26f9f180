"""Composes a bulletin's content from the facts of a period and the bulletin before it (pure).

What was not checked is never called passed: a post is met only by days that are valid, failing only when it stays below
its threshold even if all that is open came out valid; in between it is open.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from backend.reports.bulletins.content import (
    FORM,
    FULL,
    RANKED_POSTS,
    Before,
    Change,
    Content,
    Days,
    DistrictLine,
    Figures,
    Ledger,
    Outages,
    ProjectLine,
    Quality,
    RuleSet,
    Scope,
    Share,
    Shortfall,
    Standing,
)
from backend.reports.bulletins.facts import WHOLE_DAY, DistrictFacts, HeldPost, PeriodFacts, SiteFacts
from backend.reports.bulletins.ranking import named_places, ranks, rate_of
from backend.sites.posts import POST_KINDS

_ORDER: Final = {kind: place for place, kind in enumerate(POST_KINDS)}


@dataclass(slots=True)
class _Sum:
    """A share in the making, thousandths of days."""

    due: int = 0
    valid: int = 0
    without: int = 0
    open: int = 0

    def add(self, other: "HeldPost | _Sum") -> None:
        without = other.without_make_ups if isinstance(other, HeldPost) else other.without
        self.due += other.due
        self.valid += other.valid
        self.without += without
        self.open += other.open

    def share(self) -> Share:
        """Return it with its rates; what is open never makes more of it than was due."""
        likely = min(self.due, self.valid + self.open)
        return Share(
            due=_days(self.due),
            valid=_days(self.valid),
            without_make_ups=_days(self.without),
            open=_days(likely - self.valid),
            rate=rate_of(self.valid, self.due),
            rate_without_make_ups=rate_of(self.without, self.due),
            rate_at_most=rate_of(likely, self.due),
        )


@dataclass(slots=True)
class _Tally:
    """One project's posts, or the sum of many."""

    holders: int = 0
    all_posts: _Sum = field(default_factory=_Sum)
    posts: defaultdict[str, _Sum] = field(default_factory=lambda: defaultdict(_Sum))

    def add(self, other: "_Tally") -> None:
        self.holders += other.holders
        self.all_posts.add(other.all_posts)
        for kind, share in other.posts.items():
            self.posts[kind].add(share)


@dataclass(slots=True)
class _Project:
    """A project with its tally and the posts that fall short."""

    site: SiteFacts
    tally: _Tally = field(default_factory=_Tally)
    thresholds: dict[str, int] = field(default_factory=dict[str, int])
    judged: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    standing: Standing = "not_due"
    shortfalls: list[Shortfall] = field(default_factory=list[Shortfall])


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """The bulletin of the period before, as it was published."""

    bulletin_id: UUID
    edition: int
    digest: str
    content: Content


def compose(facts: PeriodFacts, scope: DistrictFacts | None, before: Earlier | None) -> Content:
    """Return the content of the city's bulletin, or of a district's when `scope` names one.

    `facts` are those of the whole city either way: the ranking needs them. Raises KeyError for a site of a district
    that is not among the districts, and for a post on a project that is not among the sites.
    """
    projects = _judge(facts)
    by_district: defaultdict[UUID, list[_Project]] = defaultdict(list)
    known = {district.district_id for district in facts.districts}
    for project in projects:
        if project.site.district_id not in known:
            raise KeyError(project.site.district_id)
        by_district[project.site.district_id].append(project)
    own = projects if scope is None else by_district[scope.district_id]
    lines = _districts(facts.districts, by_district, None if before is None else before.content)
    top, bottom = named_places({line.district_id: line.rank for line in lines})
    totals = _figures(own)
    names = {district.district_id: district.name for district in facts.districts}
    return Content(
        form=FORM,
        kind=facts.kind,
        scope=None if scope is None else Scope(district_id=scope.district_id, code=scope.code, name=scope.name),
        from_on=facts.from_on,
        to_on=facts.to_on,
        computed_at=facts.computed_at,
        ledger=Ledger(entry=facts.ledger.entry, log_size=facts.ledger.log_size, root_hash=facts.ledger.root_hash),
        rule_sets=_rule_sets(facts, own),
        before=None if before is None else _before(before),
        totals=totals,
        city=None if scope is None else _figures(projects),
        change=None if before is None else _change(totals, before.content.totals, None),
        districts=lines,
        top=top,
        bottom=bottom,
        outages=_outages(own),
        quality=_quality(own),
        failing=_lines(own, "failing", names),
        open=_lines(own, "open", names),
    )


def _rule_sets(facts: PeriodFacts, own: Iterable[_Project]) -> list[RuleSet]:
    listed = {project.site.project_id for project in own}
    found = [
        RuleSet(rule_set_id=one.rule_set_id, name=one.name, version=one.version, projects=len(one.project_ids & listed))
        for one in facts.rule_sets
    ]
    used = (one for one in found if one.projects)
    return sorted(used, key=lambda one: (-one.projects, one.name, str(one.rule_set_id), one.version))


def _judge(facts: PeriodFacts) -> list[_Project]:
    projects = {site.project_id: _Project(site) for site in facts.sites}
    for held in facts.held:
        project = projects[held.project_id]
        tally = project.tally
        tally.holders += 1
        tally.all_posts.add(held)
        tally.posts[held.post_kind].add(held)
        project.judged[held.post_kind] += held.valid if held.make_ups_count else held.without_make_ups
        if held.threshold is not None:
            # Holders of one post may be under different rule sets after a change: the strictest holds for the post.
            project.thresholds[held.post_kind] = max(held.threshold, project.thresholds.get(held.post_kind, 0))
    for project in projects.values():
        project.standing, project.shortfalls = _standing(project)
    return sorted(projects.values(), key=lambda one: (one.site.registration_no, one.site.project_id))


def _standing(project: _Project) -> tuple[Standing, list[Shortfall]]:
    short = [
        Shortfall(post_kind=kind, vacant=True, threshold=None, share=None)
        for kind in sorted(project.site.vacant, key=_place)
    ]
    failing, asked = bool(short), bool(short)
    for kind in sorted(project.thresholds, key=_place):
        threshold, held = project.thresholds[kind], project.tally.posts[kind]
        if held.due == 0:
            continue
        asked = True
        judged = project.judged[kind]
        if _reaches(judged, held.due, threshold):
            continue
        failing = failing or not _reaches(min(held.due, judged + held.open), held.due, threshold)
        short.append(Shortfall(post_kind=kind, vacant=False, threshold=threshold, share=held.share()))
    if failing:
        return "failing", short
    if short:
        return "open", short
    return "met" if asked else "not_due", short


def _reaches(valid: int, due: int, threshold: int) -> bool:
    return valid * FULL >= threshold * due


def _districts(
    districts: Sequence[DistrictFacts], projects: Mapping[UUID, Sequence[_Project]], before: Content | None
) -> list[DistrictLine]:
    figures = {district.district_id: _figures(projects.get(district.district_id, ())) for district in districts}
    places = ranks({key: one.all_posts.rate for key, one in figures.items()})
    earlier = {} if before is None else {line.district_id: line for line in before.districts}
    lines: list[DistrictLine] = []
    for district in districts:
        key = district.district_id
        last, own = earlier.get(key), projects.get(key, ())
        lines.append(
            DistrictLine(
                district_id=key,
                code=district.code,
                name=district.name,
                rank=places[key],
                figures=figures[key],
                outages=_outages(own),
                quality=_quality(own),
                change=None if last is None else _change(figures[key], last.figures, _gained(places[key], last.rank)),
            )
        )
    return sorted(lines, key=lambda line: (line.rank is None, line.rank or 0, line.code))


def _figures(projects: Iterable[_Project]) -> Figures:
    tally, standings = _Tally(), defaultdict[Standing, int](int)
    count = 0
    for project in projects:
        count += 1
        standings[project.standing] += 1
        tally.add(project.tally)
    return Figures(
        projects=count,
        met=standings["met"],
        failing=standings["failing"],
        open=standings["open"],
        not_due=standings["not_due"],
        holders=tally.holders,
        all_posts=tally.all_posts.share(),
        posts={kind: tally.posts[kind].share() for kind in (*RANKED_POSTS, *_others(tally.posts))},
    )


def _others(posts: Iterable[str]) -> list[str]:
    return sorted((kind for kind in posts if kind not in RANKED_POSTS), key=_place)


def _outages(projects: Iterable[_Project]) -> Outages:
    sites = [project.site for project in projects]
    return Outages(
        outages=sum(site.outages for site in sites),
        projects=sum(site.outages > 0 for site in sites),
        lasted_s=sum(site.outage_s for site in sites),
    )


def _quality(projects: Iterable[_Project]) -> Quality:
    own = list(projects)
    sites = [project.site for project in own]
    still = _Sum()
    for project in own:
        still.add(project.tally.all_posts)
    return Quality(
        in_review=sum(site.in_review for site in sites),
        quarantined=sum(site.quarantined for site in sites),
        gates=sum(site.gates for site in sites),
        gates_mute=sum(site.mute for site in sites),
        unsent=sum(site.unsent for site in sites),
        silent_projects=sum(site.silent for site in sites),
        open_days=still.share().open,
    )


def _lines(projects: Iterable[_Project], standing: Standing, names: Mapping[UUID, str]) -> list[ProjectLine]:
    chosen = [project for project in projects if project.standing == standing]
    lines = [
        ProjectLine(
            project_id=project.site.project_id,
            registration_no=project.site.registration_no,
            name=project.site.name,
            district_name=names[project.site.district_id],
            contractor=project.site.contractor,
            supervisor=project.site.supervisor,
            all_posts=project.tally.all_posts.share(),
            shortfalls=project.shortfalls,
        )
        for project in chosen
    ]
    # The weakest first; what was due to nobody stands at the end.
    return sorted(lines, key=lambda line: (line.all_posts.rate is None, line.all_posts.rate or 0, line.registration_no))


def _change(now: Figures, last: Figures, places: int | None) -> Change:
    return Change(
        all_posts=_difference(now.all_posts, last.all_posts),
        posts={kind: _difference(now.posts[kind], last.posts.get(kind)) for kind in RANKED_POSTS},
        places=places,
    )


def _difference(now: Share, last: Share | None) -> int | None:
    return None if last is None or now.rate is None or last.rate is None else now.rate - last.rate


def _gained(now: int | None, last: int | None) -> int | None:
    return None if now is None or last is None else last - now


def _before(before: Earlier) -> Before:
    return Before(
        bulletin_id=before.bulletin_id,
        edition=before.edition,
        digest=before.digest,
        from_on=before.content.from_on,
        to_on=before.content.to_on,
    )


def _place(kind: str) -> tuple[int, str]:
    return (_ORDER.get(kind, len(_ORDER)), kind)


def _days(thousandths: int) -> Days:
    whole, rest = divmod(thousandths, WHOLE_DAY)
    return thousandths / WHOLE_DAY if rest else whole
