"""The `daogang` command: each subcommand reads its settings and calls one function."""

import asyncio
import os
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal
from uuid import UUID

import typer

from backend.kit import messages
from backend.kit.clock import SystemClock
from backend.kit.errors import DaogangError
from backend.kit.keyfiles import init_keys, list_keys, retire_key, rotate_key
from backend.kit.keyring import KeyRingError
from backend.settings import Settings, SettingsError, read_settings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from backend.reports.bulletins.issuing import BulletinTools

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Daogang 到岗: attendance check-in for construction sites.",
)
keys_app = typer.Typer(no_args_is_help=True, help="Key rings by purpose.")
app.add_typer(keys_app, name="keys")
ledger_app = typer.Typer(no_args_is_help=True, help="The ledger and its log.")
app.add_typer(ledger_app, name="ledger")
alerts_app = typer.Typer(no_args_is_help=True, help="Alert rules.")
app.add_typer(alerts_app, name="alerts")
bulletin_app = typer.Typer(no_args_is_help=True, help="Bulletins of a day or a week.")
app.add_typer(bulletin_app, name="bulletin")
staff_app = typer.Typer(no_args_is_help=True, help="Staff accounts, for whom nobody is there yet to open them.")
app.add_typer(staff_app, name="staff")

SNAPSHOT = Path("docs/openapi.json")
VECTORS = Path("docs/offline-vectors.json")


def settings_or_exit() -> Settings:
    """Read the settings, or say what is missing and leave."""
    try:
        return read_settings(os.environ)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


@app.command()
def serve() -> None:
    """Serve the API (PORT, DAOGANG_HOST, DAOGANG_PROCESSES)."""
    from backend.serving import serve_api  # noqa: PLC0415 - not needed by the other commands

    settings = settings_or_exit()
    with tempfile.TemporaryDirectory(prefix="daogang-metrics-") as folder:
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", folder)
        serve_api(settings)


@app.command()
def worker() -> None:
    """Run the background jobs."""
    from backend.worker import run_worker  # noqa: PLC0415 - not needed by the other commands

    run_worker(settings_or_exit())


@app.command()
def sealer() -> None:
    """Seal the ledger with the seal key, by the role daogang_sealer, and give heads outside (DAOGANG_HEADS_…)."""
    from backend.sealer import run_sealer  # noqa: PLC0415 - not needed by the other commands

    try:
        run_sealer(settings_or_exit())
    except KeyRingError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


@app.command()
def faces() -> None:
    """Measure faces in a process of its own, behind the Unix socket DAOGANG_FACES_SOCKET (DAOGANG_MODELS_DIR)."""
    from backend.evidence.faces.keeper import run_keeper  # noqa: PLC0415 - not needed by the other commands
    from backend.kit.logs import configure_logs  # noqa: PLC0415 - likewise

    settings = settings_or_exit()
    if settings.faces_socket is None:
        typer.echo("DAOGANG_FACES_SOCKET is not set: name a path of at most 100 bytes for the socket", err=True)
        raise typer.Exit(2)
    configure_logs(settings.log_format)
    run_keeper(settings.faces_socket, settings.models_dir, settings.anti_spoof)


@app.command("mqtt-bridge")
def mqtt_bridge() -> None:
    """Take what face terminals publish to the MQTT broker into the ledger (DAOGANG_MQTT_HOST, _PORT, _DIR)."""
    from backend.bridge import run_mqtt_bridge  # noqa: PLC0415 - not needed by the other commands

    run_mqtt_bridge(settings_or_exit())


@app.command("mqtt-files")
def mqtt_files() -> None:
    """Write the broker's logins and access list to DAOGANG_MQTT_DIR once, for a broker that is about to start."""
    from backend.bridge import write_files  # noqa: PLC0415 - not needed by the other commands

    write_files(settings_or_exit())


