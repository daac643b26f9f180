"""`daogang bulletin`: bulletins of a day or a week."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from backend.cli.running import on_database

if TYPE_CHECKING:
    from backend.reports.bulletins.issuing import BulletinTools

app = typer.Typer(no_args_is_help=True, help="Bulletins of a day or a week.")

Period = Annotated[Literal["daily", "weekly"], typer.Argument(help="daily or weekly")]
On = Annotated[datetime, typer.Argument(formats=["%Y-%m-%d"], help="A day of the period")]
OfDistrict = Annotated[str | None, typer.Option(help="Code of a district; else the city's")]
InTheNameOf = Annotated[str, typer.Option("--by", help="Username in whose name it is done, with his rights")]


@app.command("show")
def show(
    kind: Period,
    on: On,
    *,
    by: InTheNameOf,
    district: OfDistrict = None,
    language: Annotated[str, typer.Option()] = "zh-CN",
) -> None:
    """Show the last edition of a period's bulletin: title, edition, digest, lead."""
    from backend import bulletin_commands

    asked = bulletin_commands.Asked(kind=kind, on=on.date(), district=district, username=by)
    _tell(lambda tools: bulletin_commands.show(tools, asked, language))


@app.command("issue")
def issue(kind: Period, on: On, *, by: InTheNameOf, district: OfDistrict = None) -> None:
    """Publish the bulletin of a period that is over."""
    from backend import bulletin_commands

    asked = bulletin_commands.Asked(kind=kind, on=on.date(), district=district, username=by)
    _tell(lambda tools: bulletin_commands.issue(tools, asked))


@app.command("reissue")
def reissue(
    kind: Period, on: On, reason: Annotated[str, typer.Argument()], *, by: InTheNameOf, district: OfDistrict = None
) -> None:
    """Publish a further edition of a bulletin whose figures have changed, with the reason."""
    from backend import bulletin_commands

    asked = bulletin_commands.Asked(kind=kind, on=on.date(), district=district, username=by)
    _tell(lambda tools: bulletin_commands.reissue(tools, asked, reason))


def _tell(act: "Callable[[BulletinTools], Awaitable[list[str]]]") -> None:
    """Do it on the database of the settings, and say what came of it or why not."""
    from backend.bulletin_commands import tools_of

    for line in on_database(lambda database, clock: act(tools_of(database, clock))):
        typer.echo(line)
