"""Concludes from measured frames whether the person moved as asked, is one person, and is the one expected (pure).

The thresholds are start values: angle, parallax and distances rest on measurements with made-up heads and a handful of
portraits (docs/liveness.md), the others on nothing yet. Whoever changes one gives the set a new version.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final, Literal

from backend.evidence.faces.measures import FaceMeasures, FrameMeasures, PictureMeasures
from backend.evidence.liveness.challenge import Kind, Step

Outcome = Literal["passed", "review", "failed", "not_evaluated"]

Reason = Literal[
    # Someone is deceiving, or it cannot be told from that.
    "replayed",
    "identical_frames",
    "another_face",
    "reference_mismatch",
    # The steps were not shown as asked.
    "steps_wrong",
    "step_not_shown",
    "too_flat",
    "times_wrong",
    # The pictures are of no use.
    "unreadable",
    "no_face",
    "face_small",
    "two_faces",
    "blurred",
    "light",
    "tilted",
    # Nothing is wrong, nothing is proven.
    "face_unsure",
    "reference_near",
    "reference_missing",
    "maybe_replayed",
    "spoof_suspected",
    "tries_exhausted",
    "no_models",
]

DENYING: Final[frozenset[Reason]] = frozenset({"replayed", "identical_frames", "another_face", "reference_mismatch"})
DOUBTFUL: Final[frozenset[Reason]] = frozenset(
    {"face_unsure", "reference_near", "maybe_replayed", "spoof_suspected", "tries_exhausted"}
)
NOT_SHOWN: Final[frozenset[Reason]] = frozenset({"steps_wrong", "step_not_shown", "times_wrong"})
"""May be tried again, and never becomes anything better by being tried often."""

UNEVALUATED: Final[frozenset[Reason]] = frozenset({"no_models", "reference_missing"})
PERSISTENT: Final = 3
"""After so many tries that were merely of no use a person looks at it: dust and darkness must not shut anybody out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """What is compared with what: degrees, radii of the face, distances of vectors, milliseconds, pixels."""

    version: str = "2026-11-a"
    yaw: float = 12.0
    pitch: float = 10.0
    mouth: float = 0.10
    residual: float = 0.08
    same_face: float = 0.50
    other_face: float = 0.60
    accept: float = 0.45
    reject: float = 0.60
    score: float = 0.6
    width_px: float = 120.0
    second: float = 0.5
    sharpness: float = 40.0
    darkest: float = 40.0
    brightest: float = 220.0
    clipped: float = 0.6
    roll: float = 25.0
    still: float = 0.01
    still_bits: int = 1
    least_gap_ms: int = 200
    most_gap_ms: int = 15_000
    least_ms: int = 2_000
    most_ms: int = 60_000


THRESHOLDS: Final = Thresholds()


@dataclass(frozen=True, slots=True)
class Shown:
    """A frame as the phone sent it: the step that it shows, when by the phone's clock, the digest of its bytes."""

    step: Step
    at_ms: int
    sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything that is judged.

    `frames` is None when nothing was measured. `reference` is the distance to the reference photo, None without one.
    `repeats` is how many frames look like one of an earlier time, `copies` how many are byte for byte one. `useless`
    counts the person's earlier tries of the last quarter of an hour that were of no use. `waited_ms` is the time
    between issue and arrival by the server's clock, where it had a part in both.
    """

    steps: Sequence[Step]
    shown: Sequence[Shown]
    frames: Sequence[FrameMeasures] | None
    reference: float | None
    kind: Kind = "online"
    copies: int = 0
    repeats: int = 0
    useless: int = 0
    waited_ms: int | None = None
    live_least: float | None = None


@dataclass(frozen=True, slots=True)
class Judgement:
    """What was concluded; `scores` are the numbers it rests on, `again` tells that another try may help."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    thresholds: str
    scores: dict[str, float] = field(default_factory=dict[str, float])
    again: bool = False


def judge(evidence: Evidence, limits: Thresholds = THRESHOLDS) -> Judgement:
    """Judge a series: one cue that denies is enough, nothing is weighed against it, and `passed` needs all of them.

    What needs no models is judged without them too; without them the best outcome is `not_evaluated`.
    """
    found: list[Reason] = [*_copies(evidence), *_times(evidence, limits)]
    scores: dict[str, float] = {}
    if evidence.frames is None:
        found.append("no_models")
    else:
        seen = [(frame.picture, frame.face) for frame in evidence.frames]
        found += _pictures(evidence.frames, limits)
        if all(picture is not None and face is not None for picture, face in seen):
            whole = [(picture, face) for picture, face in seen if picture is not None and face is not None]
            found += _stillness(whole, limits)
            found += _moves(evidence, [face for _, face in whole], limits, scores)
            found += _identity(evidence, [face for _, face in whole], limits, scores)
    return _concluded(evidence, tuple(dict.fromkeys(found)), limits, scores)


