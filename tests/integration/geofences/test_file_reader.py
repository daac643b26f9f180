"""The process that reads files: few at a time, none for ever, and what it says when it ends badly."""

import subprocess
from collections.abc import AsyncIterator

import anyio
import pytest

from geofences import file_reader
from geofences.file_reader import FileReader
from geofences.readers.errors import FileExhausting, FileUnreadable, ReadersBusy, UploadSlow
from geofences.reading_limits import MAX_WAITING
from geofences.survey_report import Order
from tests.support import fence_files as files

ORDER = Order(crs="wgs84", left_m=20, right_m=20, radius_m=50)


async def body_of(content: bytes) -> AsyncIterator[bytes]:
    for begin in range(0, len(content), 700_000):
        yield content[begin : begin + 700_000]


async def test_a_body_in_pieces_is_one_file() -> None:
    rows = b"".join(b"%.7f,30.6\n" % (114.3 + index * 1e-7) for index in range(200_000))
    survey = await FileReader().survey(body_of(rows), ORDER)
    assert (survey.vertices, survey.size) == (200_000, len(rows))


async def test_beyond_the_queue_one_is_told_to_come_back() -> None:
    reader, gate = FileReader(), anyio.Event()
    waiting = 0

    async def held() -> AsyncIterator[bytes]:
        nonlocal waiting
        waiting += 1
        await gate.wait()
        yield files.gpx()

    found: list[int] = []

    async def one() -> None:
        found.append((await reader.survey(held(), ORDER)).vertices)

    async with anyio.create_task_group() as group:
        for _ in range(MAX_WAITING):
            group.start_soon(one)
        while waiting < MAX_WAITING:
            await anyio.lowlevel.checkpoint()
        with pytest.raises(ReadersBusy) as caught:
            await reader.survey(body_of(files.gpx()), ORDER)
        assert caught.value.status == 429
        assert "Retry-After" in caught.value.headers
        gate.set()
    assert len(found) == MAX_WAITING
    assert (await reader.survey(body_of(files.gpx()), ORDER)).format == "gpx"


async def test_a_body_that_never_ends_loses_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_reader, "UPLOAD_S", 0.0)

    async def silent() -> AsyncIterator[bytes]:
        yield b"114.3,"
        await anyio.sleep_forever()

    reader = FileReader()
    for _ in range(MAX_WAITING + 1):
        with pytest.raises(UploadSlow):
            await reader.survey(silent(), ORDER)


async def test_a_reading_that_never_ends_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_reader, "WALL_S", 0.0)
    with pytest.raises(FileExhausting):
        await FileReader().survey(body_of(files.gpx()), ORDER)


@pytest.mark.parametrize(("status", "error"), [(-9, FileExhausting), (-24, FileExhausting), (1, FileUnreadable)])
def test_a_process_that_ends_badly_is_a_refusal(status: int, error: type[Exception]) -> None:
    with pytest.raises(error):
        file_reader.answer_of(subprocess.CompletedProcess([], status, b"", b"Traceback"))


async def test_the_process_has_nothing_of_the_server_s_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    seen: list[dict[str, str]] = []
    real = anyio.run_process

    async def watched(*args: object, **kwargs: object) -> subprocess.CompletedProcess[bytes]:
        seen.append(kwargs["env"])  # type: ignore[arg-type] - as the real one is called
        return await real(*args, **kwargs)  # type: ignore[arg-type] - as the real one is called

    monkeypatch.setattr(anyio, "run_process", watched)
    await FileReader().survey(body_of(files.gpx()), ORDER)
    assert [sorted(one) for one in seen] == [["LC_ALL", "OPENBLAS_NUM_THREADS", "XDG_CACHE_HOME"]]
