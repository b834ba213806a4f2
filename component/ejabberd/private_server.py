"""A private ejabberd in a folder of its own, beside any that runs already: for ``deskbridge demo`` and the tests.

It is the ejabberd installed on this system, or in an unpacked Debian that is run by chroot. Erlang is started without
distribution: no epmd, no cookie, no node name, and so nothing that a second instance could meet. All requests to the
server go through its HTTP API.
"""

import asyncio
import os
import random
import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

_RANGE = range(10_000, 32_768)
"""Below the ports that Linux uses for outgoing connections, which could take one before its server listens."""

PACKAGE_USER = "ejabberd"
ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
HOW_TO_INSTALL = "install Debian's packages ejabberd and erlang-p1-sqlite3"

START_SECONDS = 180.0
STOP_SECONDS = 60.0
POLL_SECONDS = 0.05
LOG_TAIL_LINES = 25
DATABASE = re.compile(r'^ *sql_database: "(/.+)"$', re.MULTILINE)
"""SQLite's, which are files."""

LARGE_STACKS = ("+sss", "8192")
"""Kilowords. With Erlang's own size, one stanza of a few thousand nested elements crashes the XML parser, and so
ejabberd; any client can send one (R2)."""

END_WITH_PARENT = 'spawn(fun() -> io:get_line(""), init:stop() end).'
"""Erlang stops when its standard input is closed, which happens however our process ends."""

SAY_READY = """\
[ejabberd_sql:sql_query(H, [<<"select 1">>])
  || H <- ejabberd_option:hosts(), ejabberd_option:default_db(H) =:= sql],
ok = file:write_file("%s", [])."""
"""ejabberd opens a host's database at its first use, and requests meanwhile fail. So this is the first use."""


def accepts(port: int) -> bool:
    """Whether something on loopback takes connections on ``port``."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_ports(count: int) -> list[int]:
    """Random different ports on loopback that are free at this moment; the next call returns others."""
    free = (port for port in random.sample(_RANGE, len(_RANGE)) if _is_free(port))
    return [next(free) for _ in range(count)]


def _is_free(port: int) -> bool:
    with socket.socket() as one:
        try:
            one.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


class EjabberdMissing(Exception):
    """No usable ejabberd is installed; the text says what to install."""


@dataclass(frozen=True, slots=True)
class User:
    """By number: users of an unpacked root are not known outside of it."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class Install:
    """``root`` is ``/`` or an unpacked Debian; ``libraries`` the folder of Erlang libraries inside it."""

    root: Path
    libraries: str
    version: str

    @classmethod
    def of_system(cls) -> "Install":
        return cls.of_root(Path("/"))

    @classmethod
    def of_root(cls, root: Path) -> "Install":
        """Raises ``EjabberdMissing``. A root other than ``/`` needs the right to chroot."""
        found = sorted(root.glob("usr/lib/*/ejabberd-*/ebin/ejabberd.app"))
        if not found or not (root / "usr/bin/erlc").exists():
            raise EjabberdMissing(f"there is no ejabberd in {root}: {HOW_TO_INSTALL}")
        library = found[0].parent.parent
        version = library.name.removeprefix("ejabberd-")
        return cls(root, "/" + str(library.parent.relative_to(root)), version)

    @property
    def changed_root(self) -> bool:
        return self.root != Path("/")

    def inside(self, path: Path) -> str:
        """``path`` as a process of this installation sees it. Raises ``ValueError`` if it cannot see it."""
        return "/" + str(path.relative_to(self.root))

    def outside(self, path: str) -> Path:
        """The ``path`` of a process of this installation as we see it."""
        return self.root / path.lstrip("/")

    def command(self, program: str, arguments: Sequence[str], user: User | None) -> list[str]:
        """The command line that runs one of Erlang's programs as ``user``, or as ourselves."""
        program = f"/usr/bin/{program}"
        if self.changed_root:
            become = [f"--userspec={user.uid}:{user.gid}", "--groups="] if user else []
            return ["chroot", *become, str(self.root), program, *arguments]
        become = ["setpriv", f"--reuid={user.uid}", f"--regid={user.gid}", "--clear-groups"] if user else []
        return [*become, program, *arguments]

    def compile(self, source: Path, user: User | None) -> None:
        """Compile an Erlang module beside its source, for this version."""
        arguments = ["-o", self.inside(source.parent), self.inside(source)]
        subprocess.run(self.command("erlc", arguments, user), check=True, cwd="/", env=ENVIRONMENT)

    def create_database(self, path: Path) -> None:
        """An SQLite file with ejabberd's tables, unless it is there. Versions before 24.06 do not make them."""
        if path.exists():
            return
        schema = next(self.root.glob(f".{self.libraries}/ejabberd-*/priv/sql/lite.sql"))
        unfinished = path.with_suffix(".new")
        unfinished.unlink(missing_ok=True)
        with sqlite3.connect(unfinished) as database:
            database.executescript(schema.read_text())
        database.close()
        unfinished.rename(path)

    def user_for(self, folder: Path) -> User | None:
        """The user that runs ejabberd in ``folder``: Debian's user for it if we are root. ``None``, which is ourselves,
        if we are not root, or if that user has no access to the folder (below /root, say)."""
        below_root = [self.root / parent for parent in folder.relative_to(self.root).parents]
        if os.geteuid() != 0 or not all(parent.stat().st_mode & stat.S_IXOTH for parent in below_root):
            return None
        for line in (self.root / "etc/passwd").read_text().splitlines():
            name, _, uid, gid, *_ = line.split(":")
            if name == PACKAGE_USER:
                return User(int(uid), int(gid))
        return None


