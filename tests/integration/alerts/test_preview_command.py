"""What a rule would have sent, as somebody at the machine asks it."""

from datetime import date, timedelta

import pytest

from backend.alert_preview import last_month, lines_of, preview_days
from backend.alerts.errors import RuleKindUnknown, SpanInvalid
from tests.support.cities import City


@pytest.mark.parametrize(
    ("today", "days"),
    [
        (date(2026, 3, 16), (date(2026, 2, 1), date(2026, 2, 28))),
        (date(2026, 1, 1), (date(2025, 12, 1), date(2025, 12, 31))),
    ],
)
def test_the_month_before(today: date, days: tuple[date, date]) -> None:
    assert last_month(today) == days


async def test_what_a_rule_would_have_sent_is_told_line_by_line(city: City) -> None:
    today = (city.clock.now() + timedelta(hours=8)).date()
    await city.gate_down(city.sites[0])
    city.clock.advance(timedelta(hours=1))
    told = list(lines_of(await preview_days(city.database, city.clock, "gate_down", first=today, last=today)))
    assert told[:2] == ["1 alerts in 1 messages on 1 projects", f"{today}\t1"]
    assert str(city.sites[0].id) in told[2]
    for first, last, refused in (
        (today + timedelta(days=2), today + timedelta(days=3), SpanInvalid),
        (today - timedelta(days=90), today, SpanInvalid),
    ):
        with pytest.raises(refused):
            await preview_days(city.database, city.clock, "gate_down", first=first, last=last)
    with pytest.raises(RuleKindUnknown):
        await preview_days(city.database, city.clock, "no_such_rule", first=today, last=today)