@app.command()
def migrate(
    revision: Annotated[str, typer.Argument(help="Alembic revision")] = "head",
) -> None:
    """Bring the database to the current schema and make the coming partitions."""
    from backend.migrate import migrate as run  # noqa: PLC0415 - not needed by the other commands

    url = os.environ.get("DATABASE_URL")
    if not url:
        typer.echo(
            "DATABASE_URL is not set: give the URL of a role that may become daogang_owner",
            err=True,
        )
        raise typer.Exit(2)
    run(url, SystemClock().now().date(), revision)


@app.command()
def openapi(
    *, check: Annotated[bool, typer.Option(help="Fail when docs/openapi.json is not what the code says")] = False
) -> None:
    """Write the OpenAPI document to docs/openapi.json, or check it."""
    from backend.snapshot import openapi_document  # noqa: PLC0415 - not needed by the other commands

    document = openapi_document()
    if not check:
        SNAPSHOT.write_bytes(document)
        return
    if not SNAPSHOT.exists() or SNAPSHOT.read_bytes() != document:
        typer.echo(
            "docs/openapi.json is out of date: run `daogang openapi` and commit it",
            err=True,
        )
        sys.exit(1)


@app.command("offline-vectors")
def offline_vectors() -> None:
    """Write the test vectors of the offline protocol to docs/offline-vectors.json."""
    from mobile_api.offline.vectors import make_vectors  # noqa: PLC0415 - not needed by the other commands

    VECTORS.write_bytes(make_vectors())


@app.command()
def demo(
    *,
    logins: Annotated[bool, typer.Option("--logins", help="Only tell the demo's log-ins")] = False,
    lang: Annotated[str, typer.Option(help="zh-CN or en")] = messages.DEFAULT_LANGUAGE,
) -> None:
    """Load an invented world into an empty database and play its day through the API (development only)."""
    from backend.demo.command import demo_command  # noqa: PLC0415 - not needed by the other commands

    language = messages.pick_language(lang)
    raise typer.Exit(demo_command(settings_or_exit(), SystemClock().now(), language, typer.echo, logins=logins))


@app.command("gate-sim")
def gate_sim(  # noqa: PLR0913, PLR0917 - the options of a command
    key_id: Annotated[str, typer.Option("--key", help="id of the key; its secret stands in DAOGANG_GATE_SECRET")],
    url: Annotated[str, typer.Option(help="address of the server")] = "http://127.0.0.1:8000",
    people: Annotated[str, typer.Option(help="numbers of those who pass, by commas")] = "1001",
    kind: Annotated[str, typer.Option(help="what the numbers are: pin, employee, card or person")] = "pin",
    per_minute: Annotated[float, typer.Option(min=0.1, help="passes per minute")] = 12.0,
    lasts: Annotated[float, typer.Option(min=0, help="seconds")] = 60.0,
    outage: Annotated[list[str] | None, typer.Option(help="seconds from-to without network, e.g. 20-40")] = None,
    burst: Annotated[int, typer.Option(min=0, help="events that wait at the start")] = 0,
    clock_off: Annotated[float, typer.Option(help="seconds by which the device's clock is ahead")] = 0.0,
    queue: Annotated[Path, typer.Option(help="file that keeps what is not delivered")] = Path("gate-sim.sqlite"),
) -> None:
    """Play a gate terminal with the reference client: a queue on disk, outages, bursts, a wrong clock."""
    from backend.gate_client.command import read_outages, simulate  # noqa: PLC0415 - not needed by the other commands
    from backend.gate_client.simulation import Plan  # noqa: PLC0415 - likewise

    try:
        outages = read_outages(outage or [])
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    plan = Plan(
        people=people.split(","),
        kind=kind,
        per_minute=per_minute,
        lasts_s=lasts,
        outages=outages,
        burst=burst,
        clock_off_s=clock_off,
    )
    key = (key_id, os.environ.get("DAOGANG_GATE_SECRET", ""))
    raise typer.Exit(simulate(plan, url, key, queue, clock=SystemClock().now, say=typer.echo))


