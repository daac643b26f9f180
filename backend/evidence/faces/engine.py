"""Measures one series of pictures with the models, and remembers the vectors of reference photos for a while."""

import time
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image

from backend.evidence.faces import geometry
from backend.evidence.faces.detector import Found
from backend.evidence.faces.geometry import Points, Pose
from backend.evidence.faces.measures import (
    FaceMeasures,
    FrameMeasures,
    Measured,
    NotMeasured,
    PictureMeasures,
    ReferenceWanted,
    Series,
)
from backend.evidence.faces.networks import Networks, Vector
from backend.evidence.faces.pictures import Unreadable, measure_picture, read_picture

KEPT_REFERENCES: Final = 4_096
"""Vectors in memory: 2 MB. They are nowhere else, and gone with the process."""
_CALM: Final = 3
"""So many of a series' most frontal faces are compared with the reference."""


@dataclass(frozen=True, slots=True)
class _Face:
    """A face with what was found of it."""

    found: Found
    second: float
    points: Points
    pose: Pose
    vector: Vector
    live: float | None

    @property
    def turned(self) -> float:
        return abs(self.pose.yaw) + abs(self.pose.pitch)


class Engine:
    """The models of a process with the memory of its reference photos."""

    def __init__(self, networks: Networks | None) -> None:
        """Use these models; without any, pictures are measured and faces are not."""
        self.networks = networks
        self._kept: OrderedDict[tuple[bytes, ...], Vector] = OrderedDict()

    def measure(self, series: Series) -> Measured | ReferenceWanted | NotMeasured:
        """Measure a series; ReferenceWanted when its reference photos are neither in memory nor there."""
        networks = self.networks
        if networks is None:
            return NotMeasured(reason="no_models")
        began = time.thread_time()
        if series.reference and series.reference not in self._kept:
            if series.reference_photos is None:
                return ReferenceWanted()
            self._learn(networks, series.reference, series.reference_photos)
        seen = [_look(networks, content) for content in series.frames]
        faces = [face for _, face in seen if isinstance(face, _Face)]
        return Measured(
            frames=_frames(seen),
            reference=self._distance(series.reference, faces),
            models=networks.digests,
            milliseconds=round((time.thread_time() - began) * 1000, 1),
            live_least=None if networks.anti_spoof is None else networks.anti_spoof.least,
        )

    def _learn(self, networks: Networks, name: tuple[bytes, ...], photos: list[bytes]) -> None:
        vectors: list[Vector] = []
        for content in photos:
            _, face = _look(networks, content, flipped=True)
            if isinstance(face, _Face):
                vectors.append(face.vector)
        if vectors:
            self._kept[name] = np.mean(vectors, axis=0)
        while len(self._kept) > KEPT_REFERENCES:
            self._kept.popitem(last=False)

    def _distance(self, name: tuple[bytes, ...], faces: list[_Face]) -> float | None:
        """Return the distance of the calmest faces' mean to a reference; None when either is not there."""
        reference = self._kept.get(name)
        if reference is None or not faces:
            return None
        self._kept.move_to_end(name)
        calm = sorted(faces, key=lambda face: face.turned)[:_CALM]
        return float(np.linalg.norm(np.mean([face.vector for face in calm], axis=0) - reference))


Seen = tuple[PictureMeasures | None, _Face | str]


def _look(networks: Networks, content: bytes, *, flipped: bool = False) -> Seen:
    try:
        picture = read_picture(content)
    except Unreadable:
        return None, "unreadable"
    return measure_picture(picture), _face_of(networks, picture, flipped=flipped) or "no_face"


def _face_of(networks: Networks, picture: Image.Image, *, flipped: bool) -> _Face | None:
    faces = networks.find_faces(picture)
    if not faces:
        return None
    first = faces[0]
    points = networks.find_landmarks(picture, first)
    return _Face(
        found=first,
        second=faces[1].area / first.area if len(faces) > 1 else 0.0,
        points=points,
        pose=geometry.pose(points),
        vector=networks.describe(picture, points, flipped=flipped),
        live=networks.liveness(picture, first),
    )


def _frames(seen: list[Seen]) -> list[FrameMeasures]:
    neutral = seen[0][1] if seen else None
    frames: list[FrameMeasures] = []
    for picture, face in seen:
        if isinstance(face, _Face):
            base = neutral if isinstance(neutral, _Face) else face
            frames.append(FrameMeasures(picture=picture, face=_told(base, face)))
        else:
            frames.append(FrameMeasures(picture=picture, fault="unreadable" if face == "unreadable" else "no_face"))
    return frames


def _told(neutral: _Face, face: _Face) -> FaceMeasures:
    return FaceMeasures(
        score=round(face.found.score, 4),
        width_px=round(face.found.width, 1),
        second=round(face.second, 3),
        yaw=round(face.pose.yaw, 2),
        pitch=round(face.pose.pitch, 2),
        roll=round(face.pose.roll, 2),
        mouth=round(geometry.mouth_opening(face.points), 4),
        residual=round(geometry.residual(neutral.points, face.points), 4),
        motion=round(geometry.motion(neutral.points, face.points), 4),
        distance=round(float(np.linalg.norm(face.vector - neutral.vector)), 4),
        live=None if face.live is None else round(face.live, 4),
    )
