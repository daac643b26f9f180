"""The worker's jobs: each once, under the names that jobs waiting in the database have."""

import procrastinate
from procrastinate.testing import InMemoryConnector

from backend.kit.jobs import add_jobs
from backend.worker import JOBS

# Jobs of an older worker wait under these names: one that is gone from here leaves them to fail.
NAMES = {
    "attribute_strangers",
    "check_gates",
    "compare_photos",
    "continue_corrections",
    "count_face_stock",
    "delete_photos",
    "follow_erasures",
    "follow_gate_passes",
    "forget_nonces",
    "make_partitions",
    "purge_faces",
    "purge_gate_envelopes",
    "purge_log_in_traces",
    "purge_uploads",
    "retry_stalled",
    "settle_photo_waits",
    "watch_gates",
}


def test_no_name_is_used_twice_and_none_is_lost() -> None:
    names = [job.name for job in JOBS]
    assert len(names) == len(set(names))
    assert set(names) >= NAMES


def test_every_job_says_what_it_does_and_when() -> None:
    app = procrastinate.App(connector=InMemoryConnector())
    add_jobs(app, JOBS, None)  # pyright: ignore[reportArgumentType] - none of them runs here
    assert {one.task.name for one in app.periodic_registry.periodic_tasks.values()} == {job.name for job in JOBS}
    assert [job.name for job in JOBS if not job.run.__doc__] == []
