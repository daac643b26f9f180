"""What is concluded from measured frames, one cue at a time; the measures are made up, so no model is needed."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.evidence.faces.measures import FaceMeasures, FrameMeasures, PictureMeasures
from backend.evidence.liveness.challenge import Step
from backend.evidence.liveness.judging import THRESHOLDS, Evidence, Judgement, Shown, judge
from backend.evidence.liveness.repeats import count_repeats, trace_of

STEPS: tuple[Step, ...] = ("neutral", "turn_left", "look_up", "turn_right", "open_mouth")
PICTURE = PictureMeasures(width=960, height=720, dhash=0x1234, sharpness=250, luma=110, clipped=0.05)
CALM = FaceMeasures(
    score=0.95, width_px=200, second=0, yaw=1.0, pitch=-8.0, roll=2.0, mouth=0.18, residual=0, motion=0, distance=0
)
MOVED: dict[Step, dict[str, float]] = {
    "neutral": {},
    "turn_left": {"yaw": 19.0, "residual": 0.12, "motion": 0.18, "distance": 0.33},
    "turn_right": {"yaw": -17.0, "residual": 0.13, "motion": 0.18, "distance": 0.35},
    "look_up": {"pitch": 6.0, "residual": 0.07, "motion": 0.08, "distance": 0.30},
    "look_down": {"pitch": -22.0, "residual": 0.09, "motion": 0.10, "distance": 0.32},
    "open_mouth": {"mouth": 0.40, "residual": 0.02, "motion": 0.03, "distance": 0.29},
}


def frame(step: Step, picture: dict[str, Any] | None = None, **face: float) -> FrameMeasures:
    return FrameMeasures(
        picture=msgspec.structs.replace(PICTURE, **(picture or {})),
        face=msgspec.structs.replace(CALM, **{**MOVED[step], **face}),
    )


def good(steps: tuple[Step, ...] = STEPS) -> Evidence:
    return Evidence(
        steps=steps,
        shown=[Shown(step, 1_000 + 1_500 * n, bytes([n]) * 32) for n, step in enumerate(steps)],
        frames=[frame(step) for step in steps],
        reference=0.31,
    )


def with_frame(number: int, changed: FrameMeasures) -> Evidence:
    base = good()
    assert base.frames is not None
    return replace(base, frames=[*base.frames[:number], changed, *base.frames[number + 1 :]])


def test_whoever_does_as_asked_and_is_who_he_should_be_passes() -> None:
    told = judge(good())
    assert (told.outcome, told.reasons, told.again) == ("passed", (), False)
    assert told.scores["reference"] == 0.31
    assert told.scores["1.yaw"] == 18.0
    assert told.thresholds == THRESHOLDS.version


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_a_step_that_is_not_shown_fails(number: int) -> None:
    still = frame("neutral", motion=0.05, residual=0.2, distance=0.1)
    told = judge(with_frame(number, still))
    assert (told.outcome, told.again) == ("failed", True)
    assert "step_not_shown" in told.reasons


def test_a_turn_to_the_other_side_is_not_the_one_that_was_asked_for() -> None:
    mirrored = with_frame(1, frame("turn_right"))
    assert "step_not_shown" in judge(mirrored).reasons


@pytest.mark.parametrize("number", [1, 3])
def test_a_turn_without_parallax_is_flat(number: int) -> None:
    told = judge(with_frame(number, frame(STEPS[number], residual=0.03)))
    assert (told.outcome, told.reasons) == ("failed", ("too_flat",))


def test_a_flat_photo_turned_far_has_parallax_but_no_angle() -> None:
    told = judge(with_frame(1, frame("turn_left", yaw=4.0, residual=0.16)))
    assert (told.outcome, told.reasons) == ("failed", ("step_not_shown",))


@pytest.mark.parametrize(
    ("distance", "outcome", "reason"),
    [
        (0.45, "passed", None),
        (0.46, "review", "reference_near"),
        (0.60, "review", "reference_near"),
        (0.61, "failed", "reference_mismatch"),
    ],
)
def test_the_reference_photo_has_three_bands(distance: float, outcome: str, reason: str | None) -> None:
    told = judge(replace(good(), reference=distance))
    assert (told.outcome, told.reasons, told.again) == (outcome, () if reason is None else (reason,), False)


def test_without_a_reference_photo_nothing_is_evaluated_and_nobody_passes() -> None:
    told = judge(replace(good(), reference=None))
    assert (told.outcome, told.reasons) == ("not_evaluated", ("reference_missing",))


def test_without_models_nothing_is_evaluated_and_nobody_passes() -> None:
    told = judge(replace(good(), frames=None, reference=None))
    assert (told.outcome, told.reasons) == ("not_evaluated", ("no_models",))


def test_what_needs_no_models_is_judged_without_them() -> None:
    bare = replace(good(), frames=None, reference=None)
    assert judge(replace(bare, copies=1)).outcome == "failed"
    again = replace(bare, shown=[replace(one, sha256=b"same" * 8) for one in bare.shown])
    assert judge(again).reasons == ("identical_frames", "no_models")
    swapped = replace(bare, shown=[bare.shown[0], bare.shown[2], bare.shown[1], *bare.shown[3:]])
    assert "steps_wrong" in judge(swapped).reasons


@pytest.mark.parametrize(
    "times",
    [
        [0, 100, 1_600, 3_100, 4_600],
        [0, 1_500, 1_500, 3_000, 4_500],
        [0, 1_500, 17_000, 18_500, 20_000],
        [0, 400, 800, 1_200, 1_600],
        [0, 14_900, 29_800, 44_700, 60_100],
        [5_000, 4_000, 3_000, 2_000, 1_000],
    ],
    ids=["too soon", "at once", "too late", "too short", "too long", "backwards"],
)
def test_frames_come_one_after_the_other_in_their_time(times: list[int]) -> None:
    shown = [replace(one, at_ms=at) for one, at in zip(good().shown, times, strict=True)]
    assert judge(replace(good(), shown=shown)).reasons == ("times_wrong",)


def test_a_still_picture_is_no_series() -> None:
    told = judge(with_frame(2, frame("look_up", motion=0.004)))
    assert told.outcome == "failed"
    assert "identical_frames" in told.reasons


def test_a_face_that_hardly_moves_before_another_background_is_not_still() -> None:
    told = judge(with_frame(4, frame("open_mouth", {"dhash": 0x1234 ^ 0b111}, motion=0.004)))
    assert told.outcome == "passed"


def test_another_face_among_the_frames_fails_for_good() -> None:
    told = judge(with_frame(4, frame("open_mouth", distance=0.7)))
    assert (told.outcome, told.reasons, told.again) == ("failed", ("another_face",), False)


def test_one_look_that_is_far_from_the_others_is_for_a_person() -> None:
    told = judge(with_frame(2, frame("look_up", distance=0.55)))
    assert (told.outcome, told.reasons) == ("review", ("face_unsure",))


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        (FrameMeasures(fault="unreadable"), "unreadable"),
        (FrameMeasures(picture=PICTURE, fault="no_face"), "no_face"),
        (frame("neutral", score=0.4), "no_face"),
        (frame("neutral", width_px=90), "face_small"),
        (frame("neutral", second=0.7), "two_faces"),
        (frame("neutral", roll=31), "tilted"),
        (frame("neutral", {"sharpness": 5}), "blurred"),
        (frame("neutral", {"luma": 20}), "light"),
        (frame("neutral", {"clipped": 0.9}), "light"),
    ],
)
def test_pictures_of_no_use_may_be_taken_again_and_end_before_a_person(changed: FrameMeasures, reason: str) -> None:
    told = judge(with_frame(0, changed))
    assert reason in told.reasons
    assert (told.outcome, told.again) == ("failed", True)
    third = judge(replace(with_frame(0, changed), useless=2))
    assert (third.outcome, third.reasons[-1], third.again) == ("review", "tries_exhausted", False)


@pytest.mark.parametrize("useless", [0, 2, 9])
def test_who_does_not_move_as_asked_does_not_pass_by_trying_often(useless: int) -> None:
    still = frame("neutral", motion=0.05, residual=0.2, distance=0.1)
    assert judge(replace(with_frame(1, still), useless=useless)).outcome == "failed"


def test_dust_never_opens_the_door_for_another_face() -> None:
    told = judge(replace(with_frame(0, frame("neutral", width_px=90)), reference=0.8, useless=2))
    assert told.outcome == "failed"


@pytest.mark.parametrize(("repeats", "outcome"), [(0, "passed"), (1, "review"), (2, "failed")])
def test_frames_that_look_like_earlier_ones(repeats: int, outcome: str) -> None:
    assert judge(replace(good(), repeats=repeats)).outcome == outcome


@pytest.mark.parametrize(("live", "outcome"), [(0.9, "passed"), (0.2, "review")])
def test_an_anti_spoof_model_can_send_to_review_and_no_more(live: float, outcome: str) -> None:
    base = good()
    assert base.frames is not None
    frames = [
        msgspec.structs.replace(one, face=msgspec.structs.replace(one.face, live=live))
        for one in base.frames
        if one.face
    ]
    assert judge(replace(base, frames=frames, live_least=0.4)).outcome == outcome


measures = st.builds(
    FaceMeasures,
    score=st.floats(0, 1),
    width_px=st.floats(0, 900),
    second=st.floats(0, 1),
    yaw=st.floats(-60, 60),
    pitch=st.floats(-60, 60),
    roll=st.floats(-60, 60),
    mouth=st.floats(0, 1),
    residual=st.floats(0, 0.4),
    motion=st.floats(0, 0.5),
    distance=st.floats(0, 1),
)


@given(st.lists(measures, min_size=5, max_size=5), st.one_of(st.none(), st.floats(0, 1)), st.integers(0, 5))
def test_nobody_passes_whose_turns_reference_or_face_are_not_right(
    faces: list[FaceMeasures], reference: float | None, useless: int
) -> None:
    told = judge(
        replace(
            good(),
            frames=[FrameMeasures(picture=PICTURE, face=one) for one in faces],
            reference=reference,
            useless=useless,
        )
    )
    left, right = faces[1], faces[3]
    fine = (
        left.yaw - faces[0].yaw >= 12
        and faces[0].yaw - right.yaw >= 12
        and min(left.residual, right.residual) >= 0.08
        and reference is not None
        and reference <= 0.45
        and max(one.distance for one in faces) <= 0.5
    )
    assert told.outcome != "passed" or fine
    assert isinstance(told, Judgement)


def test_a_frame_saved_anew_is_found_again_and_the_next_morning_s_is_not() -> None:
    before = [trace for one in (good().frames or []) if (trace := trace_of(one)) is not None]
    saved_anew = [frame(step, {"dhash": 0x1235}, yaw=MOVED[step].get("yaw", 1.0) + 0.3) for step in STEPS]
    assert count_repeats(saved_anew, before) == 5
    next_morning = [frame(step, yaw=MOVED[step].get("yaw", 1.0) + 2.1, roll=0.5) for step in STEPS]
    assert count_repeats(next_morning, before) == 0
    assert count_repeats([FrameMeasures(fault="unreadable")], before) == 0


def test_nobody_answers_before_he_can_have_done_what_was_asked() -> None:
    assert judge(replace(good(), waited_ms=1_900)).reasons == ("times_wrong",)
    assert judge(replace(good(), waited_ms=2_000)).outcome == "passed"
