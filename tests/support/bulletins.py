"""An invented city in an invented week, as bulletins are composed of it."""

from datetime import UTC, date, datetime
from uuid import UUID

from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.reports.bulletins.composing import Earlier, compose
from backend.reports.bulletins.content import Content, freeze
from backend.reports.bulletins.facts import (
    WHOLE_DAY,
    DistrictFacts,
    HeldPost,
    LedgerMark,
    PeriodFacts,
    RuleSetFacts,
    SiteFacts,
)
from backend.reports.bulletins.issuing import keep_edition, publish

MONDAY = date(2026, 3, 9)
SUNDAY = date(2026, 3, 15)
AT = datetime(2026, 3, 15, 22, 30, tzinfo=UTC)
THRESHOLDS = {"project_manager": 8000, "chief_supervisor": 5000, "safety_officer": 8000, "technical_lead": None}
NAMES = ("江岸区", "江汉区", "硚口区", "汉阳区", "武昌区", "青山区", "洪山区", "东西湖区", "蔡甸区", "江夏区", "黄陂区")


def district(number: int, name: str | None = None) -> DistrictFacts:
    """Return a district; the number makes its id and its code."""
    return DistrictFacts(
        district_id=UUID(int=0xD000 + number), code=f"99{number:04d}", name=name or f"第{number}示例区"
    )


def site(number: int, of: DistrictFacts, **known: object) -> SiteFacts:
    """Return a project of a district."""
    values = {
        "project_id": UUID(int=0xA0000 + number),
        "registration_no": f"SG-2026-{number:04d}",
        "name": f"示例工程{number}号地块",
        "district_id": of.district_id,
        "contractor": "示例建设集团有限公司",
        "supervisor": "示例工程咨询监理有限公司",
    }
    return SiteFacts(**(values | known))  # type: ignore[arg-type] - fields by name


def held(of: SiteFacts, kind: str, *, due: int = 7, valid: int = 7, still: int = 0, made_up: int = 0) -> HeldPost:
    """Return a holder of a post: days due, valid with make-ups, open, and made up."""
    return HeldPost(
        project_id=of.project_id,
        post_kind=kind,
        due=due * WHOLE_DAY,
        valid=valid * WHOLE_DAY,
        without_make_ups=(valid - made_up) * WHOLE_DAY,
        open=still * WHOLE_DAY,
        threshold=THRESHOLDS.get(kind),
    )


def facts(
    districts: list[DistrictFacts], sites: list[SiteFacts], posts: list[HeldPost], **known: object
) -> PeriodFacts:
    """Return the facts of the week of 9 March 2026."""
    values = {
        "kind": "weekly",
        "from_on": MONDAY,
        "to_on": SUNDAY,
        "computed_at": AT,
        "districts": districts,
        "sites": sites,
        "held": posts,
        "rule_sets": [
            RuleSetFacts(
                rule_set_id=UUID(int=0xB),
                name="wuhan-template",
                version=1,
                project_ids=frozenset(one.project_id for one in sites),
            )
        ],
        "ledger": LedgerMark(entry=123_456, log_size=None, root_hash=None),
    }
    return PeriodFacts(**(values | known))  # type: ignore[arg-type] - fields by name


def city_facts(*, better: int = 0, **known: object) -> PeriodFacts:
    """Return a city of eleven districts with four projects each, the last district without any.

    `better` adds valid days, so that a week can be compared with another one.
    """
    districts = [district(number, name) for number, name in enumerate(NAMES, 1)]
    sites: list[SiteFacts] = []
    posts: list[HeldPost] = []
    for place, own in enumerate(districts[:-1]):
        for number in range(4):
            one = site(
                place * 4 + number + 1,
                own,
                gates=3,
                mute=1 if (place, number) == (3, 1) else 0,
                outages=1 if number == 2 else 0,
                outage_s=5400 * (place + 1) if number == 2 else 0,
                in_review=place % 3,
                quarantined=2 if place == 5 else 0,
                unsent=48 if (place, number) == (7, 2) else 0,
                vacant=("chief_supervisor",) if (place, number) == (8, 3) else (),
                silent=(place, number) == (9, 0),
            )
            sites.append(one)
            for offset, kind in enumerate(THRESHOLDS):
                if kind in one.vacant:
                    continue
                valid = 0 if one.silent else max(0, min(7, 7 + better - (place * number + offset) % 7 // 3))
                still = 1 if valid < 7 and place % 3 == 1 else 0
                posts.append(held(one, kind, valid=valid, still=still, made_up=1 if valid > 3 and offset == 1 else 0))
    return facts(districts, sites, posts, **known)


def city_content(*, of: int | None = None, with_before: bool = True) -> Content:
    """Return the city's bulletin of the week, or that of a district by its place, compared with the week before."""
    now = city_facts()
    scope = None if of is None else now.districts[of]
    before = None
    if with_before:
        last = city_facts(better=-1, from_on=date(2026, 3, 2), to_on=date(2026, 3, 8))
        earlier = compose(last, scope, None)
        before = Earlier(bulletin_id=UUID(int=7), edition=1, digest=freeze(earlier)[1], content=earlier)
    return compose(now, scope, before)


async def publish_day(tx: Tx, district_id: UUID, on: date, by: Actor, clock: Clock) -> UUID:
    """Publish a day's bulletin of a district in two editions that say what is not so: a third one has a reason."""
    own = DistrictFacts(district_id=district_id, code="999999", name="示例区")
    contents = [
        compose(facts([own], [site(number, own)], [], kind="daily", from_on=on, to_on=on), own, None)
        for number in (1, 2)
    ]
    bulletin_id = await publish(tx, contents[0], None, None, clock)
    await keep_edition(tx, bulletin_id, 2, contents[1], by, None, clock, reason="补录闸机数据")
    return bulletin_id
