"""Finds the model files and lets none be loaded that is not the one that was reviewed."""

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

CATALOGUE: Final = Path(__file__).with_name("weights.toml")
DETECTOR: Final = "face_detection_back.tflite"
LANDMARKS: Final = "face_landmark.tflite"
DESCRIPTOR: Final = "face_descriptor.onnx"


class WeightsMissing(Exception):
    """A model file is not there, or is another one; the message names it and the remedy."""


@dataclass(frozen=True, slots=True)
class AntiSpoof:
    """An operator's own model against photos of photos, and how it wants its picture.

    `crop` is the side of the square about the face's middle, in widths of the face; `rgb` whether red comes first;
    `top` the value of white; `live` which of its outputs says "live"; `least` the share below which a person
    looks at it.
    """

    path: Path
    sha256: str
    crop: float
    rgb: bool
    top: float
    live: int
    least: float


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model file whose bytes were looked at. It is loaded by its path: loading from bytes takes them twice."""

    path: Path
    sha256: str


def checked(path: Path, sha256: str) -> ModelFile:
    """Return a file if it has this SHA-256; raises WeightsMissing."""
    try:
        with path.open("rb") as file:
            found = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as fault:
        raise WeightsMissing(f"{path.name}: {fault.strerror}; `make models` brings the model files") from fault
    if found != sha256:
        raise WeightsMissing(f"{path.name} is not the file whose SHA-256 was given")
    return ModelFile(path, sha256)


def find_weights(folder: Path) -> dict[str, ModelFile]:
    """Return the model files by name; raises WeightsMissing for the first that is not there or is another one."""
    expected: dict[str, str] = tomllib.loads(CATALOGUE.read_text("utf-8"))["models"]
    return {name: checked(folder / name, sha256) for name, sha256 in expected.items()}


def read_anti_spoof(description: Path) -> AntiSpoof:
    """Read an operator's description of his model (docs/liveness.md has its form); raises WeightsMissing."""
    try:
        told = tomllib.loads(description.read_text("utf-8"))
        return AntiSpoof(
            path=description.parent / str(told["path"]),
            sha256=str(told["sha256"]),
            crop=float(told["crop"]),
            rgb=bool(told.get("rgb", False)),
            top=float(told.get("top", 255)),
            live=int(told["live"]),
            least=float(told["least"]),
        )
    except (OSError, KeyError, TypeError, ValueError) as fault:
        raise WeightsMissing(f"{description.name} does not describe a model: {fault!r}") from fault
