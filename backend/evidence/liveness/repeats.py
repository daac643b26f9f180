"""Finds frames that were sent before, also when they were saved anew since (pure)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from backend.evidence.faces.measures import FrameMeasures

BITS: Final = 2
ANGLE: Final = 0.6
WIDTH: Final = 0.01
MOUTH: Final = 0.02
"""Saving a picture anew moves its landmarks by this much at most; two pictures of a living head differ by more."""


@dataclass(frozen=True, slots=True)
class Trace:
    """What is remembered of a frame: hash, angles in degrees, mouth, width of the face in parts of the picture's."""

    dhash: int
    yaw: float
    pitch: float
    roll: float
    mouth: float
    width: float


def trace_of(frame: FrameMeasures) -> Trace | None:
    """Return what is remembered of a frame; None of one without a face."""
    if frame.picture is None or frame.face is None:
        return None
    face = frame.face
    return Trace(frame.picture.dhash, face.yaw, face.pitch, face.roll, face.mouth, face.width_px / frame.picture.width)


def count_repeats(frames: Sequence[FrameMeasures], earlier: Collection[Trace]) -> int:
    """Return how many frames look like one of earlier series in every respect.

    The hash of a whole picture says little alone: who stands at the same wall has the same one each morning.
    """
    traces = [trace for frame in frames if (trace := trace_of(frame)) is not None]
    return sum(any(_alike(trace, other) for other in earlier) for trace in traces)


def _alike(one: Trace, other: Trace) -> bool:
    angles = max(abs(one.yaw - other.yaw), abs(one.pitch - other.pitch), abs(one.roll - other.roll))
    return (
        angles <= ANGLE
        and abs(one.mouth - other.mouth) <= MOUTH
        and abs(one.width - other.width) <= WIDTH * one.width
        and (one.dhash ^ other.dhash).bit_count() <= BITS
    )
