"""`daogang alerts`: what the alert rules would have sent."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

import typer

from backend.cli.running import on_database

app = typer.Typer(no_args_is_help=True, help="Alert rules.")


@app.command("preview")
def preview(
    rule: Annotated[str, typer.Argument(help="A rule of docs/alerts.md: post_empty, gate_down …")],
    *,
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day")] = None,
    project: Annotated[UUID | None, typer.Option(help="One project instead of all")] = None,
    language: Annotated[str, typer.Option(help="zh-CN or en")] = "zh-CN",
) -> None:
    """Say what a rule would have sent from one day to another, with the settings of now; last month unless given."""
    from backend.alert_preview import lines_of, preview_days

    days = {"first": first and first.date(), "last": last and last.date()}
    told = on_database(
        lambda database, clock: preview_days(database, clock, rule, **days, project_id=project, language=language)
    )
    for line in lines_of(told):
        typer.echo(line)
