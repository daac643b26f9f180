"""The process that measures faces: callers wait in turn, overload is told, a crash is survived, nothing is invented."""

import asyncio
import os
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from backend.evidence.faces.errors import FacesBusy
from backend.evidence.faces.keeper import keep
from backend.evidence.faces.measures import Condition, Measured, NotMeasured
from backend.evidence.faces.onnx_writing import Graph
from backend.evidence.faces.port import FaceProcess, Faces, NoFaces, reference_name
from tests.support.faces import jpeg, needs_models, sitter
from tools.models import MODELS

MOST_MEGABYTES = 250


@asynccontextmanager
async def kept(folder: Path, models: Path, anti_spoof: Path | None = None) -> AsyncGenerator[FaceProcess]:
    stopped = asyncio.Event()
    keeping = asyncio.create_task(keep(folder / "s", models, anti_spoof, stopped))
    faces = FaceProcess(folder / "s")
    try:
        # The first call waits in the socket's backlog while the models are loaded.
        async with asyncio.timeout(60):
            while await faces.measure([]) == NotMeasured(reason="away"):  # noqa: ASYNC110 - another program's file
                await asyncio.sleep(0.01)
        yield faces
    finally:
        stopped.set()
        await keeping


async def condition_of(faces: FaceProcess) -> Condition:
    async with asyncio.timeout(60):
        while (found := await faces.condition()) is None:  # noqa: ASYNC110 - another process' answer
            await asyncio.sleep(0.05)
    return found


def model_process() -> int:
    """Return the number of the one model process that is a child of this one."""
    found: list[int] = []
    for name in Path("/proc").iterdir():
        if name.name.isdecimal():
            try:
                words = (name / "cmdline").read_bytes()
                parent = int((name / "stat").read_text().rpartition(")")[2].split()[1])
            except OSError:
                continue
            if b"backend.evidence.faces.process" in words and parent == os.getpid():
                found.append(int(name.name))
    assert len(found) == 1
    return found[0]


@pytest.mark.parametrize("faces", [NoFaces(), FaceProcess(Path("/nowhere/at/all"))], ids=["none", "away"])
async def test_without_a_process_nothing_is_measured_and_nobody_says_more(faces: Faces) -> None:
    told = await faces.measure([b"frame"])
    assert isinstance(told, NotMeasured)
    assert told.reason == await faces.state()


async def test_without_models_the_process_says_so(tmp_path: Path) -> None:
    async with kept(tmp_path, tmp_path / "empty") as faces:
        assert await faces.measure([b"frame"]) == NotMeasured(reason="no_models")
        assert await faces.state() == "no_models"
        assert oct((tmp_path / "s").stat().st_mode)[-3:] == "600"
    assert not (tmp_path / "s").exists()


@needs_models
async def test_faces_are_measured_within_the_bound_and_a_crash_is_survived(tmp_path: Path) -> None:
    frame, asked = jpeg(sitter().picture), list[int]()

    async def load() -> list[bytes]:
        asked.append(1)
        return [frame]

    async with kept(tmp_path, MODELS) as faces:
        assert await faces.state() == "running"
        name = reference_name([frame])
        first = await faces.measure([frame] * 5, name, load)
        second = await faces.measure([frame] * 5, name, load)
        assert isinstance(first, Measured)
        assert isinstance(second, Measured)
        assert len(asked) == 1
        assert (first.reference, set(first.models)) == (second.reference, set(second.models))
        assert (await condition_of(faces)).resident_mb <= MOST_MEGABYTES
        assert os.getpriority(os.PRIO_PROCESS, model_process()) >= 10

        os.kill(model_process(), signal.SIGKILL)
        async with asyncio.timeout(60):
            # What was under way is not evaluated; the next one is, by another process that remembers nothing.
            while not isinstance(third := await faces.measure([frame] * 5, name, load), Measured):
                assert third == NotMeasured(reason="crashed")
        assert len(asked) == 2


@needs_models
async def test_more_than_may_wait_is_told_at_once(tmp_path: Path) -> None:
    frame = jpeg(sitter().picture)
    async with kept(tmp_path, MODELS) as faces:
        told = await asyncio.gather(*(faces.measure([frame] * 5) for _ in range(20)), return_exceptions=True)
    busy = [one for one in told if isinstance(one, FacesBusy)]
    assert 0 < len(busy) <= 12
    assert len([one for one in told if isinstance(one, Measured)]) == 20 - len(busy)
    assert busy[0].headers["Retry-After"] == "3"


@needs_models
async def test_one_that_takes_too_long_is_told_as_busy(tmp_path: Path) -> None:
    frame = jpeg(sitter().picture)
    async with kept(tmp_path, MODELS):
        with pytest.raises(FacesBusy):
            await FaceProcess(tmp_path / "s", answers_within_s=0.001).measure([frame] * 5)


@needs_models
async def test_an_operator_s_own_model_takes_part(tmp_path: Path) -> None:
    """A model of two outputs, of which the second grows with the red of the picture."""
    graph = Graph("spoof")
    mean = graph.node("ReduceMean", "x", axes=[2, 3], keepdims=0)
    graph.node("MatMul", mean, graph.constant(np.array([[0, 0], [0, 0], [0, 0.05]], np.float32)), output="y")
    content = graph.bytes_of_model({"x": ("n", 3, 80, 80)}, {"y": ("n", 2)})
    (tmp_path / "spoof.onnx").write_bytes(content)
    description = tmp_path / "spoof.toml"

    async def live(sha256: str) -> float | None:
        description.write_text(f'path = "spoof.onnx"\nsha256 = "{sha256}"\ncrop = 2.7\nlive = 1\nleast = 0.5\n')
        async with kept(tmp_path, MODELS, description) as faces:
            told = await faces.measure([jpeg(sitter().picture)])
            if not isinstance(told, Measured):
                return None
            assert told.live_least == 0.5
            assert told.models["anti_spoof"] == sha256
            (frame,) = told.frames
            assert frame.face is not None
            return frame.face.live

    import hashlib

    found = await live(hashlib.sha256(content).hexdigest())
    assert found is not None
    assert 0.9 < found <= 1
    assert await live("0" * 64) is None
