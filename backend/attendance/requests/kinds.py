"""What can be asked for, and the reasons that can be named for it; the catalogues have words for each (pure)."""

from typing import Final, Literal

RequestKind = Literal["make_up", "appeal", "leave"]
RuleKind = Literal["review", "make_up", "appeal", "leave"]
State = Literal["deputy", "endorsing", "deciding", "approved", "rejected", "withdrawn"]
Against = Literal["punch", "day", "decision"]
Way = Literal["in", "out"]

MakeUpReason = Literal[
    "gate_fault", "network_fault", "phone_fault", "phone_lost", "position_fault", "forgotten", "other"
]
AppealReason = Literal[
    "was_present", "position_wrong", "fence_wrong", "face_wrong", "time_wrong", "rule_misapplied", "other"
]
LeaveKind = Literal["personal", "annual", "business", "sick", "work_injury", "marriage", "maternity", "bereavement"]

CHOSEN: Final = frozenset({"personal", "annual", "business"})
"""Leave that a person chooses; all other befalls him, and no quota or black-out refuses it."""
OPEN: Final = frozenset({"deputy", "endorsing", "deciding"})
"""States in which somebody has to do something, and the person may still withdraw."""
PARTY_LEVEL, DISTRICT_LEVEL, CITY_LEVEL = 0, 1, 2
"""Who decides at least: another party of the project, the district, the city."""
