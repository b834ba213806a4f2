"""A real PostgreSQL for tests: Debian's, in a folder of its own, on loopback; and a new database for each test."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from component.ejabberd.ejabberd_yml import LOOPBACK
from component.ejabberd.private_server import Install, free_ports
from component.ejabberd.site import EjabberdDatabase
from component.store.api import Store

SERVERS = Path("/usr/lib/postgresql")
LOWEST = 15
USER = "deskbridge"
PASSWORD = "storage secret"
SECONDS = 60.0

NOT_ROOT = "postgres"
"""Debian's user of that name: PostgreSQL refuses to run as root."""

EJABBERD_TABLES = "usr/share/ejabberd/sql/pg.new.sql"

SETTINGS = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "shared_buffers": "32MB",
    "max_connections": "60",
    # Tests kill PostgreSQL, not the machine: what it wrote is in the kernel's hands.
    "fsync": "off",
    "full_page_writes": "off",
}


def programs() -> Path:
    """Where the newest of Debian's PostgreSQL lies."""
    found = [folder for folder in SERVERS.glob("*") if folder.name.isdigit() and int(folder.name) >= LOWEST]
    assert found, f"install Debian's package postgresql, of version {LOWEST} at least"
    return max(found, key=lambda folder: int(folder.name)) / "bin"


class PostgreSQLServer:
    """One server with its data in ``folder``, which its own user can write to. It is stopped as it was started: by its
    process's number."""

    @classmethod
    def new(cls) -> Self:
        """With data of its own, not running yet. `remove` it at the end."""
        folder = Path(tempfile.mkdtemp(prefix="deskbridge-postgresql-"))
        if not os.getuid():
            user = pwd.getpwnam(NOT_ROOT)
            os.chown(folder, user.pw_uid, user.pw_gid)
        server = cls(folder)
        server.create()
        return server

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.password_file = folder / "pgpass"
        (self.port,) = free_ports(1)
        self._programs = programs()
        self._data = folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._with_tables: str | None = None
        self._names = (f"test_{number}" for number in count(1))

    def create(self) -> None:
        """Make the data. The database's user needs a password, as anywhere."""
        password = self.folder / "password"
        password.write_text(PASSWORD)
        self.password_file.write_text(f"*:*:*:{USER}:{PASSWORD}\n")
        self.password_file.chmod(0o600)
        options = ["--auth=scram-sha-256", f"--username={USER}", f"--pwfile={password}", "--no-sync"]
        self._run("initdb", *options, "--encoding=UTF8", "--locale=C.UTF-8", "-D", str(self._data))

    def start(self, **others: str) -> None:
        """``others`` are settings that differ from ours."""
        options = [f"--{name}={value}" for name, value in {**SETTINGS, **others, "port": self.port}.items()]
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*_as_its_user(), self._programs / "postgres", "-D", self._data, *options],
                cwd="/", stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        end = time.monotonic() + SECONDS
        while not _accepts(self.url("postgres")):
            assert self._process.poll() is None and time.monotonic() < end, (self.folder / "log").read_text()
            time.sleep(0.02)

    @property
    def pid(self) -> int:
        """Of the process that starts all the others."""
        assert self._process is not None
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None

    def stop(self) -> None:
        """In order; clients are thrown out."""
        self._end(signal.SIGINT)

    def kill(self) -> None:
        """At once, as in a crash: the next start recovers."""
        self._end(signal.SIGQUIT)

    def new_database(self) -> str:
        """Its URL. There is nothing in it."""
        return self._create("template1")

    def database_with_tables(self) -> str:
        """Its URL. There is what the store makes of a new one: made once, and copied."""
        if self._with_tables is None:
            url = self.new_database()
            # In a thread, as tests may have a loop that is running.
            with ThreadPoolExecutor(1) as thread:
                thread.submit(asyncio.run, _made(url)).result()
            self._with_tables = urlsplit(url).path.removeprefix("/")
        return self._create(self._with_tables)

    def database_for_ejabberd(self, install: Install) -> EjabberdDatabase:
        """Made as the generated configuration says. From 24.06 on ejabberd makes its tables itself."""
        url = self.new_database()
        if install.version < "24.06":
            execute(url, (install.root / EJABBERD_TABLES).read_text())
        return EjabberdDatabase(LOOPBACK, self.port, urlsplit(url).path.removeprefix("/"), USER, PASSWORD)

    def _create(self, template: str) -> str:
        name = next(self._names)
        execute(self.url("postgres"), f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def url(self, database: str, port: int | None = None) -> str:
        """``port`` is another one that leads here."""
        return f"postgresql://{USER}@{LOOPBACK}:{port or self.port}/{database}?passfile={self.password_file}"

    def _run(self, program: str, *arguments: str) -> None:
        command = [*_as_its_user(), self._programs / program, *arguments]
        done = subprocess.run(command, cwd="/", capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def _end(self, number: int) -> None:
        if self._process is not None:
            self._process.send_signal(number)
            self._process.wait(SECONDS)
            self._process = None


@contextmanager
def psql(url: str) -> Iterator["subprocess.Popen[str]"]:
    """What is written to it is done, and the answers can be read: a line a row."""
    program = [programs() / "psql", "--no-psqlrc", "--quiet", "-At", url]
    with subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process


def execute(url: str, *statements: str) -> str:
    """Run these as an operator would; what they print: a line a row, columns with ``|`` between them."""
    done = _psql(url, *statements)
    assert done.returncode == 0, done.stderr
    return done.stdout


async def _made(url: str) -> None:
    """The store's tables are there then."""
    await (await Store.open(url)).close()


def _accepts(url: str) -> bool:
    return _psql(url, "SELECT 1").returncode == 0


def _psql(url: str, *statements: str) -> subprocess.CompletedProcess[str]:
    commands = [option for statement in statements for option in ("--command", statement)]
    program = [programs() / "psql", "--no-psqlrc", "--quiet", "-At", "-v", "ON_ERROR_STOP=1", url, *commands]
    return subprocess.run(program, capture_output=True, text=True, check=False)


def _as_its_user() -> list[str]:
    """Before a program and its arguments. What it starts stays the process itself, and so has its number."""
    if os.getuid():
        return []
    return ["setpriv", f"--reuid={NOT_ROOT}", f"--regid={NOT_ROOT}", "--init-groups", "--"]
