"""When a punch without network happened: from an anchor and monotonic clocks, else a wall clock seen right twice.

A wall clock is whatever its owner sets. What can be relied on is the server's time at two moments, when the phone
fetched its pack (the anchor) and when it sent its queue, and how much a monotonic clock counted in between. Instants
are milliseconds since 1970-01-01 UTC, spans milliseconds.
"""

from dataclasses import dataclass
from typing import Final, Literal

TimeQuality = Literal["anchored", "bracketed", "claimed"]
Doubt = Literal["time_unproven", "pack_expired", "clock_turned_back", "clock_turned_forward"]
ClockKind = Literal["boot", "page"]

DRIFT: Final = 100e-6
"""How far a monotonic clock strays from true time at most: 100 ppm is 8.6 s a day, twice what crystals do."""
GRAIN_MS: Final = 1_000
"""Below this nobody can tell instants apart: rounding, and the time between reading two clocks of one phone."""
SENDING_MS: Final = 10_000
"""How long a call may be under way, where an instant is counted back from its receipt."""
RESTART_MS: Final = 60_000
"""What a restart adds to the error: clocks are set anew while a phone starts."""


@dataclass(frozen=True, slots=True)
class Reading:
    """Both clocks of a phone read at once: `wall`, and `mono` that counts within `boot` (a start, or a page's life)."""

    wall: int
    mono: int
    boot: str


@dataclass(frozen=True, slots=True)
class Held:
    """An anchor as a phone holds it.

    The server's time `at` when it answered, until when the pack is good, what the phone's clocks showed when the
    answer came in, and how long it had waited for it.
    """

    at: int
    expires_at: int
    reading: Reading
    waited: int

    @property
    def received(self) -> float:
        """The likeliest server's time when the answer came in: half of the wait was the way back."""
        return self.at + self.waited / 2

    @property
    def offset(self) -> float:
        """How far the wall clock was ahead when the answer came in."""
        return self.reading.wall - self.received


@dataclass(frozen=True, slots=True)
class Made:
    """When the phone says that the punch was made; `clock` tells whether its monotonic clock outlives the page."""

    reading: Reading
    clock: ClockKind


@dataclass(frozen=True, slots=True)
class Sent:
    """The call that brought the punch: the server's time of its receipt, and the phone's clocks when it was sent.

    Without a reading the queue came by other hands (an exported file): nothing is known of the phone's clocks then.
    """

    received_at: int
    reading: Reading | None

    @property
    def offset(self) -> float | None:
        """How far the wall clock was ahead when the call came in; None if nobody can tell."""
        return None if self.reading is None else self.reading.wall - self.received_at


@dataclass(frozen=True, slots=True)
class Before:
    """The punch before this one in the phone's chain: its clocks, and the earliest instant at which it was made."""

    reading: Reading
    earliest: int


@dataclass(frozen=True, slots=True)
class Witness:
    """A code of the site's screen that was scanned with the punch: nobody can have seen it before `begin`.

    Until `end` a punch may take the proof that comes of it.
    """

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Occurrence:
    """When it happened: the likeliest instant, the bounds within which it lies, how that is known, what is doubtful."""

    at: int
    earliest: int
    latest: int
    quality: TimeQuality
    doubts: tuple[Doubt, ...]

    @property
    def error(self) -> int:
        """Half of the width of its bounds."""
        return (self.latest - self.earliest) // 2


@dataclass(frozen=True, slots=True)
class _Estimate:
    at: float
    error: float
    quality: TimeQuality
    doubts: frozenset[Doubt]


def find_occurrence(  # one punch, and all that is known of its time
    made: Made,
    held: Held | None,
    sent: Sent,
    before: Before | None,
    *,
    whole: bool,
    tolerance: int,
    witness: Witness | None = None,
) -> Occurrence:
    """Tell when a punch happened.

    `before` is its predecessor in the chain if that is known, `whole` says that none is missing before it, and
    `tolerance` how far a wall clock may be off. A `witness` bears out a wall clock that nothing else does. Whatever is
    found lies between anchor and receipt.
    """
    found = _by_anchor(made, held, tolerance) or _by_sending(made, held, sent, tolerance)
    if found is None:
        found = _by_wall(made, held, sent, tolerance, whole=whole)
    if witness is not None and "time_unproven" in found.doubts:
        found = _by_witness(found, witness, tolerance) or found
    doubts = set(found.doubts)
    floor = _floor(held, before, made)
    earliest, latest = found.at - found.error, found.at + found.error
    if latest < floor - GRAIN_MS:
        doubts.add("clock_turned_back")
    if earliest > sent.received_at + GRAIN_MS:
        doubts.add("clock_turned_forward")
    if before is not None:
        doubts |= _against_predecessor(made, before, tolerance, anchored=found.quality == "anchored")
    if held is None or earliest > held.expires_at:
        doubts.add("pack_expired")
    quality: TimeQuality = found.quality
    if doubts & {"time_unproven"} or (doubts - {"pack_expired"} and quality == "bracketed"):
        quality = "claimed"
    low = min(floor, sent.received_at)
    return Occurrence(
        at=_between(low, found.at, sent.received_at),
        earliest=_between(low, earliest, sent.received_at),
        latest=_between(low, latest, sent.received_at),
        quality=quality,
        doubts=tuple(sorted(doubts)),
    )


