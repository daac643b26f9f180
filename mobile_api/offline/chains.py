"""Looks at a phone's chain: which counters are missing, which stand twice, and which link does not fit (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from backend.decision.occurrence import Before

LEAP: Final = 1_000
"""How far beyond the highest known counter an item may be: more than anybody punches in a year off line."""
MOST_RANGES: Final = 100

Ranges = tuple[tuple[int, int], ...]
"""Half-open ranges of counters, in order, apart from each other."""
ChainDoubt = Literal["counter_reused", "chain_broken"]


@dataclass(frozen=True, slots=True)
class Link:
    """An item as the chain knows it: its place, the digest of what came before, its own, and what its clocks say."""

    counter: int
    prev: str
    digest: str
    clocks: Before


@dataclass(frozen=True, slots=True)
class Linked:
    """What the chain says of an item: its doubts, the item before it if that is known, whether one is missing there."""

    doubts: tuple[ChainDoubt, ...]
    before: Before | None
    gap: bool
    repeated: bool


@dataclass(slots=True)
class Chain:
    """What is known of one key's items: those near the ones that came in, and all counters that ever did."""

    key: str
    seen: Ranges
    links: dict[int, list[Link]] = field(default_factory=dict[int, list[Link]])

    @property
    def highest(self) -> int:
        """The highest counter that came in."""
        return self.seen[-1][1] - 1 if self.seen else 0

    def leaps(self, counter: int) -> bool:
        """Tell whether a counter is too far beyond what came in."""
        return counter > self.highest + LEAP

    def is_truncated(self, counter: int, prev: str) -> bool:
        """Tell whether an item takes itself for the first although it is not, or the other way round."""
        return (counter == 1) != (prev == self.key)

    def examine(self, counter: int, prev: str, digest: str) -> Linked:
        """Say how an item fits to what is known."""
        same = self.links.get(counter, ())
        if any(link.digest == digest for link in same):
            return Linked((), None, gap=False, repeated=True)
        earlier, later = self.links.get(counter - 1, []), self.links.get(counter + 1, [])
        own = [link for link in earlier if link.digest == prev]
        doubts: list[ChainDoubt] = []
        if same:
            doubts.append("counter_reused")
        elif (earlier and not own) or (later and all(link.prev != digest for link in later)):
            # Of two that do not fit, whichever comes in later is looked at: the other has its receipt.
            doubts.append("chain_broken")
        return Linked(
            tuple(doubts),
            own[0].clocks if own else None,
            gap=counter > 1 and not earlier,
            repeated=False,
        )

    def add(self, link: Link) -> None:
        """Take an item up."""
        self.links.setdefault(link.counter, []).append(link)
        self.seen = with_counters(self.seen, [link.counter])


def with_counters(seen: Ranges, counters: Iterable[int]) -> Ranges:
    """Return the ranges together with further counters."""
    merged: list[tuple[int, int]] = []
    for begin, end in sorted([*seen, *((one, one + 1) for one in counters)]):
        if merged and begin <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((begin, end))
    return tuple(merged)


def missing(seen: Ranges) -> list[tuple[int, int]]:
    """Return the closed ranges of counters below the highest one that never came in, at most 100 of them."""
    ends = [1, *(end for _, end in seen)]
    begins = [begin for begin, _ in seen]
    gaps = [(end, begin - 1) for end, begin in zip(ends, begins, strict=False) if begin > end]
    return gaps[:MOST_RANGES]


def neighbours(counters: Mapping[str, Iterable[int]]) -> dict[str, list[int]]:
    """Return for each key the counters that have to be known to examine the given ones."""
    return {
        key: sorted({near for counter in of_key for near in (counter - 1, counter, counter + 1) if near >= 1})
        for key, of_key in counters.items()
    }
