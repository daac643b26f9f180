"""Sums of figures come to the same, however they come in, and count each person once."""

from collections import Counter
from datetime import date
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from backend.attendance.rates.evaluation import Sums, add_sums
from backend.attendance.rates.figures import Figure
from backend.attendance.rates.force import PublishedRules
from backend.attendance.rates.rule_model import read_rules
from backend.attendance.rates.tallies import Tally

NOBODY = UUID(int=0)
RULES = PublishedRules(
    rule_set_id=NOBODY,
    version=1,
    name="",
    district_id=None,
    project_id=None,
    valid_from=date(2026, 1, 1),
    valid_to=None,
    rank=1,
    rules=read_rules({"thresholds": [{"posts": ["project_manager"], "min_share": 800}]}),
)


@st.composite
def figures(draw: st.DrawFn) -> Figure:
    due = draw(st.integers(0, 31))
    thousandths = st.integers(0, 40_000)
    valid, own = draw(thousandths), draw(thousandths)
    return Figure(
        project_id=NOBODY,
        district_id=NOBODY,
        post_id=NOBODY,
        post_kind="project_manager",
        party_id=NOBODY,
        person_id=UUID(int=draw(st.integers(0, 3))),
        rules=RULES,
        sums=Sums(due=due, valid=valid, own=own, likely=draw(st.integers(valid, 50_000))),
        whole_month=True,
    )


@given(st.data())
def test_the_order_does_not_matter(data: st.DataObject) -> None:
    found = data.draw(st.lists(figures(), max_size=8))
    one, other = Tally(), Tally()
    for figure in found:
        one.add(figure)
    for figure in data.draw(st.permutations(found)):
        other.add(figure)
    told = one.figures()
    assert told == other.figures()
    sums = add_sums(figure.sums for figure in found)
    verdicts = Counter(figure.verdict for figure in found)
    assert (told["due"], told["valid"]) == (sums.due, sums.valid)
    assert told["people"] == len({figure.person_id for figure in found})
    assert [told["met"], told["met_if_counted"], told["failed"]] == [
        verdicts[name] for name in ("met", "met_if_counted", "failed")
    ]
