"""Runs the demo: looks at the database, loads the world, plays the day, tells what happened."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from time import perf_counter
from typing import Any, Final, TypeVar, cast

import httpx
from litestar import Litestar

from backend.demo import aftermath, world
from backend.demo.accounts import keep_accounts
from backend.demo.aftermath import Sealer
from backend.demo.alerting import AlertWatch
from backend.demo.clients import Connection
from backend.demo.day import Watch, play_day
from backend.demo.errors import DemoError
from backend.demo.findings import Findings, read_findings
from backend.demo.loading import Loaded, Loader
from backend.demo.phone_plan import ZONE, instant
from backend.demo.report import Report
from backend.demo.state import State, look_at, require_outbox
from backend.gates.outages.ruling_again import RulingTools, continue_ruling
from backend.gates.outages.watching import watch_gates
from backend.identity.accounts import StaffOpening
from backend.identity.errors import UsernameTaken
from backend.identity.roles import Role
from backend.kit import messages
from backend.kit.clock import ManualClock
from backend.kit.keyfiles import FileKeyRing
from backend.kit.keyring import SEALER_PURPOSES, KeyRing, MemoryKeyRing
from backend.main import create_app
from backend.settings import Settings
from backend.sites.model import DEFAULT_CUTOVER, work_on
from backend.staff import open_first_staff

Write = Callable[[str], None]
Result = TypeVar("Result")

# No address that anything could listen on: the application is called in memory.
_BASE_URL: Final = "http://daogang.invalid"
_LOADED_AT: Final = time(15)
_OVER: Final = "28:20"


def day_to_play(now: datetime) -> date:
    """Return the last site-local day that was over an hour ago: yesterday in Shanghai, but for the small hours."""
    return work_on(now - timedelta(hours=1), ZONE.key, DEFAULT_CUTOVER) - timedelta(days=1)


async def run_demo(
    settings: Settings, now: datetime, language: str, write: Write, *, keys: KeyRing | None = None
) -> Findings | None:
    """Load the demo and play the day before `now`; return None when the database holds it already.

    Raises DemoError when the database holds something else or no SMS outbox is set, and when the API refuses what the
    demo relies on.
    """
    outbox = require_outbox(settings)

    def tell(code: str, **detail: object) -> None:
        write(messages.text(language, code, detail).title)

    day = day_to_play(now)
    clock = ManualClock(datetime.combine(day - timedelta(days=1), _LOADED_AT, ZONE))
    state = await look_at(settings)
    if state is State.LOADED:
        tell("demo.already")
        return None
    if state is not State.EMPTY:
        raise DemoError("demo.not_empty" if state is State.FOREIGN else "demo.unfinished")
    began = perf_counter()
    app = create_app(replace(settings, sms_console=False), clock=clock, keys=keys)
    tell("demo.begins", day=day.isoformat())

    async def play(http: httpx.AsyncClient) -> tuple[Loaded, Findings]:
        connection = Connection(http, clock, language, outbox)
        alerts = AlertWatch(app.state.database, clock)
        await alerts.begin()
        loader = Loader(connection, day, await _open_operator(app.state, clock), tell)
        loaded = await loader.load()
        keep_accounts(outbox, loaded.passwords, day)
        await aftermath.publish_rules(loaded, day)
        tell("demo.playing", day=day.isoformat())
        played = await play_day(connection, loaded, day, _watch(app.state, clock, alerts))
        clock.set(instant(day, _OVER))
        await aftermath.file_requests(connection, loaded, day)
        await aftermath.seal_all(Sealer(settings.database_url, seal_keys(settings, keys, clock.now()), clock))
        await alerts.finish()
        await aftermath.issue_bulletin(loaded, day)
        tell("demo.bulletin_done")
        auditor = await loader.open_auditor()
        keep_accounts(outbox, loaded.passwords, day)
        return loaded, await read_findings(auditor, loaded, played, clock.now())

    loaded, findings = await _with_client(app, play)
    for line in Report(findings, loaded, language).lines():
        write(line)
    write("")
    for line in _where_next(settings, findings, language, loaded.projects["line"]):
        write(line)
    tell("demo.done", seconds=f"{perf_counter() - began:.1f}")
    return findings


def seal_keys(settings: Settings, keys: KeyRing | None, now: datetime) -> KeyRing:
    """Return the sealer's keys: those beside the server's, or of memory where the server's are."""
    if keys is None:
        return FileKeyRing(settings.keys_dir, SEALER_PURPOSES)
    return MemoryKeyRing(now, SEALER_PURPOSES)


def _watch(state: Any, clock: ManualClock, alerts: AlertWatch) -> Watch:  # noqa: ANN401 - the application's state
    async def watch() -> None:
        await watch_gates(state.database, clock)
        await continue_ruling(RulingTools(state.database, state.wiring.fold_days, clock))
        await alerts.look()

    return watch


async def _with_client(app: Litestar, act: Callable[[httpx.AsyncClient], Awaitable[Result]]) -> Result:
    """Start the application, call it in memory, stop it; what `act` raises arrives as it is.

    Whatever is raised inside the application's lifespan would arrive wrapped in a group of its task group.
    """
    # httpx and Litestar spell the ASGI types differently.
    transport = httpx.ASGITransport(cast("Any", app))
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url=_BASE_URL, timeout=60) as http:
        try:
            result, failure = await act(http), None
        except Exception as error:  # noqa: BLE001 - raised again below
            result, failure = None, error
    if failure is not None:
        raise failure
    return cast("Result", result)


async def _open_operator(state: Any, clock: ManualClock) -> str:  # noqa: ANN401 - the application's state
    opening = StaffOpening(world.OPERATOR.username, world.OPERATOR.display_name)
    services = state.wiring.identity
    try:
        opened = await open_first_staff(
            state.database, opening, Role(world.OPERATOR.role), clock=clock, services=services
        )
    except UsernameTaken as error:
        raise DemoError("demo.unfinished") from error
    return str(opened.first_password)


def _where_next(settings: Settings, findings: Findings, language: str, project_id: str) -> list[str]:
    base = f"http://{settings.host}:{settings.port}"
    day = findings.played.day.isoformat()
    return [
        f"■ {messages.text(language, 'demo.next_title').title}",
        *(
            f"  {messages.text(language, code).title}  {base}{path}"
            for code, path in (
                ("demo.next_docs", "/docs"),
                ("demo.next_on_post", f"/admin/v1/projects/{project_id}/on-post?on={day}"),
                ("demo.next_review", f"/admin/v1/projects/{project_id}/punches?outcome=review"),
                ("demo.next_audit", "/admin/v1/audit-events"),
            )
        ),
        f"  {messages.text(language, 'demo.next_logins').title}",
    ]
