"""Joins every module's background jobs into one procrastinate application and runs it."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import cache

import procrastinate
import structlog
import uvloop

from backend.alerts.channels.draining import DrainTools, run_drain
from backend.alerts.channels.opening import open_channels
from backend.alerts.following import follow
from backend.attendance.person_days import send_fold
from backend.evidence.liveness.receiving import LivenessTools, purge_frames
from backend.evidence.photos.comparing import ComparisonTools, compare_uses
from backend.evidence.photos.deleting import DeletionTools, delete_what_is_due
from backend.evidence.photos.examiner import Examiner
from backend.evidence.photos.intake import IntakeTools
from backend.evidence.photos.tasks import keep_taking_in
from backend.evidence.purge import purge_uploads
from backend.evidence.references.taking import ReferenceTools, purge_references
from backend.evidence.uploads import UploadTools
from backend.evidence.ways.passkeys import forget_challenges
from backend.gates.envelopes import purge_envelopes
from backend.gates.misuse.following import follow_ledger, look_at_days
from backend.gates.outages.ruling_again import RulingTools, continue_ruling
from backend.gates.outages.watching import watch_gates
from backend.gates.reconciliation.checking import reconcile_gates
from backend.gates.strangers import attribute_strangers
from backend.gates.tasks import forget_nonces
from backend.identity.consents.erasing import Erasers, follow_erasures
from backend.identity.consents.stock import count_stock
from backend.identity.log_in import purge_log_in_traces
from backend.kit.clock import Clock, SystemClock
from backend.kit.db import Database, start_up_options
from backend.kit.logs import configure_logs
from backend.migrate import MONTHS_AHEAD
from backend.settings import Settings
from backend.wiring import Wiring, wire
from geofences.corrections import CorrectionTools
from geofences.tasks import continue_corrections
from mobile_api.photo_uses import follow_phone_items
from mobile_api.photo_waits import PhotoTools, settle_photo_waits

log = structlog.get_logger()
STALLED_AFTER_S = 120


def _begin(context: procrastinate.JobContext) -> None:
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(job_id=context.job.id, task=context.job.task_name)


def _add_terminal_tasks(app: procrastinate.App, database: Database, clock: Clock) -> None:
    @app.periodic(cron="* * * * *")
    @app.task(queueing_lock="attribute_strangers", name="attribute_strangers", pass_context=True)
    async def attribute_bound_strangers(context: procrastinate.JobContext, timestamp: int) -> None:
        """Attribute events of terminals whose numbers were bound since."""
        del timestamp
        _begin(context)
        await attribute_strangers(database, send_fold, clock)

    @app.periodic(cron="29 3 * * *")
    @app.task(queueing_lock="purge_gate_envelopes", name="purge_gate_envelopes", pass_context=True)
    async def purge_old_envelopes(context: procrastinate.JobContext, timestamp: int) -> None:
        """Delete what terminals sent more than two years ago; the events stay."""
        _begin(context)
        async with database.connection() as connection:
            purged = await purge_envelopes(connection, datetime.fromtimestamp(timestamp, UTC))
        log.info("gates.envelopes_purged", envelopes=purged)


def create_worker_app(settings: Settings, database: Database, clock: Clock) -> procrastinate.App:
    """Build the job application: corrections, outages, partitions, nonces, log-ins, jobs whose worker died."""
    connector = procrastinate.PsycopgConnector(
        conninfo=settings.database_url, kwargs={"options": start_up_options(), "connect_timeout": 3}
    )
    app = procrastinate.App(connector=connector)

    @app.periodic(cron="17 3 * * *")
    @app.task(queueing_lock="make_partitions", name="make_partitions", pass_context=True)
    async def make_partitions(context: procrastinate.JobContext, timestamp: int) -> None:
        """Keep the ledger's partitions two years ahead."""
        _begin(context)
        today = datetime.fromtimestamp(timestamp, UTC).date().replace(day=1)
        row = await connector.execute_query_one_async(
            "SELECT ensure_partitions(%(today)s, %(ahead)s) AS made", today=today, ahead=MONTHS_AHEAD
        )
        log.info("partitions.made", made=row["made"])

    @app.periodic(cron="*/5 * * * *")
    @app.task(queueing_lock="forget_nonces", name="forget_nonces", pass_context=True)
    async def forget_old_nonces(context: procrastinate.JobContext, timestamp: int) -> None:
        """Drop the nonces of gate requests that can no longer be replayed."""
        _begin(context)
        await forget_nonces(connector, datetime.fromtimestamp(timestamp, UTC))

    _add_terminal_tasks(app, database, clock)

    @app.periodic(cron="41 3 * * *")
    @app.task(queueing_lock="purge_log_in_traces", name="purge_log_in_traces", pass_context=True)
    async def purge_traces(context: procrastinate.JobContext, timestamp: int) -> None:
        """Drop the codes, counters and tokens that ended a day ago."""
        del timestamp
        _begin(context)
        async with database.transaction() as tx:
            log.info("identity.traces_purged", rows=await purge_log_in_traces(tx, clock=clock))
            now = clock.now()
            log.info("ways.challenges_forgotten", rows=await forget_challenges(tx, now - timedelta(days=1)))

    @cache
    def correction_tools() -> CorrectionTools:
        # Made when it is first needed: the other jobs get along without keys.
        wiring = wire(settings, clock)
        return CorrectionTools(database, wiring.data_keys, wiring.workbench, wiring.fold_days, clock)

    _add_upload_purge(app, settings, database, clock)
    _add_photo_deletion(app, settings, database, clock)
    _add_face_purge(app, settings, database, clock)

    @app.periodic(cron="* * * * *")
    @app.task(queueing_lock="continue_corrections", name="continue_corrections", pass_context=True)
    async def go_on_with_corrections(context: procrastinate.JobContext, timestamp: int) -> None:
        """Take the steps that corrections of fences have left."""
        del timestamp
        _begin(context)
        steps = await continue_corrections(correction_tools())
        if steps:
            log.info("corrections.continued", steps=steps)

    _check_gates(app, database, clock)

    @app.periodic(cron="*/10 * * * *")
    @app.task(queueing_lock="retry_stalled", name="retry_stalled", pass_context=True)
    async def retry_stalled(context: procrastinate.JobContext, timestamp: int) -> None:
        """Give back the jobs of workers that died."""
        del timestamp
        _begin(context)
        for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=STALLED_AFTER_S):
            await app.job_manager.retry_job(job)
            log.warning("job.retried", stalled_job_id=job.id, stalled_task=job.task_name)

    _add_watch(app, database, clock)
    _add_photo_waits(app, database, clock)
    _follow_consents(app, settings, database, clock)
    return app


