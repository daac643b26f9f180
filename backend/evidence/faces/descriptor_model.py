"""Makes the network of face vectors (dlib's ResNet-29) as ONNX from the 8-bit weights that face-api carries.

`python -m backend.evidence.faces.descriptor_model MANIFEST WEIGHTS TARGET`. The layers are those of dlib's
dnn_face_recognition_ex.cpp; each convolution takes in the scale that follows it.
"""

import sys
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from backend.evidence.faces.geometry import CHIP_PX
from backend.evidence.faces.onnx_writing import Graph

VECTOR: Final = 128
_MEANS: Final = (122.782, 117.001, 104.298)
_BLOCKS: Final = (
    ("conv64_down", ("conv64_1", "conv64_2", "conv64_3")),
    ("conv128_down", ("conv128_1", "conv128_2")),
    ("conv256_down", ("conv256_1", "conv256_2")),
    ("conv256_down_out", ()),
)
Floats = NDArray[np.float32]


def read_weights(manifest: bytes, content: bytes) -> dict[str, Floats]:
    """Return the weights by name; raises ValueError when manifest and content do not fit together."""
    weights: dict[str, Floats] = {}
    at = 0
    for entry in msgspec.json.decode(manifest)[0]["weights"]:
        count, packing = int(np.prod(entry["shape"])), entry.get("quantization")
        if packing:
            plain = np.frombuffer(content, np.uint8, count, at).astype(np.float32)
            plain = plain * np.float32(packing["scale"]) + np.float32(packing["min"])
            at += count
        else:
            plain = np.frombuffer(content, "<f4", count, at)
            at += 4 * count
        weights[entry["name"]] = plain.reshape(entry["shape"]).astype(np.float32)
    if at != len(content):
        raise ValueError("the manifest describes another number of bytes")
    return weights


class _Layers:
    def __init__(self, weights: dict[str, Floats]) -> None:
        self.graph = Graph("dlib_resnet29")
        self._weights = weights

    def convolve(self, given: str, name: str, stride: int, pad: int, *, relu: bool) -> str:
        filters = self._weights[f"{name}/conv/filters"].transpose(3, 2, 0, 1)
        scale = self._weights[f"{name}/scale/weights"]
        bias = self._weights[f"{name}/conv/bias"] * scale + self._weights[f"{name}/scale/biases"]
        made = self.graph.node(
            "Conv",
            given,
            self.graph.constant(filters * scale[:, None, None, None]),
            self.graph.constant(bias),
            kernel_shape=filters.shape[2:],
            pads=[pad] * 4,
            strides=[stride] * 2,
        )
        return self.graph.node("Relu", made) if relu else made

    def residual(self, given: str, name: str) -> str:
        made = self.convolve(given, f"{name}/conv1", 1, 1, relu=True)
        made = self.convolve(made, f"{name}/conv2", 1, 1, relu=False)
        return self.graph.node("Relu", self.graph.node("Add", made, given))

    def down(self, given: str, name: str, size: int) -> tuple[str, int]:
        """Halve the picture; what the two ways differ in size or depth is filled with zeros, as dlib does."""
        made = self.convolve(given, f"{name}/conv1", 2, 0, relu=True)
        made = self.convolve(made, f"{name}/conv2", 1, 1, relu=False)
        beside = self.graph.node("AveragePool", given, kernel_shape=[2, 2], strides=[2, 2])
        by_convolution, by_pooling = (size - 3) // 2 + 1, size // 2
        if by_convolution != by_pooling:
            made = self.graph.node("Pad", made, self.graph.constant(np.array([0, 0, 0, 0, 0, 0, 1, 1])))
        deep_in, deep_out = self._weights[f"{name}/conv1/conv/filters"].shape[2:]
        if deep_in != deep_out:
            more = np.array([0, 0, 0, 0, 0, deep_out - deep_in, 0, 0])
            beside = self.graph.node("Pad", beside, self.graph.constant(more))
        return self.graph.node("Relu", self.graph.node("Add", beside, made)), max(by_convolution, by_pooling)


def make_model(weights: dict[str, Floats]) -> bytes:
    """Return the model: `rgb` of n x 150 x 150 x 3 values 0-255 to `descriptor` of n x 128."""
    layers = _Layers(weights)
    graph = layers.graph
    means = graph.constant(np.array(_MEANS, np.float32).reshape(1, 3, 1, 1))
    made = graph.node("Sub", graph.node("Transpose", "rgb", perm=[0, 3, 1, 2]), means)
    # face-api's weights were made for 255, dlib itself divides by 256.
    made = graph.node("Mul", made, graph.constant(np.array([1 / 255], np.float32)))
    made = layers.convolve(made, "conv32_down", 2, 0, relu=True)
    made = graph.node("MaxPool", made, kernel_shape=[3, 3], strides=[2, 2])
    size = ((CHIP_PX - 7) // 2 + 1 - 3) // 2 + 1
    for name in ("conv32_1", "conv32_2", "conv32_3"):
        made = layers.residual(made, name)
    for down, same in _BLOCKS:
        made, size = layers.down(made, down, size)
        for name in same:
            made = layers.residual(made, name)
    made = graph.node("ReduceMean", made, axes=[2, 3], keepdims=0)
    graph.node("MatMul", made, graph.constant(weights["fc"]), output="descriptor")
    return graph.bytes_of_model({"rgb": ("n", CHIP_PX, CHIP_PX, 3)}, {"descriptor": ("n", VECTOR)})


def main(arguments: list[str]) -> None:
    """Read manifest and weights, write the model."""
    manifest, content, target = (Path(name) for name in arguments)
    target.write_bytes(make_model(read_weights(manifest.read_bytes(), content.read_bytes())))


if __name__ == "__main__":
    main(sys.argv[1:])
