"""Loads the models into this process, has them show that they compute what they should, and runs them."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import onnxruntime
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray
from PIL import Image

from backend.evidence.faces import detector, geometry
from backend.evidence.faces.detector import Found
from backend.evidence.faces.geometry import CHIP_PX, COUNT, Points
from backend.evidence.faces.weights import (
    DESCRIPTOR,
    DETECTOR,
    LANDMARKS,
    AntiSpoof,
    ModelFile,
    WeightsMissing,
    checked,
)

Vector = NDArray[np.float32]
_MESH_PX: Final = 192
_MARGIN: Final = 1.5
_GREY: Final = 127.5
# What the models make of a slope of grey; another processor's rounding stays far below the tolerance.
_TRIAL: Final = (-0.03536, 0.11165, 0.04543, 0.01922, 0.48693, 0.48217, 0.48938, 0.45378)
_TRIAL_TOLERANCE: Final = 0.02


@dataclass(frozen=True, slots=True)
class _Lite:
    """A model in TensorFlow Lite's format."""

    runner: Any
    given: int
    outputs: tuple[int, ...]
    size: int

    def run(self, pixels: NDArray[np.float32]) -> list[NDArray[np.float32]]:
        self.runner.set_tensor(self.given, pixels[None])
        self.runner.invoke()
        return [self.runner.get_tensor(one) for one in self.outputs]


def _open_lite(file: ModelFile) -> _Lite:
    runner: Any = Interpreter(model_path=str(file.path), num_threads=1)
    runner.allocate_tensors()
    given = runner.get_input_details()[0]
    outputs = tuple(one["index"] for one in runner.get_output_details())
    return _Lite(runner, given["index"], outputs, int(given["shape"][1]))


def _open_onnx(file: ModelFile) -> Any:  # noqa: ANN401 - onnxruntime has no types
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False
    return onnxruntime.InferenceSession(str(file.path), options, providers=["CPUExecutionProvider"])


