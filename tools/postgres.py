"""The command line of the private clusters, and a hold that keeps one running while somebody uses it.

`python3 tools/postgres.py start|stop|url|status|clean NAME…`, where NAME is run, test or bench.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.clusters import CLUSTERS, Cluster
from tools.homes import forget
from tools.house import LOCAL
from tools.locks import alone, shared
from tools.say import Trouble, say, told

if TYPE_CHECKING:
    from collections.abc import Callable, Generator


@contextmanager
def held(name: str, *, local: Path = LOCAL, last: Callable[[str], None] | None = None) -> Generator[str]:
    """Yield the URL of a running cluster; who held it last stops it, unless somebody started it by hand.

    `last` is called with the URL before that stop, when nobody else uses the cluster.
    """
    cluster = Cluster(name, local=local)
    by_hand = _by_hand(name, local)
    with shared(local / f"pg-{name}.users") as users:
        started = cluster.start()
        if started:
            by_hand.unlink(missing_ok=True)
        try:
            yield cluster.url
        finally:
            if alone(users):
                if last is not None:
                    last(cluster.url)
                if not by_hand.exists():
                    cluster.stop()


def _by_hand(name: str, local: Path = LOCAL) -> Path:
    """Return the marker that says: somebody started this cluster from the command line and expects it to stay."""
    return local / f"pg-{name}.by-hand"


def _start(name: str) -> int:
    cluster = Cluster(name)
    started = cluster.start()
    _by_hand(name).touch()
    say(f"cluster '{name}' {'started' if started else 'was running already'}")
    return _print(cluster.url)


def _stop(name: str) -> int:
    _by_hand(name).unlink(missing_ok=True)
    if (LOCAL / "pg" / name).exists():
        say(f"cluster '{name}' {'stopped' if Cluster(name).stop() else 'was not running'}")
    return 0


def _url(name: str) -> int:
    cluster = Cluster(name)
    if not cluster.exists():
        what = f"there is no cluster '{name}' yet"
        raise Trouble(what, f"make it: python3 tools/postgres.py start {name}")
    return _print(cluster.url)


def _status(name: str) -> int:
    there = (LOCAL / "pg" / name).exists()
    running = there and Cluster(name).is_running()
    _print(f"{name}: {'running' if running else 'stopped' if there else 'not made yet'}")
    return 0 if running else 3


def _clean(name: str) -> int:
    _stop(name)
    if (LOCAL / "pg" / name).exists():
        shutil.rmtree(Cluster(name).home.data.parent)
        shutil.rmtree(LOCAL / "pg" / name, ignore_errors=True)
    if not list((LOCAL / "pg").glob("*/")):
        forget()
    return 0


def _print(text: str) -> int:
    sys.stdout.write(f"{text}\n")
    return 0


COMMANDS = {"start": _start, "stop": _stop, "url": _url, "status": _status, "clean": _clean}


def main() -> int:
    """Run one command on the named clusters; the exit status is the worst of theirs."""
    parser = argparse.ArgumentParser(prog="tools/postgres.py", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("names", nargs="+", choices=CLUSTERS, metavar=f"NAME ({', '.join(CLUSTERS)})")
    arguments = parser.parse_args()
    return max([COMMANDS[arguments.command](name) for name in arguments.names])


if __name__ == "__main__":
    sys.exit(told(main))
