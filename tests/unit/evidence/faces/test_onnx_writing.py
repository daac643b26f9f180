"""The graphs that are written here are what onnxruntime reads, and the same bytes each time."""

import numpy as np
import onnxruntime

from backend.evidence.faces.descriptor_model import read_weights
from backend.evidence.faces.onnx_writing import Graph


def small_model() -> bytes:
    graph = Graph("small")
    weights = graph.constant(np.arange(6, dtype=np.float32).reshape(2, 3))
    padded = graph.node("Pad", "x", graph.constant(np.array([0, 0, 0, 1])))
    graph.node("Relu", graph.node("MatMul", padded, graph.node("Transpose", weights, perm=[1, 0])), output="y")
    return graph.bytes_of_model({"x": ("n", 2)}, {"y": ("n", 2)})


def test_a_written_graph_computes() -> None:
    session = onnxruntime.InferenceSession(small_model(), providers=["CPUExecutionProvider"])
    given = np.array([[1, 2], [-3, 0.5]], np.float32)
    expected = np.maximum(np.hstack([given, np.zeros((2, 1))]) @ np.arange(6).reshape(2, 3).T, 0)
    assert np.allclose(np.asarray(session.run(None, {"x": given})[0]), expected)


def test_a_graph_is_the_same_bytes_each_time() -> None:
    assert small_model() == small_model()


def test_packed_weights_are_unpacked() -> None:
    manifest = (
        b'[{"weights": [{"name": "a", "shape": [2, 2], "quantization": {"dtype": "uint8", "scale": 0.5, "min": -1}},'
        b'{"name": "b", "shape": [1]}]}]'
    )
    found = read_weights(manifest, bytes([0, 2, 4, 6]) + np.float32(2.5).tobytes())
    assert found["a"].tolist() == [[-1, 0], [1, 2]]
    assert found["b"].tolist() == [2.5]