def _add_photo_waits(app: procrastinate.App, database: Database, clock: Clock) -> None:
    @app.periodic(cron="* * * * *")
    @app.task(queueing_lock="settle_photo_waits", name="settle_photo_waits", pass_context=True)
    async def settle_waits(context: procrastinate.JobContext, timestamp: int) -> None:
        """Rule on punches whose photos came unnoticed, or did not come in time."""
        del timestamp
        _begin(context)
        ruled = await settle_photo_waits(PhotoTools(database, send_fold, clock))
        if ruled:
            log.info("photos.ruled_on", punches=ruled)


def _add_watch(app: procrastinate.App, database: Database, clock: Clock) -> None:
    @app.periodic(cron="* * * * *")
    @app.task(queueing_lock="watch_gates", name="watch_gates", pass_context=True)
    async def watch_all_gates(context: procrastinate.JobContext, timestamp: int) -> None:
        """Find outages of gates and their ends, and rule anew on punches that were made before they were known."""
        del timestamp
        _begin(context)
        await watch_gates(database, clock)
        steps = await continue_ruling(RulingTools(database, send_fold, clock))
        if steps:
            log.info("gates.ruled_again", steps=steps)


def _add_upload_purge(app: procrastinate.App, settings: Settings, database: Database, clock: Clock) -> None:
    @cache
    def upload_tools() -> UploadTools:
        wiring = wire(settings, clock)
        return UploadTools(database=database, data_keys=wiring.data_keys, blobs=wiring.blobs, clock=clock)

    @app.periodic(cron="23 * * * *")
    @app.task(queueing_lock="purge_uploads", name="purge_uploads", pass_context=True)
    async def purge_old_uploads(context: procrastinate.JobContext, timestamp: int) -> None:
        """End the uploads of photos whose time is over."""
        del timestamp
        _begin(context)
        log.info("evidence.uploads_purged", uploads=await purge_uploads(upload_tools()))


