"""A private ejabberd in a folder of its own, beside any that runs already: for ``deskbridge demo`` and the tests.

Erlang is started without distribution: no epmd, no cookie, no node name, and so nothing that a second instance could
meet. What is to be asked of the server goes through its HTTP API.
"""

import asyncio
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from component.ejabberd.install import ENVIRONMENT, Install, User, hand_over

START_SECONDS = 60.0
STOP_SECONDS = 20.0
POLL_SECONDS = 0.05
LOG_TAIL_LINES = 25
DATABASE = re.compile(r'^ *sql_database: "(.+)"$', re.MULTILINE)
END_WITH_PARENT = 'spawn(fun() -> io:get_line(""), init:stop() end).'
"""Erlang stops when its standard input ends, which it does however our process ends."""


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
        self._config = config
        self._ports = tuple(ports)
        self._guard = guard
        self._install = install or Install.of_system()
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        """Returns when all ports accept. Raises ``EjabberdServerError`` if that does not happen."""
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
            self._wait_for_ports()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """An orderly end: ejabberd closes its streams and its database. Nothing happens if it is not running."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """As if the machine lost its power."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        self.stop()
        self.start()

    async def restart_async(self) -> None:
        """``restart`` without holding up the event loop."""
        await asyncio.to_thread(self.restart)

    # --- starting ---------------------------------------------------------------------------------------------------

    def _prepare(self) -> User | None:
        for name in ("spool", "guard"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
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
            "-noshell", "+K", "true", "+Bd",
            "-pa", inside(self.folder / "guard"),
            "-mnesia", "dir", f'"{inside(self.folder / "spool")}"',
            "-ejabberd", "quiet", "true",
            "-s", "ejabberd",
            "-eval", END_WITH_PARENT,
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

    def _wait_for_ports(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        missing = list(self._ports)
        while missing:
            if not self.running:
                raise EjabberdServerError(f"ejabberd ended while starting.\n{self._log_tail()}")
            if time.monotonic() > deadline:
                raise EjabberdServerError(f"ejabberd does not listen on {missing}.\n{self._log_tail()}")
            missing = [port for port in missing if not accepts(port)]
            if missing:
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


def accepts(port: int) -> bool:
    """Whether something on loopback takes connections on ``port``."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_ports(count: int) -> list[int]:
    """Different ports on loopback that nobody listens on at this moment."""
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()