@staff_app.command("add")
def staff_add(
    username: str,
    *,
    name: Annotated[str, typer.Option(help="The name that others see")],
    role: Annotated[str, typer.Option(help="operator, city or auditor: a role over the whole city")] = "operator",
) -> None:
    """Open a staff account and print its password, which is stored nowhere; the first operator begins like this."""
    from backend.staff import add_staff, opening_of  # noqa: PLC0415 - not needed by the other commands

    settings = settings_or_exit()
    try:
        password = asyncio.run(add_staff(settings, *opening_of(username, name, role)))
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error
    except (DaogangError, KeyRingError) as error:
        message = messages.text("en", error.code, error.detail).title if isinstance(error, DaogangError) else str(error)
        typer.echo(message, err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{username}\t{role}\t{password}")


@app.command()
def backup(target: Annotated[Path, typer.Argument(help="The archive to write")]) -> None:
    """Save database, blobs and keys, encrypted under the passphrase in DAOGANG_BACKUP_PASSPHRASE_FILE."""
    from backend.backup.command import backup_command  # noqa: PLC0415 - not needed by the other commands

    passphrase = os.environ.get("DAOGANG_BACKUP_PASSPHRASE_FILE")
    raise typer.Exit(backup_command(settings_or_exit(), target, passphrase, SystemClock(), typer.echo))


@app.command()
def restore(source: Annotated[Path, typer.Argument(help="An archive that `daogang backup` wrote")]) -> None:
    """Restore an archive into an empty database and empty folders, and verify the ledger in it."""
    from backend.backup.command import restore_command  # noqa: PLC0415 - not needed by the other commands

    passphrase = os.environ.get("DAOGANG_BACKUP_PASSPHRASE_FILE")
    raise typer.Exit(restore_command(settings_or_exit(), source, passphrase, typer.echo))


@ledger_app.command("verify")
def ledger_verify(
    *,
    first: Annotated[int, typer.Option("--from", min=0, help="The first leaf")] = 0,
    past: Annotated[int | None, typer.Option("--to", min=1, help="The leaf after the last; else the end")] = None,
    outside_head: Annotated[list[Path] | None, typer.Option(help="A head that an outside party was given")] = None,
    keys: Annotated[Path | None, typer.Option(help="Public keys that may sign, as /ledger/v1/keys gave them")] = None,
    private: Annotated[bool, typer.Option("--private", help="Open private rows too, with the key ring")] = False,
) -> None:
    """Recompute the log from the ledger's columns; status 1 when something does not hold, with the first bad row."""
    from backend.ledger_commands import verify_command  # noqa: PLC0415 - not needed by the other commands

    status = verify_command(
        settings_or_exit(), typer.echo, first=first, past=past, heads=outside_head or [], keys=keys, private=private
    )
    raise typer.Exit(status)


@alerts_app.command("preview")
def alerts_preview(
    rule: Annotated[str, typer.Argument(help="A rule of docs/alerts.md: post_empty, gate_down …")],
    *,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day")] = None,
    project: Annotated[UUID | None, typer.Option(help="One project instead of all")] = None,
    language: Annotated[str, typer.Option(help="zh-CN or en")] = "zh-CN",
) -> None:
    """Say what a rule would have sent from one day to another, with the settings of now; last month unless given."""
    from backend.alert_preview import lines_of, preview_days  # noqa: PLC0415 - not needed by the other commands
    from backend.kit.db import Database  # noqa: PLC0415 - likewise

    database = Database(settings_or_exit().database_url, max_size=1)
    days = {"first": first and first.date(), "last": last and last.date()}

    async def play() -> None:
        async with database.opened():
            told = await preview_days(database, SystemClock(), rule, **days, project_id=project, language=language)
        for line in lines_of(told):
            typer.echo(line)

    try:
        asyncio.run(play())
    except DaogangError as error:
        typer.echo(messages.text("en", error.code, error.detail).title, err=True)
        raise typer.Exit(1) from error


Period = Annotated[Literal["daily", "weekly"], typer.Argument(help="daily or weekly")]
On = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="A day of the period")]
OfDistrict = Annotated[str | None, typer.Option(help="Code of a district; else the city's")]
InTheNameOf = Annotated[str, typer.Option("--by", help="Username in whose name it is done, with his rights")]


