"""What is told of pictures and faces, between the process that measures them and those who judge (pure).

No vector of a face is ever told: comparisons are made where the vectors are, and their distances are what comes out.
"""

from typing import Annotated, Literal

from msgspec import Meta, Struct

Unmeasured = Literal["off", "away", "crashed", "no_models"]
"""Why nothing was measured: not set up, not running, ended over these pictures, or without model files."""

Fault = Literal["unreadable", "no_face"]
MAX_FRAMES = 8
MAX_FRAME_BYTES = 1_500_000
MAX_REFERENCE_PHOTOS = 3
MAX_REFERENCE_BYTES = 8 * 1024 * 1024

Photos = Annotated[list[Annotated[bytes, Meta(max_length=MAX_REFERENCE_BYTES)]], Meta(max_length=MAX_REFERENCE_PHOTOS)]
Digest = Annotated[bytes, Meta(min_length=32, max_length=32)]


class PictureMeasures(Struct, frozen=True, kw_only=True):
    """A picture without regard to faces: size in pixels, 64-bit difference hash, sharpness, light.

    `sharpness` is the variance of the Laplacian at 640 pixels, `luma` the mean of 0-255, `clipped` the share of pixels
    that are quite black or quite white.
    """

    width: int
    height: int
    dhash: int
    sharpness: float
    luma: float
    clipped: float


class FaceMeasures(Struct, frozen=True, kw_only=True):
    """The dominant face of a picture, and how it differs from the one of the first picture of its series.

    Angles are degrees as the person sees them: `yaw` positive to his left, `pitch` positive upwards, `roll` positive
    when his head leans to his right shoulder. `mouth` is the height of the open mouth over its width. `residual` is
    what no flat picture's turn explains of the landmarks' way from the first picture, in radii of the face; `motion` is
    the whole way in the same unit; `distance` is that of the two faces' vectors (L2). `second` is the area of the next
    biggest face over this one's. `live` is what an operator's anti-spoof model says, from 0 to 1.
    """

    score: float
    width_px: float
    second: float
    yaw: float
    pitch: float
    roll: float
    mouth: float
    residual: float
    motion: float
    distance: float
    live: float | None = None


class FrameMeasures(Struct, frozen=True, kw_only=True):
    """One picture of a series: what it shows, or why it shows nothing."""

    picture: PictureMeasures | None = None
    face: FaceMeasures | None = None
    fault: Fault | None = None


class Measured(Struct, frozen=True, kw_only=True, tag="measured"):
    """A series measured: `reference` is the distance of its calmest faces' mean to the reference photos' mean.

    `models` names the SHA-256 of every model that took part. `milliseconds` is the time of one processor.
    """

    frames: list[FrameMeasures]
    reference: float | None
    models: dict[str, str]
    milliseconds: float
    live_least: float | None = None


class NotMeasured(Struct, frozen=True, kw_only=True, tag="not_measured"):
    """Nothing was measured, and why; whoever judges says `not_evaluated`, never more."""

    reason: Unmeasured


class Busy(Struct, frozen=True, tag="busy"):
    """Too much waits already."""


class ReferenceWanted(Struct, frozen=True, tag="reference_wanted"):
    """The vector of these reference photos is not in memory: send the photos along."""


class Condition(Struct, frozen=True, kw_only=True, tag="condition"):
    """How the process is: whether its models are there and do what they should, and its memory in megabytes."""

    models: dict[str, str]
    missing: str | None
    anti_spoof: bool
    resident_mb: int
    waiting: int


class Series(Struct, frozen=True, kw_only=True, tag="series"):
    """Pictures of one face in their order, and the reference photos to compare with.

    `reference` is the SHA-256 of each of them, in their order; `reference_photos` their bytes, when asked for.
    """

    frames: Annotated[list[Annotated[bytes, Meta(max_length=MAX_FRAME_BYTES)]], Meta(max_length=MAX_FRAMES)]
    reference: Annotated[tuple[Digest, ...], Meta(max_length=MAX_REFERENCE_PHOTOS)] = ()
    reference_photos: Photos | None = None


class AskCondition(Struct, frozen=True, tag="ask"):
    """Ask how the process is."""


Asked = Series | AskCondition
Told = Measured | NotMeasured | Busy | ReferenceWanted | Condition
