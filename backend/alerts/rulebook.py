"""Which settings of a rule hold for a project at an instant: its own, else its district's, the city's, ours (pure)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from backend.alerts.errors import RuleSettingsInvalid
from backend.alerts.model import RuleKind
from backend.alerts.settings import RuleSettings, read_settings


@dataclass(frozen=True, slots=True)
class Setting:
    """One dated setting of a rule as it is stored; at most one of district and project is named."""

    rule_id: UUID
    kind: RuleKind
    district_id: UUID | None
    project_id: UUID | None
    valid_from: datetime
    set_at: datetime
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class InForce:
    """The settings that hold, with the row they come from; None: the platform's own."""

    settings: RuleSettings
    rule_id: UUID | None


class RuleBook:
    """The settings of all rules as of one instant.

    Of the settings for the same place that are valid, the one that was set last holds. A setting whose body no version
    of this program reads any more is named in `unreadable`, and the next wider one holds.
    """

    def __init__(self, settings: Iterable[Setting], at: datetime) -> None:
        """Read what is valid at `at`."""
        last: dict[tuple[str, UUID | None, UUID | None], Setting] = {}
        for one in settings:
            if one.valid_from > at:
                continue
            place = (one.kind, one.district_id, one.project_id)
            known = last.get(place)
            if known is None or (one.set_at, one.rule_id) > (known.set_at, known.rule_id):
                last[place] = one
        self.unreadable: list[UUID] = []
        self._city: dict[str, InForce] = {}
        self._district: dict[str, dict[UUID, InForce]] = defaultdict(dict)
        self._project: dict[str, dict[UUID, InForce]] = defaultdict(dict)
        for one in last.values():
            self._keep(one)

    def _keep(self, one: Setting) -> None:
        try:
            read = InForce(read_settings(one.kind, one.body), one.rule_id)
        except RuleSettingsInvalid:
            self.unreadable.append(one.rule_id)
            return
        if one.project_id is not None:
            self._project[one.kind][one.project_id] = read
        elif one.district_id is not None:
            self._district[one.kind][one.district_id] = read
        else:
            self._city[one.kind] = read

    def holds(self, kind: RuleKind, district_id: UUID | None, project_id: UUID | None) -> InForce:
        """Return what holds for a project of a district; neither for the platform itself."""
        found = self._project[kind].get(project_id) if project_id is not None else None
        if found is None and district_id is not None:
            found = self._district[kind].get(district_id)
        return found or self._city.get(kind) or InForce(read_settings(kind, {}), None)