@bulletin_app.command("show")
def bulletin_show(
    kind: Period,
    on: On,
    *,
    by: InTheNameOf,
    district: OfDistrict = None,
    language: Annotated[str, typer.Option()] = "zh-CN",
) -> None:
    """Show the last edition of a period's bulletin: title, edition, digest, lead."""
    from backend import bulletin_commands  # noqa: PLC0415 - not needed by the other commands

    asked = bulletin_commands.Asked(kind=kind, on=on.date(), district=district, username=by)
    _bulletin(lambda tools: bulletin_commands.show(tools, asked, language))


@bulletin_app.command("issue")
def bulletin_issue(kind: Period, on: On, *, by: InTheNameOf, district: OfDistrict = None) -> None:
    """Publish the bulletin of a period that is over."""
    from backend import bulletin_commands  # noqa: PLC0415 - not needed by the other commands

    asked = bulletin_commands.Asked(kind=kind, on=on.date(), district=district, username=by)
    _bulletin(lambda tools: bulletin_commands.issue(tools, asked))


@bulletin_app.command("reissue")
def bulletin_reissue(
    kind: Period, on: On, reason: Annotated[str, typer.Argument()], *, by: InTheNameOf, district: OfDistrict = None
) -> None:
    """Publish a further edition of a bulletin whose figures have changed, with the reason."""
    from backend import bulletin_commands  # noqa: PLC0415 - not needed by the other commands

    asked = bulletin_commands.Asked(kind=kind, on=on.date(), district=district, username=by)
    _bulletin(lambda tools: bulletin_commands.reissue(tools, asked, reason))


def _bulletin(act: "Callable[[BulletinTools], Awaitable[list[str]]]") -> None:
    """Do it on the database of the settings, and say what came of it or why not."""
    from backend.bulletin_commands import tools_of  # noqa: PLC0415 - not needed by the other commands
    from backend.kit.db import Database  # noqa: PLC0415 - likewise

    database = Database(settings_or_exit().database_url, max_size=1)

    async def play() -> list[str]:
        async with database.opened():
            return await act(tools_of(database, SystemClock()))

    try:
        for line in asyncio.run(play()):
            typer.echo(line)
    except DaogangError as error:
        typer.echo(messages.text("en", error.code, error.detail).title, err=True)
        raise typer.Exit(1) from error


def _keys_dir() -> Path:
    return Path(os.environ.get("DAOGANG_KEYS_DIR", "keys"))


@keys_app.command("init")
def keys_init() -> None:
    """Make one key ring per purpose in DAOGANG_KEYS_DIR; leaves existing ones alone."""
    for key in init_keys(_keys_dir()):
        typer.echo(f"{key.purpose}\t{key.id}\t{key.state}")


@keys_app.command("rotate")
def keys_rotate(purpose: str) -> None:
    """Make a new active key; the old one goes on verifying for its overlap."""
    key = rotate_key(_keys_dir(), purpose)
    typer.echo(f"{key.purpose}\t{key.id}\t{key.state}")


@keys_app.command("retire")
def keys_retire(purpose: str, key_id: str) -> None:
    """Take a replaced key out of use at once."""
    key = retire_key(_keys_dir(), purpose, key_id)
    typer.echo(f"{key.purpose}\t{key.id}\t{key.state}")


@keys_app.command("list")
def keys_list() -> None:
    """List keys with their states; never their secrets."""
    for key in list_keys(_keys_dir()):
        typer.echo(f"{key.purpose}\t{key.id}\t{key.state}")


def main() -> None:
    """Run the command line."""
    app()
