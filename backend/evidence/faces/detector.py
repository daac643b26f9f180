"""Turns what BlazeFace puts out into faces: anchors, scores, boxes, overlapping ones joined (pure)."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

SIZE: Final = 256
_STRIDES: Final = ((16, 2), (32, 6))
"""Cells of 16 pixels with two anchors each, cells of 32 with six: those of MediaPipe's "back" model."""
_LEAST_SCORE: Final = 0.5
_OVERLAP: Final = 0.3


@dataclass(frozen=True, slots=True)
class Found:
    """A face: score 0 to 1, box `left, top, right, bottom`, the places of its eyes (the right one first)."""

    score: float
    box: NDArray[np.float64]
    eyes: NDArray[np.float64]

    @property
    def width(self) -> float:
        """Return the box's width in pixels."""
        return float(self.box[2] - self.box[0])

    @property
    def area(self) -> float:
        """Return the box's area in square pixels."""
        return self.width * float(self.box[3] - self.box[1])


def anchors() -> NDArray[np.float32]:
    """Return the centres of the 896 anchors, in parts of the picture."""
    rows: list[tuple[float, float]] = []
    for stride, per_cell in _STRIDES:
        cells = SIZE // stride
        for y in range(cells):
            for x in range(cells):
                rows += [((x + 0.5) / cells, (y + 0.5) / cells)] * per_cell
    return np.array(rows, np.float32)


_ANCHORS: Final = anchors()


def faces_of(
    regressors: NDArray[Any], classificators: NDArray[Any], scale: float, offset: tuple[float, float]
) -> list[Found]:
    """Return the faces, the biggest first, in pixels of the picture.

    `scale` and `offset` are how the picture was laid into the model's square: pixels there = pixels x scale + offset.
    """
    scores = 1 / (1 + np.exp(-np.clip(classificators.reshape(-1).astype(np.float64), -80, 80)))
    wanted = scores > _LEAST_SCORE
    if not wanted.any():
        return []
    scores, numbers = scores[wanted], regressors.reshape(len(_ANCHORS), 16)[wanted].astype(np.float64) / SIZE
    anchored = _ANCHORS[wanted]
    centres, half = numbers[:, :2] + anchored, numbers[:, 2:4] / 2
    corners = np.stack([centres - half, centres + half, *(numbers[:, n : n + 2] + anchored for n in (4, 6))], axis=1)
    placed = (corners * SIZE - np.array(offset)) / scale
    return sorted(_joined(scores, placed), key=lambda face: -face.area)


def _joined(scores: NDArray[np.float64], placed: NDArray[np.float64]) -> list[Found]:
    """Join boxes that overlap, weighted by their scores."""
    left = np.ones(len(scores), bool)
    faces: list[Found] = []
    low, high = placed[:, 0], placed[:, 1]
    areas = np.prod(high - low, axis=1)
    for best in np.argsort(-scores):
        if not left[best]:
            continue
        common = np.prod(np.maximum(np.minimum(high[best], high) - np.maximum(low[best], low), 0), axis=1)
        group = left & (common / (areas + areas[best] - common) > _OVERLAP)
        group[best] = True
        left &= ~group
        weights = scores[group] / scores[group].sum()
        mean = (placed[group] * weights[:, None, None]).sum(axis=0)
        faces.append(Found(float(scores[best]), mean[:2].reshape(4), mean[2:]))
    return faces
