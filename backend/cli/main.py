"""Joins the commands to one."""

import typer

from backend.cli import alerts, bulletins, documents, gate_sim, installation, keys, ledger, processes, staff

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    help="Daogang 到岗: attendance check-in for construction sites.",
)
for commands in (processes, installation, documents, gate_sim):
    app.add_typer(commands.app)
app.add_typer(staff.app, name="staff")
app.add_typer(keys.app, name="keys")
app.add_typer(ledger.app, name="ledger")
app.add_typer(alerts.app, name="alerts")
app.add_typer(bulletins.app, name="bulletin")


def main() -> None:
    """Run the command line."""
    app()