def _by_anchor(made: Made, held: Held | None, tolerance: int) -> _Estimate | None:
    """Count on from the anchor, where one monotonic clock ran from it to the punch."""
    if held is None or made.reading.boot != held.reading.boot or made.reading.mono < held.reading.mono:
        return None
    passed = made.reading.mono - held.reading.mono
    moved = made.reading.wall - held.reading.wall - passed
    if made.clock == "page" and moved > tolerance:
        # A page's clock may stand still while the device sleeps: then it counted too little.
        return None
    at = held.received + passed
    error = held.waited / 2 + passed * DRIFT + GRAIN_MS
    return _Estimate(at, error, "anchored", _tampering(made.reading.wall - at, moved, tolerance))


def _tampering(ahead: float, moved: float, tolerance: int) -> frozenset[Doubt]:
    """Say what was done to a wall clock that moved against the monotonic one: setting it right is no offence."""
    if abs(moved) <= tolerance or abs(ahead) <= tolerance:
        return frozenset()
    return frozenset({"clock_turned_forward" if ahead > 0 else "clock_turned_back"})


def _by_sending(made: Made, held: Held | None, sent: Sent, tolerance: int) -> _Estimate | None:
    """Count back from the receipt, where one monotonic clock ran from the punch to the sending."""
    now = sent.reading
    if now is None or sent.offset is None or now.boot != made.reading.boot or now.mono < made.reading.mono:
        return None
    # A call that was held back on its way looks like a slow clock: only one that was as slow before is believed.
    if abs(sent.offset) > tolerance and (held is None or abs(sent.offset - held.offset) > tolerance):
        return None
    passed = now.mono - made.reading.mono
    moved = now.wall - made.reading.wall - passed
    if made.clock == "page" and moved > tolerance:
        return None
    half = (SENDING_MS + GRAIN_MS) / 2
    at = sent.received_at - passed - SENDING_MS / 2
    error = half + passed * DRIFT
    return _Estimate(at, error, "anchored", _tampering(made.reading.wall - at, moved, tolerance))


def _by_wall(made: Made, held: Held | None, sent: Sent, tolerance: int, *, whole: bool) -> _Estimate:
    """Take the wall clock's word, if it was right when the pack was fetched and when the queue was sent."""
    then, now = None if held is None else held.offset, sent.offset
    if held is None or then is None or now is None or max(abs(then), abs(now)) > tolerance or not whole:
        offset = 0.0 if then is None else then
        return _Estimate(made.reading.wall - offset, tolerance, "claimed", frozenset({"time_unproven"}))
    restarted = made.clock == "boot" and made.reading.boot != held.reading.boot
    error = abs(then - now) / 2 + held.waited / 2 + GRAIN_MS + (RESTART_MS if restarted else 0)
    return _Estimate(made.reading.wall - (then + now) / 2, error, "bracketed", frozenset())


def _by_witness(found: _Estimate, witness: Witness, tolerance: int) -> _Estimate | None:
    """Believe a wall clock that says what the scanned code says; None if it says something else."""
    low, high = max(found.at - tolerance, witness.begin), min(found.at + tolerance, witness.end)
    if low > high:
        return None
    return _Estimate((low + high) / 2, (high - low) / 2, "bracketed", found.doubts - {"time_unproven"})


def _floor(held: Held | None, before: Before | None, made: Made) -> int:
    """Return the earliest instant that is possible: after the anchor, and not before what is earlier in the chain."""
    floors = [0]
    if held is not None:
        floors.append(held.at)
        # Even a page's clock that slept never ran ahead.
        if held.reading.boot == made.reading.boot and made.reading.mono >= held.reading.mono:
            passed = made.reading.mono - held.reading.mono
            floors.append(int(held.at + passed * (1 - DRIFT)) - GRAIN_MS)
    if before is not None:
        floors.append(before.earliest)
    return max(floors)


def _against_predecessor(made: Made, before: Before, tolerance: int, *, anchored: bool) -> set[Doubt]:
    """Compare both clocks' ways from the punch before: a wall clock that was set in between shows against the other."""
    if before.reading.boot != made.reading.boot:
        return set()
    passed = made.reading.mono - before.reading.mono
    moved = made.reading.wall - before.reading.wall - passed
    if passed < 0 or (moved < -tolerance and not anchored):
        return {"clock_turned_back"}
    if moved > tolerance and made.clock == "boot" and not anchored:
        return {"clock_turned_forward"}
    return set()


def _between(low: float, value: float, high: float) -> int:
    return round(max(low, min(value, high)))
