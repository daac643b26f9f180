"""One private PostgreSQL cluster: make it, start it, stop it, whatever state the last run left it in."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path
from urllib.parse import quote

from tools.homes import Home, Runner, home_of, unprivileged_runner
from tools.house import LOCAL
from tools.locks import locked
from tools.say import Trouble, say, step
from tools.servers import Server, find_server, installed_server

SUPERUSER = DATABASE = "daogang"
NEEDED_BYTES = 500_000_000
COMES_UP_WITHIN_S = 60
COMES_DOWN_WITHIN_S = 10
DURABLE = {
    "listen_addresses": "''",
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_line_prefix": "'%m [%p] %d '",
    "shared_buffers": "'256MB'",
    "max_wal_size": "'2GB'",
}
# Losing a test database in a power cut costs nothing, so tests do not wait for the disk.
THROWAWAY = DURABLE | {
    "max_connections": "300",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "checkpoint_timeout": "'30min'",
}
CLUSTERS = {"run": DURABLE, "test": THROWAWAY, "bench": DURABLE}


class Cluster:
    """A named cluster of this checkout, reached through a Unix socket only and run by an unprivileged user."""

    def __init__(self, name: str, *, local: Path = LOCAL) -> None:
        """Take the name (a key of CLUSTERS) and the directory for local state."""
        self.name = name
        self._local = local
        self._lock = local / f"pg-{name}.lock"
        self._runner: Runner | None = None
        self._home: Home | None = None

    @property
    def runner(self) -> Runner:
        """The machine's user that the server runs as."""
        self._runner = self._runner or unprivileged_runner()
        return self._runner

    @property
    def home(self) -> Home:
        """Where it lives; the directories are made on first use."""
        self._home = self._home or home_of(self.name, self.runner, local=self._local)
        return self._home

    @property
    def log(self) -> Path:
        """The server's log file."""
        return self.home.data.parent / "server.log"

    @property
    def url(self) -> str:
        """A libpq URL of its database as its superuser; it needs no password."""
        return f"postgresql://{SUPERUSER}@/{DATABASE}?host={quote(str(self.home.socket_dir), safe='/')}"

    def exists(self) -> bool:
        """Tell whether its data directory was made completely."""
        return (self.home.data / "daogang.conf").exists()

    def is_running(self) -> bool:
        """Tell whether it accepts connections on its own socket."""
        server = installed_server()
        return server is not None and self.exists() and self._answers(server)

    def start(self) -> bool:
        """Start it, making it first when it is new; return False when it ran already."""
        with locked(self._lock):
            newest = find_server()  # first, since installing it may bring the user that it runs as
            if self.exists() and self.name == "test" and self._major() != newest.major:
                self._stop(newest)  # throw-away data follow the installed server
                shutil.rmtree(self.home.data)
            server = self._server() if self.exists() else newest
            if self.exists() and (self._answers(server) or self._comes_up(server)):
                return False
            if not self.exists():
                self._make(server)
            self._discard_stale_pid()
            self._write("daogang.conf", _configuration(CLUSTERS[self.name]))
            self._pg_ctl(server, "start", "-w", "-t", "60", "-l", str(self.log), "-o", f"-k '{self.home.socket_dir}'")
            return True

    def stop(self) -> bool:
        """Stop it, ending its sessions; return False when it did not run."""
        server = installed_server()  # any version's pg_ctl stops any version's server
        with locked(self._lock):
            return server is not None and self.exists() and self._stop(server)

    def _server(self) -> Server:
        return find_server(major=self._major())

    def _major(self) -> int:
        return int((self.home.data / "PG_VERSION").read_text())

    def _answers(self, server: Server) -> bool:
        who = ("-U", SUPERUSER, "-d", DATABASE)
        asked = self.runner.run(server.program("pg_isready"), "-q", "-t", "10", "-h", str(self.home.socket_dir), *who)
        return asked.returncode == 0

    def _comes_up(self, server: Server) -> bool:
        """Wait for a server of ours that runs but does not answer yet, as after a crash; False when none runs."""
        until = time.monotonic() + COMES_UP_WITHIN_S
        while self._pid() is not None and self._is_ours() and time.monotonic() < until:
            if self._answers(server):
                return True
            time.sleep(0.1)
        return False

    def _make(self, server: Server) -> None:
        """Lay out a new data directory and its database; an interrupted earlier try is swept away."""
        shutil.rmtree(self.home.data, ignore_errors=True)
        free = shutil.disk_usage(self.home.data.parent).free
        if free < NEEDED_BYTES:
            what = f"only {free // 1_000_000} MB of disk are free for the database ({self.home.data.parent})"
            raise Trouble(what, f"free at least {NEEDED_BYTES // 1_000_000} MB there and run it again.")
        with step(f"making the private PostgreSQL {server.major} cluster '{self.name}' in {self.home.data}"):
            self._checked(
                server.program("initdb"),
                f"--pgdata={self.home.data}",
                f"--username={SUPERUSER}",
                "--auth=trust",
                "--encoding=UTF8",
                f"--locale={self._locale()}",
                "--lc-collate=C",
                "--lc-messages=C",
            )
            # Trust holds for the socket alone, whose directory only its owner can enter.
            self._write("pg_hba.conf", "local all all trust\n")
            with (self.home.data / "postgresql.conf").open("a") as file:
                file.write("\ninclude_if_exists 'daogang.conf'\n")
            single_user = (server.program("postgres"), "--single", "-D", str(self.home.data), "postgres")
            self._checked(*single_user, stdin=f'CREATE DATABASE "{DATABASE}"\n')
            # Its presence says that the steps before it were finished.
            self._write("daogang.conf", _configuration(CLUSTERS[self.name]))

    def _locale(self) -> str:
        """Return a UTF-8 character type of this machine, so that Chinese letters are letters to the database."""
        known = self.runner.run("locale", "-a").stdout.splitlines() if shutil.which("locale") else []
        return next((name for name in ("C.UTF-8", "C.utf8", "en_US.UTF-8", "en_US.utf8") if name in known), "C")

    def _write(self, name: str, content: str) -> None:
        """Write a file of the data directory, owned like the rest of it."""
        path = self.home.data / name
        path.write_text(content)
        if self.runner.uid is not None and self.runner.gid is not None:
            os.chown(path, self.runner.uid, self.runner.gid)

    def _pid(self) -> int | None:
        """Return the process number that the last server wrote down."""
        try:
            return int((self.home.data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None

    def _discard_stale_pid(self) -> None:
        """Remove the pid files of a crash whose number now belongs to a stranger, which PostgreSQL would fear.

        Only where /proc shows that no process at all works in the data directory; otherwise PostgreSQL decides.
        """
        pid = self._pid()
        if pid is None or not Path("/proc/self").exists():
            return
        until = time.monotonic() + COMES_DOWN_WITHIN_S
        while self._is_worked_in():  # the orphans of a killed server end by themselves
            if time.monotonic() > until:
                return
            time.sleep(0.05)
        say(f"the cluster '{self.name}' was not shut down properly last time; it recovers now")
        (self.home.data / "postmaster.pid").unlink()
        (self.home.socket_dir / ".s.PGSQL.5432.lock").unlink(missing_ok=True)

    def _is_worked_in(self) -> bool:
        """Tell whether any process has its working directory in the data, as all of a server's have."""
        for process in Path("/proc").glob("[0-9]*/cwd"):
            try:
                if process.readlink() == self.home.data:
                    return True
            except OSError:
                continue  # it ended, or is another user's: none of ours
        return False

    def _stop(self, server: Server) -> bool:
        status = self.runner.run(server.program("pg_ctl"), "-D", str(self.home.data), "status")
        if status.returncode != 0 or not self._is_ours():
            return False
        self._pg_ctl(server, "stop", "-w", "-t", "60", "-m", "fast")
        return True

    def _is_ours(self) -> bool:
        """Tell whether the noted process works in our data directory (taken for granted where /proc is missing)."""
        try:
            return Path(f"/proc/{self._pid()}/cwd").readlink() == self.home.data
        except OSError:
            return not Path("/proc/self").exists()

    def _pg_ctl(self, server: Server, *arguments: str) -> None:
        self._checked(server.program("pg_ctl"), "-D", str(self.home.data), "-s", *arguments)

    def _checked(self, *command: str, stdin: str | None = None) -> None:
        answer = self.runner.run(*command, stdin=stdin)
        if answer.returncode == 0:
            return
        last_words = self.log.read_text(errors="replace").splitlines()[-8:] if self.log.exists() else []
        said = "\n".join(f"    {line}" for line in (answer.stderr.strip(), *last_words) if line)
        what = f"{Path(command[0]).name} failed for the cluster '{self.name}':\n{said}"
        remedy = (
            f"read the words above and {self.log}; if the disk is full, free some; "
            f"if the data are damaged and may go, remove {self.home.data} and run it again."
        )
        raise Trouble(what, remedy)


def _configuration(settings: dict[str, str]) -> str:
    lines = "".join(f"{name} = {value}\n" for name, value in settings.items())
    return f"# Written anew by tools/clusters.py at each start.\n{lines}"
