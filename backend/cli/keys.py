"""`daogang keys`: key rings by purpose."""

import os
from pathlib import Path

import typer

from backend.kit.keyfiles import init_keys, list_keys, retire_key, rotate_key

app = typer.Typer(no_args_is_help=True, help="Key rings by purpose.")


def _keys_dir() -> Path:
    return Path(os.environ.get("DAOGANG_KEYS_DIR", "keys"))


@app.command("init")
def init() -> None:
    """Make one key ring per purpose in DAOGANG_KEYS_DIR; leaves existing ones alone."""
    for key in init_keys(_keys_dir()):
        typer.echo(f"{key.purpose}\t{key.id}\t{key.state}")


@app.command("rotate")
def rotate(purpose: str) -> None:
    """Make a new active key; the old one goes on verifying for its overlap."""
    key = rotate_key(_keys_dir(), purpose)
    typer.echo(f"{key.purpose}\t{key.id}\t{key.state}")


@app.command("retire")
def retire(purpose: str, key_id: str) -> None:
    """Take a replaced key out of use at once."""
    key = retire_key(_keys_dir(), purpose, key_id)
    typer.echo(f"{key.purpose}\t{key.id}\t{key.state}")


@app.command("list")
def show() -> None:
    """List keys with their states; never their secrets."""
    for key in list_keys(_keys_dir()):
        typer.echo(f"{key.purpose}\t{key.id}\t{key.state}")
