"""`daogang openapi` and `offline-vectors`: what stands in docs/ and is made from the code."""

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer()

SNAPSHOT = Path("docs/openapi.json")
VECTORS = Path("docs/offline-vectors.json")


@app.command()
def openapi(
    *, check: Annotated[bool, typer.Option(help="Fail when docs/openapi.json is not what the code says")] = False
) -> None:
    """Write the OpenAPI document to docs/openapi.json, or check it."""
    from backend.snapshot import openapi_document

    document = openapi_document()
    if not check:
        SNAPSHOT.write_bytes(document)
        return
    if not SNAPSHOT.exists() or SNAPSHOT.read_bytes() != document:
        typer.echo(
            "docs/openapi.json is out of date: run `daogang openapi` and commit it",
            err=True,
        )
        raise typer.Exit(1)


@app.command("offline-vectors")
def offline_vectors() -> None:
    """Write the test vectors of the offline protocol to docs/offline-vectors.json."""
    from mobile_api.offline.vectors import make_vectors

    VECTORS.write_bytes(make_vectors())
