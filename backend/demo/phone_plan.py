"""What the phones of the demo do on its day: who taps when and where, with which measured errors (pure).

Every position is a true place on the metro line displaced by an error that a real phone really made, with the accuracy
that it really claimed. Some taps go wrong on purpose; `lesson` names what each of them shows.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import count
from typing import Final, Literal
from zoneinfo import ZoneInfo

from backend.demo.line import PhoneError, displaced, metro_line, phone_errors
from backend.demo.people import LINE_PEOPLE, ProjectKey
from backend.demo.world import TOWER_CENTRE
from geofences.coordinates import GCJ02, from_wgs84

Lesson = Literal[
    "outside",
    "moved_back",
    "wrong_datum",
    "right_datum",
    "mock",
    "no_fix",
    "retry",
    "changed",
    "ended",
    "ended_named",
    "gate_site",
    "held",
    "let_in",
]
Platform = Literal["android", "ios", "web"]

ZONE: Final = ZoneInfo("Asia/Shanghai")
HALF_WIDTH_M: Final = 30.0
WINDOW: Final = 3
"""Fixes per tap: what a phone gathers in some ten seconds."""

# Home chainages in metres along the line; the day's work moves people some hundred metres.
_HOMES: Final = {
    "江知远": 20_050.0,
    "沈若川": 21_400.0,
    "陆怀舟": 20_000.0,
    "祁明朗": 19_600.0,
    "方砚秋": 5_200.0,
    "段鹤鸣": 36_250.0,
    "白一舟": 18_250.0,
    "童晓峰": 9_900.0,
    "欧阳既明": 15_000.0,
    "罗望舒": 7_000.0,
    "戚安澜": 24_900.0,
}
_IPHONES: Final = frozenset({"江知远", "欧阳既明", "祁明朗"})
# A browser on a laptop has no satellite receiver: only the network's estimate.
# The measurements taken for him: two fair ones, and between them the worst of all, 148 m off.
_BROWSERS: Final = {"罗望舒": {"morning": 11, "noon": 82, "evening": 27}}
_NIGHT: Final = {"管仲平": 33_010.0, "韦长庚": 33_025.0}
_OFFSETS: Final = (-12.0, 4.0, 9.0, -6.0, 15.0, 0.0, -18.0, 7.0)


@dataclass(frozen=True, slots=True)
class FixPlan:
    """One fix as the phone sends it; coordinates in the system that it declares."""

    lon: float
    lat: float
    accuracy_m: float
    provider: str
    age_s: float
    mock: bool = False


@dataclass(frozen=True, slots=True)
class Tap:
    """One request: `event` names the punch within the demo, and stays the same when it is sent again.

    What is sent again is sent as it was the first time, but for the direction of a `changed` one.
    """

    at: datetime
    who: str
    event: str
    direction: Literal["in", "out"]
    fixes: tuple[FixPlan, ...]
    platform: Platform
    crs: str = "wgs84"
    project: ProjectKey | None = None
    no_fix_reason: str | None = None
    lesson: Lesson | None = None


def instant(day: date, clock_time: str) -> datetime:
    """Return the instant of a wall-clock time of the site's day; "27:25" is 03:25 of the next calendar day."""
    hours, minutes = clock_time.split(":")
    midnight = datetime.combine(day, time(), ZONE)
    return midnight + timedelta(hours=int(hours), minutes=int(minutes))


def platform_of(who: str) -> Platform:
    """Return what a person's app runs on."""
    return "ios" if who in _IPHONES else "web" if who in _BROWSERS else "android"


class _Errors:
    """Deals out measured errors in the order of their measurement, without an end."""

    def __init__(self, errors: Sequence[PhoneError]) -> None:
        self._errors = errors
        self._starts = count(0, WINDOW)

    def window(self) -> list[PhoneError]:
        start = next(self._starts)
        return [self._errors[(start + step) % len(self._errors)] for step in range(WINDOW)]

    def alone(self, place: int) -> list[PhoneError]:
        return [self._errors[place]]


def _fixes(lon: float, lat: float, errors: Sequence[PhoneError]) -> tuple[FixPlan, ...]:
    last_s = max(error.at_s for error in errors)
    fixes: list[FixPlan] = []
    for error in errors:
        x, y = displaced(lon, lat, error.east_m, error.north_m)
        provider = "fused" if error.provider == "FLP" else "network"
        # Where the measurements begin again, the seconds between two of them say nothing.
        age_s = min(last_s - error.at_s, 10.0) + 1.0
        fixes.append(FixPlan(round(x, 7), round(y, 7), error.accuracy_m, provider, round(age_s, 1)))
    return tuple(fixes)


def phone_taps(day: date) -> list[Tap]:
    """Return the taps of the day in the order in which they reach the server."""
    errors = _Errors(phone_errors())
    shift = [*_day_shift(day, errors), *_night_shift(day, errors)]
    sent = {tap.event: tap for tap in shift}
    return sorted([*shift, *_lessons(day, errors, sent)], key=lambda tap: tap.at)


