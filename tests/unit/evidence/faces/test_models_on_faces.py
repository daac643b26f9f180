"""What the models and the geometry make of turns and of photos held up instead (docs/liveness.md has the figures)."""

import pytest
from PIL import Image

from backend.evidence.faces.engine import Engine
from backend.evidence.faces.measures import FaceMeasures, Measured, ReferenceWanted, Series
from tests.support import faces
from tests.support.faces import held_photo, jpeg, needs_models, networks, open_mouthed, sitter, turned

pytestmark = needs_models
YAW, RESIDUAL = 12, 0.08


def measured(*pictures: Image.Image) -> list[FaceMeasures]:
    told = Engine(networks()).measure(Series(frames=[jpeg(one, seed) for seed, one in enumerate(pictures)]))
    assert isinstance(told, Measured)
    found = [frame.face for frame in told.frames]
    assert None not in found
    return [face for face in found if face is not None]


def both_ways(left: Image.Image, right: Image.Image) -> tuple[bool, bool, float]:
    """Return whether the left and the right frame pass by angle and parallax, and the smaller of the two angles."""
    neutral, one, other = measured(sitter().picture, left, right)
    angles = one.yaw - neutral.yaw, neutral.yaw - other.yaw
    return angles[0] >= YAW and one.residual >= RESIDUAL, angles[1] >= YAW and other.residual >= RESIDUAL, min(angles)


@pytest.mark.parametrize("yaw", [20, 25, 30])
def test_a_head_that_turns_passes_both_ways(yaw: float) -> None:
    assert both_ways(turned(sitter(), yaw), turned(sitter(), -yaw))[:2] == (True, True)


@pytest.mark.parametrize("yaw", [30, 45, 60])
def test_a_flat_photo_never_passes(yaw: float) -> None:
    left, right, least = both_ways(held_photo(sitter(), yaw), held_photo(sitter(), -yaw))
    assert not left
    assert not right
    assert least < YAW


def test_a_bent_photo_passes_when_it_is_turned_far() -> None:
    """Kept as a test so that nobody forgets it: docs/liveness.md says that this is not stopped."""
    for radius in (0.45, 0.6, 1.0):
        assert both_ways(held_photo(sitter(), 50, radius=radius), held_photo(sitter(), -50, radius=radius))[:2] == (
            True,
            True,
        )


@pytest.mark.parametrize("pitch", [15, 20])
def test_looking_up_and_down_has_the_signs_of_the_person(pitch: float) -> None:
    neutral, up, down = measured(sitter().picture, turned(sitter(), 0, pitch), turned(sitter(), 0, -pitch))
    assert up.pitch - neutral.pitch >= 10
    assert neutral.pitch - down.pitch >= 10


def test_an_open_mouth_is_seen() -> None:
    neutral, opened = measured(sitter().picture, open_mouthed(sitter()))
    assert opened.mouth - neutral.mouth >= 0.10


def test_stillness_is_told_from_motion() -> None:
    _, again, moved = measured(sitter().picture, sitter().picture, turned(sitter(), 20))
    assert again.motion < 0.015 < moved.motion


def test_a_face_is_compared_with_the_reference_photo() -> None:
    engine = Engine(networks())
    photo = jpeg(sitter().picture, 9)
    frames = [
        jpeg(one, seed) for seed, one in enumerate((sitter().picture, turned(sitter(), 22), turned(sitter(), -22)))
    ]
    name = (b"r" * 32,)
    assert isinstance(engine.measure(Series(frames=frames, reference=name)), ReferenceWanted)
    told = engine.measure(Series(frames=frames, reference=name, reference_photos=[photo]))
    assert isinstance(told, Measured)
    assert told.reference is not None
    assert told.reference < 0.45
    # The vector is remembered now, the photos are not asked for again.
    again = engine.measure(Series(frames=frames, reference=name))
    assert isinstance(again, Measured)
    assert again.reference == told.reference


def test_somebody_else_is_far_from_the_reference_photo() -> None:
    engine = Engine(networks())
    other = faces.somebody_else(sitter())
    frames = [jpeg(one, seed) for seed, one in enumerate((other.picture, turned(other, 20), turned(other, -20)))]
    told = engine.measure(Series(frames=frames, reference=(b"r" * 32,), reference_photos=[jpeg(sitter().picture)]))
    assert isinstance(told, Measured)
    assert told.reference is not None
    assert told.reference > 0.5


def test_a_reference_photo_without_a_face_is_no_reference() -> None:
    engine = Engine(networks())
    empty = jpeg(Image.new("RGB", (720, 720), (90, 90, 90)))
    told = engine.measure(Series(frames=[jpeg(sitter().picture)], reference=(b"e" * 32,), reference_photos=[empty]))
    assert isinstance(told, Measured)
    assert told.reference is None


def test_frames_without_a_face_or_picture_say_so() -> None:
    told = Engine(networks()).measure(
        Series(frames=[jpeg(Image.new("RGB", (720, 720), (90, 90, 90))), b"no picture", jpeg(sitter().picture)])
    )
    assert isinstance(told, Measured)
    assert [frame.fault for frame in told.frames] == ["no_face", "unreadable", None]


def test_a_second_face_is_seen() -> None:
    pair = Image.new("RGB", (960, 720))
    small = sitter().picture.resize((480, 480))
    pair.paste(small, (0, 0))
    pair.paste(small, (480, 120))
    (face,) = measured(pair)
    assert face.second > 0.5