def _concluded(
    evidence: Evidence, reasons: tuple[Reason, ...], limits: Thresholds, scores: dict[str, float]
) -> Judgement:
    held = set(reasons)
    if held & DENYING:
        return Judgement("failed", reasons, limits.version, scores)
    useless = held - DOUBTFUL - UNEVALUATED
    if held & NOT_SHOWN or (useless and evidence.useless + 1 < PERSISTENT):
        return Judgement("failed", reasons, limits.version, scores, again=True)
    if held & UNEVALUATED:
        return Judgement("not_evaluated", reasons, limits.version, scores)
    if useless:
        return Judgement("review", (*reasons, "tries_exhausted"), limits.version, scores)
    return Judgement("review" if held else "passed", reasons, limits.version, scores)


def _copies(evidence: Evidence) -> list[Reason]:
    digests = [shown.sha256 for shown in evidence.shown]
    found: list[Reason] = []
    if len(set(digests)) < len(digests):
        found.append("identical_frames")
    # One that merely looks like an earlier one happens to people who stand at the same wall each morning.
    if evidence.copies or evidence.repeats > 1:
        found.append("replayed")
    elif evidence.repeats:
        found.append("maybe_replayed")
    return found


def _times(evidence: Evidence, limits: Thresholds) -> list[Reason]:
    found: list[Reason] = []
    if [shown.step for shown in evidence.shown] != list(evidence.steps):
        found.append("steps_wrong")
    times = [shown.at_ms for shown in evidence.shown]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    in_time = all(limits.least_gap_ms <= gap <= limits.most_gap_ms for gap in gaps)
    hasty = evidence.waited_ms is not None and evidence.waited_ms < limits.least_ms
    if hasty or not times or not in_time or not limits.least_ms <= times[-1] - times[0] <= limits.most_ms:
        found.append("times_wrong")
    return found


def _pictures(frames: Sequence[FrameMeasures], limits: Thresholds) -> list[Reason]:
    found: list[Reason] = []
    for frame in frames:
        if frame.fault is not None:
            found.append(frame.fault)
        if frame.picture is not None:
            found += _picture(frame.picture, limits)
        if frame.face is not None:
            found += _face(frame.face, limits)
    return found


def _picture(picture: PictureMeasures, limits: Thresholds) -> list[Reason]:
    found: list[Reason] = []
    if picture.sharpness < limits.sharpness:
        found.append("blurred")
    if not limits.darkest <= picture.luma <= limits.brightest or picture.clipped > limits.clipped:
        found.append("light")
    return found


def _face(face: FaceMeasures, limits: Thresholds) -> list[Reason]:
    found: list[Reason] = []
    if face.score < limits.score:
        found.append("no_face")
    if face.width_px < limits.width_px:
        found.append("face_small")
    if face.second >= limits.second:
        found.append("two_faces")
    if abs(face.roll) > limits.roll:
        found.append("tilted")
    return found


def _stillness(frames: Sequence[tuple[PictureMeasures, FaceMeasures]], limits: Thresholds) -> list[Reason]:
    """Find frames of different steps that show the same: alike as pictures, and with a face that has not moved."""
    (first, _), *others = frames
    for picture, face in others:
        alike = (picture.dhash ^ first.dhash).bit_count() <= limits.still_bits
        if alike and face.motion < limits.still:
            return ["identical_frames"]
    return []


def _moves(
    evidence: Evidence, faces: Sequence[FaceMeasures], limits: Thresholds, scores: dict[str, float]
) -> list[Reason]:
    found: list[Reason] = []
    calm = faces[0]
    for number, (step, face) in enumerate(zip(evidence.steps, faces, strict=False)):
        yaw, pitch, mouth = face.yaw - calm.yaw, face.pitch - calm.pitch, face.mouth - calm.mouth
        reached = {
            "neutral": True,
            "turn_left": yaw >= limits.yaw,
            "turn_right": -yaw >= limits.yaw,
            "look_up": pitch >= limits.pitch,
            "look_down": -pitch >= limits.pitch,
            "open_mouth": mouth >= limits.mouth,
        }[step]
        if not reached:
            found.append("step_not_shown")
        if step in {"turn_left", "turn_right"} and face.residual < limits.residual:
            found.append("too_flat")
        scores |= {
            f"{number}.yaw": round(yaw, 2),
            f"{number}.pitch": round(pitch, 2),
            f"{number}.mouth": round(mouth, 4),
            f"{number}.residual": face.residual,
            f"{number}.distance": face.distance,
        }
    return found


def _identity(
    evidence: Evidence, faces: Sequence[FaceMeasures], limits: Thresholds, scores: dict[str, float]
) -> list[Reason]:
    found: list[Reason] = []
    if any(face.distance > limits.other_face for face in faces):
        found.append("another_face")
    elif any(face.distance > limits.same_face for face in faces):
        found.append("face_unsure")
    if evidence.live_least is not None:
        least = min((face.live for face in faces if face.live is not None), default=1.0)
        scores["live"] = least
        if least < evidence.live_least:
            found.append("spoof_suspected")
    if evidence.reference is None:
        found.append("reference_missing")
        return found
    scores["reference"] = round(evidence.reference, 4)
    if evidence.reference > limits.reject:
        found.append("reference_mismatch")
    elif evidence.reference > limits.accept:
        found.append("reference_near")
    return found