def _day_shift(day: date, errors: _Errors) -> Iterator[Tap]:
    """Morning, noon and evening of everybody who works by day; who has a lesson at that hour is left out here."""
    line = metro_line()
    replaced = {
        ("方砚秋", "noon"),
        ("白一舟", "morning"),
        ("童晓峰", "noon"),
        ("沈若川", "noon"),
        ("沈若川", "evening"),
        ("戚安澜", "noon"),
        ("戚安澜", "evening"),
    }
    for place, (who, home_m) in enumerate(_HOMES.items()):
        rounds: tuple[tuple[str, str, Literal["in", "out"], float], ...] = (
            ("morning", f"7:{32 + 2 * place}", "in", 0.0),
            ("noon", f"12:{5 + 3 * place}", "in", 340.0),
            ("evening", f"17:{30 + 2 * place}", "out", -210.0),
        )
        for step, (part, at, direction, moved_m) in enumerate(rounds):
            if (who, part) in replaced:
                continue
            lon, lat = line.at(home_m + moved_m, _OFFSETS[(place + step) % len(_OFFSETS)])
            found = errors.alone(_BROWSERS[who][part]) if who in _BROWSERS else errors.window()
            yield Tap(instant(day, at), who, f"{who} {part}", direction, _fixes(lon, lat, found), platform_of(who))


def _night_shift(day: date, errors: _Errors) -> Iterator[Tap]:
    line = metro_line()
    for place, (who, home_m) in enumerate(_NIGHT.items()):
        begin, end = ("22:02", "27:24") if place == 0 else ("22:05", "27:31")
        lon, lat = line.at(home_m, _OFFSETS[place])
        yield Tap(instant(day, begin), who, f"{who} begin", "in", _fixes(lon, lat, errors.window()), platform_of(who))
        lon, lat = line.at(home_m + 60.0, _OFFSETS[place + 2])
        yield Tap(instant(day, end), who, f"{who} end", "out", _fixes(lon, lat, errors.window()), platform_of(who))


def _lessons(day: date, errors: _Errors, sent: Mapping[str, Tap]) -> Iterator[Tap]:
    line = metro_line()

    # 180 m beside the corridor, then back at work.
    lon, lat = line.at(_HOMES["方砚秋"] + 340.0, HALF_WIDTH_M + 180.0)
    fixes = _fixes(lon, lat, errors.window())
    yield Tap(instant(day, "12:20"), "方砚秋", "方砚秋 outside", "in", fixes, "android", lesson="outside")
    lon, lat = line.at(_HOMES["方砚秋"] + 340.0, 10.0)
    fixes = _fixes(lon, lat, errors.window())
    yield Tap(instant(day, "12:31"), "方砚秋", "方砚秋 noon", "in", fixes, "android", lesson="moved_back")

    # An app that declares the map's GCJ-02 coordinates as WGS-84; then with the right declaration.
    lon, lat = line.at(_HOMES["白一舟"], 6.0)
    mapped = tuple(_on_map(fix) for fix in _fixes(lon, lat, errors.window()))
    yield Tap(instant(day, "7:46"), "白一舟", "白一舟 datum", "in", mapped, "android", lesson="wrong_datum")
    yield Tap(instant(day, "7:49"), "白一舟", "白一舟 morning", "in", mapped, "android", "gcj02", lesson="right_datum")

    # A simulated position: a real place, but the platform says that software made it.
    lon, lat = line.at(_HOMES["童晓峰"] + 340.0, 2.0)
    mocked = FixPlan(round(lon, 7), round(lat, 7), 5.0, "gps", 1.0, mock=True)
    yield Tap(instant(day, "12:26"), "童晓峰", "童晓峰 mock", "in", (mocked,), "android", lesson="mock")

    # No permission to locate.
    yield Tap(
        instant(day, "17:32"), "沈若川", "沈若川 no fix", "out", (), "android", no_fix_reason="denied", lesson="no_fix"
    )

    # The answer got lost, so the phone sends the very same request again; another one reuses an id for something else.
    lost, reused = sent["陆怀舟 morning"], sent["祁明朗 morning"]
    yield replace(lost, at=lost.at + timedelta(seconds=40), lesson="retry")
    yield replace(reused, at=reused.at + timedelta(minutes=5), direction="out", lesson="changed")

    # His assignment ended yesterday and his exit is confirmed; he comes all the same.
    lon, lat = line.at(16_400.0, -4.0)
    fixes = _fixes(lon, lat, errors.window())
    ended = Tap(instant(day, "8:10"), "汤沐风", "汤沐风 ended", "in", fixes, "android", lesson="ended")
    yield ended
    named_at = ended.at + timedelta(minutes=1)
    yield replace(ended, at=named_at, event="汤沐风 named", project="line", lesson="ended_named")

    # A phone where the gates count: while both work; while one is silent, but not long enough to be sure; and then.
    lon, lat = TOWER_CENTRE
    by_phone: tuple[tuple[str, Lesson], ...] = (("10:10", "gate_site"), ("11:20", "held"), ("12:40", "let_in"))
    for clock_time, lesson in by_phone:
        fixes = _fixes(lon, lat, errors.window())
        yield Tap(instant(day, clock_time), "傅云开", f"傅云开 {lesson}", "in", fixes, "ios", lesson=lesson)


def _on_map(fix: FixPlan) -> FixPlan:
    lon, lat = from_wgs84(GCJ02, fix.lon, fix.lat)
    return FixPlan(round(float(lon), 7), round(float(lat), 7), fix.accuracy_m, fix.provider, fix.age_s)


def phone_owners() -> list[str]:
    """Return who uses his phone that day, in the order of the roster."""
    used = {*_HOMES, *_NIGHT, "汤沐风", "傅云开"}
    return [person.name for person in LINE_PEOPLE if person.name in used] + ["傅云开"]
