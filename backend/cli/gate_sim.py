"""`daogang gate-sim`: the reference client for gate terminals, played on a plan."""

import os
from pathlib import Path
from typing import Annotated

import typer

from backend.kit.clock import SystemClock

app = typer.Typer()


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
    from backend.gate_client.command import read_outages, simulate
    from backend.gate_client.simulation import Plan

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