def _add_photo_deletion(app: procrastinate.App, settings: Settings, database: Database, clock: Clock) -> None:
    @cache
    def deletion_tools() -> DeletionTools:
        return make_deletion_tools(wire(settings, clock), database, clock)

    @app.periodic(cron="47 * * * *")
    @app.task(queueing_lock="delete_photos", name="delete_photos", pass_context=True)
    async def delete_old_photos(context: procrastinate.JobContext, timestamp: int) -> None:
        """End photos, and originals, whose time is over and which nobody holds."""
        del timestamp
        _begin(context)
        originals, photos = await delete_what_is_due(deletion_tools())
        log.info("photos.deleted", photos=photos, originals=originals)

    @cache
    def comparison_tools() -> ComparisonTools:
        return ComparisonTools(database=database, data_keys=wire(settings, clock).data_keys, clock=clock)

    @app.periodic(cron="* * * * *")
    @app.task(queueing_lock="compare_photos", name="compare_photos", pass_context=True)
    async def compare_new_photos(context: procrastinate.JobContext, timestamp: int) -> None:
        """Note which punches name which photos, and compare those that were examined with all used before."""
        del timestamp
        _begin(context)
        await follow_phone_items(database, clock)
        compared = await compare_uses(comparison_tools())
        if compared:
            log.info("photos.compared", uses=compared)


def make_deletion_tools(wiring: Wiring, database: Database, clock: Clock) -> DeletionTools:
    """Give what deleting photos works with."""
    return DeletionTools(database=database, blobs=wiring.blobs, arrivals=wiring.arrivals, clock=clock)


def make_intake_tools(wiring: Wiring, database: Database, clock: Clock) -> IntakeTools:
    """Give what taking photos in works with; its examiner starts a process with the first photo."""
    return IntakeTools(
        database=database,
        data_keys=wiring.data_keys,
        blobs=wiring.blobs,
        examiner=Examiner(),
        arrivals=wiring.arrivals,
        clock=clock,
    )


def _add_face_purge(app: procrastinate.App, settings: Settings, database: Database, clock: Clock) -> None:
    @cache
    def tools() -> tuple[LivenessTools, ReferenceTools]:
        wiring = wire(settings, clock)
        faces, keys, blobs = wiring.faces, wiring.data_keys, wiring.blobs
        return (
            LivenessTools(database=database, faces=faces, data_keys=keys, blobs=blobs, clock=clock),
            ReferenceTools(
                database=database, faces=faces, examiner=Examiner(), data_keys=keys, blobs=blobs, clock=clock
            ),
        )

    @app.periodic(cron="33 * * * *")
    @app.task(queueing_lock="purge_faces", name="purge_faces", pass_context=True)
    async def purge_old_faces(context: procrastinate.JobContext, timestamp: int) -> None:
        """Delete frames of liveness after 90 days, and reference photos that ended or whose people left."""
        del timestamp
        _begin(context)
        liveness, references = tools()
        series = await purge_frames(liveness)
        log.info("evidence.faces_purged", series=series, references=await purge_references(references))