def hand_over(folder: Path, user: User | None) -> None:
    """Give ``folder`` and all in it to ``user``, or to ourselves."""
    owner = user or User(os.geteuid(), os.getegid())
    if os.geteuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, owner.uid, owner.gid, follow_symlinks=False)


class EjabberdServerError(Exception):
    """ejabberd could not be started; the text says why, with the end of its log."""


class EjabberdServer:
    """One ejabberd process.

    ``folder`` is created, and keeps the configuration, the database and the log; a second start finds them again.
    ``ports`` must accept before the server counts as started. ``guard`` is the source of the guard module.
    With ``install`` of another root, ``folder`` must lie inside that root.
    """

    def __init__(
        self, folder: Path, config: str, *, ports: Iterable[int], guard: Path, install: Install | None = None
    ) -> None:
        self.folder = folder.resolve()
        self.log = self.folder / "ejabberd.log"
        self._ready = self.folder / "ready"
        self._config = config
        self._ports = tuple(ports)
        self._guard = guard
        self._install = install or Install.of_system()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The id of the first process of its group."""
        if self._process is None:
            raise EjabberdServerError("ejabberd is not running")
        return self._process.pid

    def start(self) -> None:
        """Returns when ejabberd is ready. Raises ``EjabberdServerError`` if it does not become ready."""
        if self.running:
            return
        taken = [port for port in self._ports if accepts(port)]
        if taken:
            raise EjabberdServerError(f"port {taken[0]} is in use: stop what listens there")
        user = self._prepare()
        with (self.folder / "console.log").open("ab") as console:
            self._process = subprocess.Popen(
                self._install.command("erl", self._erl_arguments(), user),
                cwd="/",
                env=self._environment(),
                stdin=subprocess.PIPE,
                stdout=console,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """A clean stop: ejabberd closes its streams and its database. Nothing happens if it is not running."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As if the machine lost power."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    async def restart_async(self) -> None:
        """``restart`` without blocking the event loop."""
        await asyncio.to_thread(self.restart)

    # --- starting ---------------------------------------------------------------------------------------------------

    def _prepare(self) -> User | None:
        for name in ("spool", "guard"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        self._ready.unlink(missing_ok=True)
        config = self.folder / "ejabberd.yml"
        config.write_text(self._config)
        config.chmod(0o600)
        source = Path(shutil.copy(self._guard, self.folder / "guard"))
        for name in DATABASE.findall(self._config):
            self._install.create_database(self._install.outside(name))
        user = self._install.user_for(self.folder)
        hand_over(self.folder, user)
        self._install.compile(source, user)
        return user

    def _erl_arguments(self) -> list[str]:
        inside = self._install.inside
        return [
            "-noshell", "+K", "true", "+Bd", *LARGE_STACKS,
            "-pa", inside(self.folder / "guard"),
            "-mnesia", "dir", f'"{inside(self.folder / "spool")}"',
            "-ejabberd", "quiet", "true",
            "-eval", END_WITH_PARENT,
            "-s", "ejabberd",
            "-eval", SAY_READY % inside(self._ready),
        ]  # fmt: skip

    def _environment(self) -> dict[str, str]:
        inside = self._install.inside
        return {
            **ENVIRONMENT,
            "HOME": inside(self.folder / "spool"),
            "ERL_LIBS": self._install.libraries,
            "EJABBERD_CONFIG_PATH": inside(self.folder / "ejabberd.yml"),
            "EJABBERD_LOG_PATH": inside(self.log),
            "ERL_CRASH_DUMP_BYTES": "0",
        }

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while not (self._ready.exists() and all(map(accepts, self._ports))):
            if not self.running:
                raise EjabberdServerError(f"ejabberd ended while starting.\n{self._log_tail()}")
            if time.monotonic() > deadline:
                raise EjabberdServerError(f"ejabberd does not become ready.\n{self._log_tail()}")
            time.sleep(POLL_SECONDS)

    def _log_tail(self) -> str:
        lines: list[str] = []
        for path in (self.folder / "console.log", self.log):
            if path.exists():
                lines += [f"--- {path}", *path.read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:]]
        return "\n".join(lines)

    # --- ending -----------------------------------------------------------------------------------------------------

    def _end(self, how: signal.Signals) -> None:
        """The process is the leader of a session of its own, so its group ends with it."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None:
            os.killpg(process.pid, how)
        if process.stdin is not None:
            process.stdin.close()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