class Networks:
    """The models of one process."""

    def __init__(self, weights: dict[str, ModelFile], anti_spoof: AntiSpoof | None = None) -> None:
        """Load the models; raises WeightsMissing when one of them does not compute what it should."""
        self.digests = {name: file.sha256 for name, file in weights.items()}
        try:
            self._detector = _open_lite(weights[DETECTOR])
            self._landmarks = _open_lite(weights[LANDMARKS])
            self._descriptor = _open_onnx(weights[DESCRIPTOR])
            self.anti_spoof = anti_spoof
            self._spoof = None
            if anti_spoof is not None:
                self._spoof = _open_onnx(checked(anti_spoof.path, anti_spoof.sha256))
                self.digests["anti_spoof"] = anti_spoof.sha256
        except (RuntimeError, ValueError) as fault:
            raise WeightsMissing(f"a model cannot be loaded: {fault}") from fault
        self._try()

    def _try(self) -> None:
        """Run the models on a slope of grey and compare a few numbers with what they gave when they were reviewed."""
        slope = np.linspace(0, 1, CHIP_PX * CHIP_PX * 3, dtype=np.float32).reshape(CHIP_PX, CHIP_PX, 3)
        told = self._describe(slope[None] * 255)[0, :4]
        wide = np.linspace(0, 1, _MESH_PX * _MESH_PX * 3, dtype=np.float32).reshape(_MESH_PX, _MESH_PX, 3)
        mesh = next(one for one in self._landmarks.run(wide) if one.size == COUNT * 3).reshape(COUNT, 3)
        found = np.concatenate([told, mesh[:4, 0] / _MESH_PX])
        if not np.allclose(found, _TRIAL, atol=_TRIAL_TOLERANCE):
            raise WeightsMissing("the models do not compute what they should on this machine")

    def find_faces(self, picture: Image.Image) -> list[Found]:
        """Return the faces of a picture, the biggest first, in its pixels."""
        side = detector.SIZE
        scale = side / max(picture.size)
        size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
        left, top = (side - size[0]) // 2, (side - size[1]) // 2
        small = picture.resize(size, Image.Resampling.BOX if scale < 0.5 else Image.Resampling.BILINEAR)  # noqa: PLR2004 - under half, neighbours would be skipped
        square = np.zeros((side, side, 3), np.float32)
        square[top : top + size[1], left : left + size[0]] = np.asarray(small)
        first, second = self._detector.run(square / np.float32(_GREY) - np.float32(1))
        regressors, scores = (first, second) if first.shape[-1] > 1 else (second, first)
        return detector.faces_of(regressors, scores, scale, (left, top))

    def find_landmarks(self, picture: Image.Image, face: Found) -> Points:
        """Return the landmarks of a face in pixels of the picture: looked for twice, the second time upright."""
        middle = (face.box[:2] + face.box[2:]) / 2
        size = _MARGIN * max(face.width, float(face.box[3] - face.box[1]))
        axis = face.eyes[1] - face.eyes[0]
        points = self._look(picture, middle, size, float(np.arctan2(axis[1], axis[0])))
        axis = points[263] - points[33]
        low, high = points[:, :2].min(axis=0), points[:, :2].max(axis=0)
        return self._look(
            picture, (low + high) / 2, _MARGIN * float((high - low).max()), float(np.arctan2(axis[1], axis[0]))
        )

    def _look(self, picture: Image.Image, middle: NDArray[np.float64], size: float, angle: float) -> Points:
        scale = _MESH_PX / max(size, 1.0)
        cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
        turn = np.array([[cos, sin], [-sin, cos]])
        affine = np.hstack([turn, (_MESH_PX / 2 - turn @ middle)[:, None]])
        pixels = np.asarray(_warped(picture, affine, _MESH_PX), np.float32) / np.float32(255)
        flat = next(one for one in self._landmarks.run(pixels) if one.size == COUNT * 3)
        points = flat.reshape(COUNT, 3).astype(np.float64)
        back = geometry.inverse(affine)
        return np.hstack([points[:, :2] @ back[:, :2].T + back[:, 2], points[:, 2:] / scale])

    def describe(self, picture: Image.Image, points: Points, *, flipped: bool = False) -> Vector:
        """Return the vector of a face; `flipped`: the mean of its own and that of its mirror image."""
        chip = np.asarray(_warped(picture, geometry.chip_map(points), CHIP_PX), np.float32)
        chips = np.stack([chip, chip[:, ::-1]] if flipped else [chip])
        return self._describe(chips).mean(axis=0)

    def _describe(self, chips: NDArray[np.float32]) -> Vector:
        return self._descriptor.run(None, {"rgb": np.ascontiguousarray(chips)})[0]

    def liveness(self, picture: Image.Image, face: Found) -> float | None:
        """Return what the operator's anti-spoof model says of a face, 0 to 1; None without one."""
        told, session = self.anti_spoof, self._spoof
        if told is None or session is None:
            return None
        given = session.get_inputs()[0]
        side = int(given.shape[2])
        width = told.crop * max(face.width, float(face.box[3] - face.box[1]))
        middle = (face.box[:2] + face.box[2:]) / 2
        scale = side / max(width, 1.0)
        affine = np.array([[scale, 0, side / 2 - scale * middle[0]], [0, scale, side / 2 - scale * middle[1]]])
        pixels = np.asarray(_warped(picture, affine, side), np.float32) * np.float32(told.top / 255)
        if not told.rgb:
            pixels = pixels[:, :, ::-1]
        answers = session.run(None, {given.name: np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])})[0][0]
        shares = np.exp(answers - answers.max())
        return float(shares[told.live] / shares.sum())


def _warped(picture: Image.Image, affine: NDArray[np.float64], side: int) -> Image.Image:
    """Return the square that a 2 x 3 map from the picture's pixels makes of it."""
    back = geometry.inverse(affine)
    numbers = tuple(float(one) for one in back.ravel())
    return picture.transform((side, side), Image.Transform.AFFINE, numbers, Image.Resampling.BILINEAR)