def _follow_consents(app: procrastinate.App, settings: Settings, database: Database, clock: Clock) -> None:
    """Add the jobs that close erasures after withdrawals, and count of how many people faces are kept."""

    @cache
    def erasers() -> Erasers:
        return wire(settings, clock).erasers

    @app.periodic(cron="*/5 * * * *")
    @app.task(queueing_lock="follow_erasures", name="follow_erasures", pass_context=True)
    async def follow_all_erasures(context: procrastinate.JobContext, timestamp: int) -> None:
        """Put on record what has been deleted since consents were withdrawn."""
        del timestamp
        _begin(context)
        closed = await follow_erasures(database, erasers(), clock)
        if closed:
            log.info("consents.erasures_closed", erasures=closed)

    @app.periodic(cron="11 * * * *")
    @app.task(queueing_lock="count_face_stock", name="count_face_stock", pass_context=True)
    async def count_face_stock(context: procrastinate.JobContext, timestamp: int) -> None:
        """Count the people of whom faces are kept; near the duty to file this is an alarm."""
        del timestamp
        _begin(context)
        async with database.transaction() as tx:
            stock = await count_stock(tx, erasers()["face_reference"], clock.now())
        say = log.warning if stock.alarm else log.info
        say("consents.face_stock", people=stock.people, alarm=stock.alarm)


def _check_gates(app: procrastinate.App, database: Database, clock: Clock) -> None:
    """Add the jobs that compare gates with the ledger and look for misuse."""

    @app.periodic(cron="* * * * *")
    @app.task(queueing_lock="follow_gate_passes", name="follow_gate_passes", pass_context=True)
    async def follow_gate_passes(context: procrastinate.JobContext, timestamp: int) -> None:
        """Look for what speaks of misuse in the passes that were recorded since the last time."""
        del timestamp
        _begin(context)
        looked = await follow_ledger(database, clock)
        if looked:
            log.info("gates.passes_followed", entries=looked)

    @app.periodic(cron="37 * * * *")
    @app.task(queueing_lock="check_gates", name="check_gates", pass_context=True)
    async def check_gates(context: procrastinate.JobContext, timestamp: int) -> None:
        """Compare gates with the ledger, and look at their days."""
        del timestamp
        _begin(context)
        missed = await reconcile_gates(database, clock)
        log.info("gates.checked", failed=missed + await look_at_days(database, clock))


async def drain_alerts(settings: Settings, wiring: Wiring, database: Database, clock: Clock) -> None:
    """Tell people of alerts through the channels that the settings name, until it is cancelled.

    A process that dies leaves attempts on record that nobody ended; the next one takes them up.
    """
    channels = open_channels(settings.channels, wiring.keys, wiring.identity.sms)
    tools = DrainTools(
        database=database, url=settings.database_url, channels=channels, services=wiring.identity, clock=clock
    )
    try:
        await run_drain(tools)
    finally:
        for channel in channels.values():
            await channel.aclose()


def run_worker(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; a running job is finished first."""
    configure_logs(settings.log_format)
    database, clock = Database(settings.database_url, max_size=4), SystemClock()
    app = create_worker_app(settings, database, clock)

    async def run() -> None:
        wiring = wire(settings, clock)
        async with database.opened(), app.open_async():
            log.info("worker.started")
            stopping = asyncio.Event()
            # Not periodic jobs: those come once a minute, and supervisors are told within a second.
            following = asyncio.create_task(follow(database, clock, stopping))
            photos = asyncio.create_task(
                keep_taking_in(make_intake_tools(wiring, database, clock), make_deletion_tools(wiring, database, clock))
            )
            draining = asyncio.create_task(drain_alerts(settings, wiring, database, clock))
            try:
                await app.run_worker_async(install_signal_handlers=True, shutdown_graceful_timeout=15)
            finally:
                stopping.set()
                photos.cancel()
                draining.cancel()
                await asyncio.gather(following, photos, draining, return_exceptions=True)
            log.info("worker.stopped")

    # Telling people is hundreds of requests a second: libuv's loop halves what the loop itself takes.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())
