"""Measures a liveness check of five frames in the process that holds the models: processor time and memory.

`make bench` puts it beside the other figures; `.venv/bin/python -m bench.faces` measures it alone. Without the model
files there is nothing to measure, and nothing is told.
"""

import asyncio
import io
import os
import tempfile
from pathlib import Path
from statistics import median

from PIL import Image

from backend.evidence.faces.keeper import keep
from backend.evidence.faces.measures import Measured
from backend.evidence.faces.port import FaceProcess
from backend.evidence.faces.weights import WeightsMissing, find_weights
from tools.models import MODELS
from tools.say import say

ROUNDS, WARM_UP = 30, 3
FRAMES = 5
PORTRAIT = MODELS / "portrait.png"


def measure_faces() -> dict[str, float]:
    """Return the figures by name; none without model files."""
    try:
        find_weights(MODELS)
    except WeightsMissing as missing:
        say(f"faces are not measured: {missing}")
        return {}
    if not PORTRAIT.exists():
        say(f"faces are not measured: {PORTRAIT} is not there; `make test` fetches it")
        return {}
    with tempfile.TemporaryDirectory(prefix="daogang-bench-faces-") as folder:
        return asyncio.run(_measured(Path(folder) / "s"))


async def _measured(path: Path) -> dict[str, float]:
    stopped = asyncio.Event()
    keeping = asyncio.create_task(keep(path, MODELS, None, stopped))
    try:
        return await _rounds(FaceProcess(path))
    finally:
        stopped.set()
        await keeping


async def _rounds(faces: FaceProcess) -> dict[str, float]:
    frames = [_frame(number) for number in range(FRAMES)]
    photo = [_frame(99)]

    async def load() -> list[bytes]:
        return photo

    async def cpu_ms(reference: tuple[bytes, ...]) -> float:
        pid = _model_process()
        before = _cpu_s(pid)
        told = await faces.measure(frames, reference, load)
        if not isinstance(told, Measured) or told.reference is None:
            message = f"the process measured nothing: {told}"
            raise RuntimeError(message)
        return (_cpu_s(pid) - before) * 1000

    while not isinstance(await faces.measure(frames), Measured):  # noqa: ASYNC110 - another process' start
        await asyncio.sleep(0.05)
    known = (bytes(32),)
    for _ in range(WARM_UP):
        await cpu_ms(known)
    warm = [await cpu_ms(known) for _ in range(ROUNDS)]
    # Photos that nobody asked for yet are decoded, measured and turned into a vector first.
    cold = [await cpu_ms((os.urandom(32),)) for _ in range(ROUNDS)]
    return {
        "liveness_check_ms": round(median(warm), 1),
        "liveness_check_cold_ms": round(median(cold), 1),
        "face_process_rss_mb": _peak_mb(_model_process()),
    }


def _frame(number: int) -> bytes:
    """Return the portrait as a frame of 720p, each a little elsewhere."""
    frame = Image.new("RGB", (1280, 720), (96, 104, 110))
    frame.paste(Image.open(PORTRAIT).convert("RGB").resize((720, 720)), (250 + 7 * (number % 9), 0))
    out = io.BytesIO()
    frame.save(out, "JPEG", quality=85)
    return out.getvalue()


def _model_process() -> int:
    for process in Path("/proc").iterdir():
        if process.name.isdecimal():
            try:
                words, parent = (process / "cmdline").read_bytes(), _fields(int(process.name))[1]
            except OSError:
                continue
            if b"backend.evidence.faces.process" in words and int(parent) == os.getpid():
                return int(process.name)
    raise LookupError("there is no process that measures faces")


def _fields(pid: int) -> list[str]:
    return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()


def _cpu_s(pid: int) -> float:
    """Return the processor time of a process so far, all threads; to 10 ms."""
    fields = _fields(pid)
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _peak_mb(pid: int) -> float:
    lines = (Path("/proc") / str(pid) / "status").read_text().splitlines()
    kibibytes = next(int(line.split()[1]) for line in lines if line.startswith("VmHWM"))
    return round(kibibytes * 1024 / 1e6, 1)


if __name__ == "__main__":
    for name, value in measure_faces().items():
        print(name, value)
