"""`daogang serve`, `worker`, `sealer`, `faces` and the MQTT bridge: the processes of an installation."""

import os
import tempfile

import typer

from backend.cli.running import IMPOSSIBLE, leave, settings_or_exit
from backend.kit.keyring import KeyRingError

app = typer.Typer()


@app.command()
def serve() -> None:
    """Serve the API (PORT, DAOGANG_HOST, DAOGANG_PROCESSES)."""
    from backend.serving import serve_api

    settings = settings_or_exit()
    with tempfile.TemporaryDirectory(prefix="daogang-metrics-") as folder:
        os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", folder)
        serve_api(settings)


@app.command()
def worker() -> None:
    """Run the background jobs."""
    from backend.worker import run_worker

    run_worker(settings_or_exit())


@app.command()
def sealer() -> None:
    """Seal the ledger with the seal key, by the role daogang_sealer, and give heads outside (DAOGANG_HEADS_…)."""
    from backend.sealer import run_sealer

    try:
        run_sealer(settings_or_exit())
    except KeyRingError as error:
        leave(error, IMPOSSIBLE)


@app.command()
def faces() -> None:
    """Measure faces in a process of its own, behind the Unix socket DAOGANG_FACES_SOCKET (DAOGANG_MODELS_DIR)."""
    from backend.evidence.faces.keeper import run_keeper
    from backend.kit.logs import configure_logs

    settings = settings_or_exit()
    if settings.faces_socket is None:
        typer.echo("DAOGANG_FACES_SOCKET is not set: name a path of at most 100 bytes for the socket", err=True)
        raise typer.Exit(IMPOSSIBLE)
    configure_logs(settings.log_format)
    run_keeper(settings.faces_socket, settings.models_dir, settings.anti_spoof)


@app.command("mqtt-bridge")
def mqtt_bridge() -> None:
    """Take what face terminals publish to the MQTT broker into the ledger (DAOGANG_MQTT_HOST, _PORT, _DIR)."""
    from backend.bridge import run_mqtt_bridge

    run_mqtt_bridge(settings_or_exit())


@app.command("mqtt-files")
def mqtt_files() -> None:
    """Write the broker's logins and access list to DAOGANG_MQTT_DIR once, for a broker that is about to start."""
    from backend.bridge import write_files

    write_files(settings_or_exit())
