"""Challenges, frames and reference photos, made without a camera."""

import io
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

import msgspec
import numpy as np
from PIL import Image

from backend.evidence.faces.measures import FaceMeasures, FrameMeasures, Measured, NotMeasured, PictureMeasures
from backend.evidence.faces.port import References, State
from backend.evidence.references.queries import ReferenceRow
from backend.evidence.references.taking import Prepared, ReferenceTools, add_step, take_reference
from backend.identity.consents.model import PURPOSES, TEXT_VERSIONS
from backend.identity.consents.service import give
from backend.kit.db import Tx
from backend.kit.guards import Actor
from mobile_api.liveness.schemas import nonce_text
from tests.support.forms import form

MOVED: dict[str, dict[str, float]] = {
    "neutral": {},
    "turn_left": {"yaw": 19.0, "residual": 0.12, "motion": 0.18, "distance": 0.33},
    "turn_right": {"yaw": -17.0, "residual": 0.13, "motion": 0.18, "distance": 0.35},
    "look_up": {"pitch": 14.0, "residual": 0.07, "motion": 0.08, "distance": 0.30},
    "look_down": {"pitch": -14.0, "residual": 0.09, "motion": 0.10, "distance": 0.32},
    "open_mouth": {"mouth": 0.40, "residual": 0.02, "motion": 0.03, "distance": 0.29},
}


def picture(seed: int | None = None) -> bytes:
    """Return a JPEG like no other, on which there is nobody."""
    drawn = np.random.default_rng(seed).integers(40, 215, (12, 16, 3)).astype(np.uint8)
    out = io.BytesIO()
    Image.fromarray(drawn).resize((640, 480), Image.Resampling.BICUBIC).save(out, "JPEG")
    return out.getvalue()


class MovedFaces:
    """Measures what a person who does as asked would show; the steps are told beforehand, the bytes say nothing.

    `changes` are values of single frames by their number, `reference` is the distance to the reference photos.
    """

    def __init__(self, reference: float = 0.31) -> None:
        self.steps: Sequence[str] = ()
        self.reference = reference
        self.changes: dict[int, dict[str, float]] = {}
        self.asked: list[tuple[bytes, ...]] = []
        self.loaded: list[bytes] = []

    async def measure(
        self, frames: list[bytes], reference: tuple[bytes, ...] = (), load: References | None = None
    ) -> Measured | NotMeasured:
        self.asked.append(reference)
        if load is not None:
            self.loaded = await load()
        steps = list(self.steps) or ["neutral"] * len(frames)
        return Measured(
            frames=[self._frame(number, step, frames[number]) for number, step in enumerate(steps)],
            reference=self.reference if reference else None,
            models={"made up": "00"},
            milliseconds=1.0,
        )

    def _frame(self, number: int, step: str, content: bytes) -> FrameMeasures:
        calm: dict[str, float] = {"yaw": 1.0, "pitch": -4.0, "roll": 2.0, "mouth": 0.18}
        # Each picture is a little other than every other, as those of living people are.
        shift = sha256(content).digest()[8] / 64
        values = calm | MOVED[step] | self.changes.get(number, {})
        face = {"score": 0.95, "width_px": 200 + shift, "second": 0, "residual": 0, "motion": 0, "distance": 0} | values
        face["roll"] = face["roll"] + shift
        dhash = int.from_bytes(sha256(content).digest()[:8], "big")
        shown = PictureMeasures(width=640, height=480, dhash=dhash, sharpness=250, luma=110, clipped=0)
        return FrameMeasures(picture=shown, face=FaceMeasures(**face))

    async def state(self) -> State:
        return "running"


def frames_form(
    challenge: dict[str, Any], frames: Sequence[bytes], *, gap_ms: int = 1_500, made_at: str | None = None
) -> tuple[str, bytes]:
    """Return media type and body of the frames for a challenge as answered."""
    steps = [one["step"] for one in challenge["steps"]]
    told = {
        "nonce": challenge["nonce"],
        "frames": [{"step": step, "at_ms": 5_000 + gap_ms * n} for n, step in enumerate(steps)],
        **({} if made_at is None else {"made_at": made_at}),
    }
    return form([("about", msgspec.json.encode(told)), *(("frame", frame) for frame in frames)])


def as_answered(row: Any) -> dict[str, Any]:
    """Return what of a challenge the frames need."""
    return {"nonce": nonce_text(row.nonce), "steps": [{"step": one} for one in row.steps]}


def actor_of(account_id: UUID) -> Actor:
    """Return an actor for use cases that look at nothing but his account."""
    return Actor(account_id=account_id, person_id=None, family_id=uuid4(), roles=frozenset(), scopes=frozenset())


async def consent(tx: Tx, person_id: UUID, phone_id: UUID, at: datetime) -> None:
    """Give a person's consent to checks of the face and to photos to compare with."""
    for purpose in PURPOSES:
        await give(tx, person_id, phone_id, purpose, version=TEXT_VERSIONS[purpose], language="zh-CN", now=at)


async def make_reference(
    tx: Tx,
    project_id: UUID,
    person_id: UUID,
    by: UUID,
    *,
    tools: ReferenceTools,
    approved_by: UUID | None = None,
    photo: bytes | None = None,
) -> ReferenceRow:
    """Make reference photos of a person, approved if somebody is named who does."""
    prepared = Prepared([picture() if photo is None else photo], {"faces": "not_evaluated"})
    row = await take_reference(tx, actor_of(by), project_id, person_id, prepared, tools=tools)
    if approved_by is not None:
        await add_step(tx, actor_of(approved_by), row, "approved", "符合", clock=tools.clock)
    return row
