"""Lets one rule of alerts follow the demo's day, as the worker lets all of them: its alert waits to be acknowledged."""

import asyncio
from typing import Final

from backend.alerts.following import Following, follow_once, take_step
from backend.alerts.model import RuleKind
from backend.alerts.watching import RULES
from backend.kit.clock import Clock
from backend.kit.db import Database
from backend.kit.horizon import Settled

KIND: Final[RuleKind] = "forgery_signs"
"""The other rules stay still until the worker runs: what they find depends on the hour and the day of the week."""
_RULES: Final = tuple(rule for rule in RULES if rule.kind == KIND)
_SOURCE: Final = "ledger_outbox"
_SETTLED_WITHIN_S: Final = 60
"""Transactions elsewhere in the cluster hold the horizon back; what is left then the worker judges."""
_PAUSE_S: Final = 0.05


class AlertWatch:
    """Looks at what the day left to the rule, by the clock of the demo."""

    def __init__(self, database: Database, clock: Clock) -> None:
        """Look by this database and clock."""
        self._database = database
        self._clock = clock
        self._state = Following()

    async def begin(self) -> None:
        """Have the rule begin where there are no facts yet: it tells nothing of the time before its first look."""
        for rule in _RULES:
            async with self._database.transaction() as tx:
                await take_step(tx, rule, Settled(0, 0), self._clock.now())

    async def look(self) -> None:
        """Judge what is new and settled."""
        await follow_once(self._database, self._clock, self._state, _RULES)

    async def finish(self) -> None:
        """Judge all there is, once nothing holds the horizon back any more."""
        try:
            async with asyncio.timeout(_SETTLED_WITHIN_S):
                await self.look()
                while self._state.horizons[_SOURCE].waiting:
                    await asyncio.sleep(_PAUSE_S)
                    await self.look()
        except TimeoutError:
            return
