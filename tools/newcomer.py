"""Asks a database, from inside .venv, whether it can be reached and has anything in it yet, or makes it anew.

`.venv/bin/python -m tools.newcomer state|recreate`, with DATABASE_URL in the environment.
"""

import os
import sys
from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg.sql import SQL, Identifier

EMPTY, FILLED = "empty", "filled"


def state(url: str) -> str:
    """Return "empty" when neither project nor account is stored, before the first migration too, else "filled"."""
    with psycopg.connect(url, autocommit=True, connect_timeout=10) as connection:
        found = connection.execute("SELECT to_regclass('public.project') IS NOT NULL").fetchone()
        if found == (True,):
            filled = "SELECT EXISTS (SELECT FROM public.project) OR EXISTS (SELECT FROM public.account)"
            found = connection.execute(filled).fetchone()
    return FILLED if found == (True,) else EMPTY


def recreate(url: str) -> None:
    """Drop the database of the URL and make it anew, empty."""
    parts = urlsplit(url)
    name = Identifier(parts.path.removeprefix("/"))
    with psycopg.connect(urlunsplit(parts._replace(path="/postgres")), autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(name))
        connection.execute(SQL("CREATE DATABASE {}").format(name))


def main() -> int:
    """Print the state, or recreate; a database that cannot be reached gives status 1 and the driver's words."""
    try:
        if sys.argv[1:] == ["recreate"]:
            recreate(os.environ["DATABASE_URL"])
        else:
            print(state(os.environ["DATABASE_URL"]))
    except psycopg.Error as error:
        print(str(error).strip(), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
